// SPDX-License-Identifier: Apache-2.0
// Vec16: sixteen f32 lanes on every target (one AVX-512 vector, two AVX2 vectors, four NEON
// vectors), so that a kernel is written once and rule 4 of the numerics contract ("16 partial sums,
// then the tree 8, 4, 2, 1") is what a loop over Vec16 does by itself. Per-target code: include it
// after foreach_target.h and highway.h, inside HWY_BEFORE_NAMESPACE of the including file.
//
// Every operation rounds each lane once, as the scalar operation does. Min and Max are
// `a < b ? a : b` and `a > b ? a : b` on every target (NaN: the second operand). The payload and
// sign of a NaN result are not part of the contract; that it is NaN is.
// Test: vec16_test.cc compares each operation with plain C++ on every target.
#if defined(CAMBIUM_NUMERICS_VEC16_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CAMBIUM_NUMERICS_VEC16_INL_H_
#undef CAMBIUM_NUMERICS_VEC16_INL_H_
#else
#define CAMBIUM_NUMERICS_VEC16_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "numerics/bfloat16.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kLanes = 16;                      // of the contract
constexpr size_t kNativeLanes = HWY_LANES(float);  // of the machine: 16, 8 or 4
static_assert(kLanes % kNativeLanes == 0);

// K native vectors of T, halves in order: lo holds the lower lanes. A tree instead of an array, so
// that the compiler keeps every part in a register.
template <typename T, size_t K>
struct Pack {
  Pack<T, K / 2> lo, hi;
};
template <typename T>
using Native = hn::CappedTag<T, kNativeLanes>;
template <typename T>
struct Pack<T, 1> {
  hn::Vec<Native<T>> v;
};

using Vec16 = Pack<float, kLanes / kNativeLanes>;
using Vec16i = Pack<int32_t, kLanes / kNativeLanes>;

// Applies f to the native vectors of packs of equal shape; U is the lane type of the result.
template <typename U, size_t K, class F, typename... T>
HWY_INLINE Pack<U, K> Map(const F& f, Pack<T, K>... a) {
  if constexpr (K == 1) {
    return {f(a.v...)};
  } else {
    return {Map<U, K / 2>(f, a.lo...), Map<U, K / 2>(f, a.hi...)};
  }
}

constexpr size_t kParts = kLanes / kNativeLanes;
using NativeF = hn::Vec<Native<float>>;
using NativeI = hn::Vec<Native<int32_t>>;

// ---- Set, load, store ----------------------------------------------------------------------

template <size_t K = kParts>
HWY_INLINE Pack<float, K> Set(float x) {
  if constexpr (K == 1) {
    return {hn::Set(Native<float>(), x)};
  } else {
    return {Set<K / 2>(x), Set<K / 2>(x)};
  }
}
HWY_INLINE Vec16 Zero() { return Set(0.0f); }

template <size_t K = kParts>
HWY_INLINE Pack<int32_t, K> SetInt(int32_t x) {
  if constexpr (K == 1) {
    return {hn::Set(Native<int32_t>(), x)};
  } else {
    return {SetInt<K / 2>(x), SetInt<K / 2>(x)};
  }
}

// No alignment is needed anywhere; aligned rows are faster.
template <size_t K = kParts>
HWY_INLINE Pack<float, K> Load(const float* p) {
  if constexpr (K == 1) {
    return {hn::LoadU(Native<float>(), p)};
  } else {
    return {Load<K / 2>(p), Load<K / 2>(p + K / 2 * kNativeLanes)};
  }
}

// Widening is exact.
template <size_t K = kParts>
HWY_INLINE Pack<float, K> Load(const BFloat16* p) {
  if constexpr (K == 1) {
    const hn::Rebind<uint16_t, Native<float>> d16;
    const auto bits = hn::LoadU(d16, reinterpret_cast<const uint16_t*>(p));
    const auto wide = hn::ShiftLeft<16>(hn::PromoteTo(Native<uint32_t>(), bits));
    return {hn::BitCast(Native<float>(), wide)};
  } else {
    return {Load<K / 2>(p), Load<K / 2>(p + K / 2 * kNativeLanes)};
  }
}

template <size_t K>
HWY_INLINE void Store(Pack<float, K> a, float* p) {
  if constexpr (K == 1) {
    hn::StoreU(a.v, Native<float>(), p);
  } else {
    Store(a.lo, p);
    Store(a.hi, p + K / 2 * kNativeLanes);
  }
}

// Rounds to nearest even on the bits: equal to ToBFloat16 for every input, denormals and NaN
// included (VCVTNEPS2BF16 is not used, because it flushes denormals).
template <size_t K>
HWY_INLINE void Store(Pack<float, K> a, BFloat16* p) {
  if constexpr (K == 1) {
    const Native<uint32_t> d32;
    const hn::Rebind<uint16_t, Native<float>> d16;
    const auto bits = hn::BitCast(d32, a.v);
    const auto upper = hn::ShiftRight<16>(bits);
    const auto odd = hn::And(upper, hn::Set(d32, 1));
    const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(d32, 0x7fffu))));
    const auto quiet_nan = hn::Or(upper, hn::Set(d32, 0x40u));
    const auto is_nan = hn::RebindMask(d32, hn::IsNaN(a.v));
    const auto result = hn::IfThenElse(is_nan, quiet_nan, rounded);
    hn::StoreU(hn::TruncateTo(d16, result), d16, reinterpret_cast<uint16_t*>(p));
  } else {
    Store(a.lo, p);
    Store(a.hi, p + K / 2 * kNativeLanes);
  }
}

// The first n < 16 lanes from p, the others `rest`. Touches no memory beyond p + n.
// Not inlined: a tail costs a call, and kernels stay small.
template <typename T>
HWY_NOINLINE Vec16 LoadPartial(const T* p, size_t n, float rest) {
  HWY_ALIGN float lanes[kLanes];
  for (size_t i = 0; i < kLanes; ++i) lanes[i] = rest;
  for (size_t i = 0; i < n; ++i) lanes[i] = ToFloat(p[i]);
  return Load(lanes);
}

template <typename T>
HWY_NOINLINE void StorePartial(Vec16 a, T* p, size_t n) {
  HWY_ALIGN T lanes[kLanes];
  Store(a, lanes);
  if (n > 0) std::memcpy(p, lanes, n * sizeof(T));
}

// ---- Arithmetic ------------------------------------------------------------------------------

template <size_t K>
HWY_INLINE Pack<float, K> Add(Pack<float, K> a, Pack<float, K> b) {
  return Map<float, K>([](NativeF x, NativeF y) HWY_ATTR { return hn::Add(x, y); }, a, b);
}
template <size_t K>
HWY_INLINE Pack<float, K> Sub(Pack<float, K> a, Pack<float, K> b) {
  return Map<float, K>([](NativeF x, NativeF y) HWY_ATTR { return hn::Sub(x, y); }, a, b);
}
HWY_INLINE Vec16 Mul(Vec16 a, Vec16 b) {
  return Map<float, kParts>([](NativeF x, NativeF y) HWY_ATTR { return hn::Mul(x, y); }, a, b);
}
HWY_INLINE Vec16 Div(Vec16 a, Vec16 b) {
  return Map<float, kParts>([](NativeF x, NativeF y) HWY_ATTR { return hn::Div(x, y); }, a, b);
}
HWY_INLINE Vec16 Sqrt(Vec16 a) {
  return Map<float, kParts>([](NativeF x) HWY_ATTR { return hn::Sqrt(x); }, a);
}
// a * b + c, rounded once.
HWY_INLINE Vec16 Fma(Vec16 a, Vec16 b, Vec16 c) {
  return Map<float, kParts>(
      [](NativeF x, NativeF y, NativeF z) HWY_ATTR { return hn::MulAdd(x, y, z); }, a, b, c);
}
// -(a * b) + c, rounded once.
HWY_INLINE Vec16 NegFma(Vec16 a, Vec16 b, Vec16 c) {
  return Map<float, kParts>(
      [](NativeF x, NativeF y, NativeF z) HWY_ATTR { return hn::NegMulAdd(x, y, z); }, a, b, c);
}
HWY_INLINE Vec16 Neg(Vec16 a) {
  return Map<float, kParts>([](NativeF x) HWY_ATTR { return hn::Neg(x); }, a);
}
HWY_INLINE Vec16 Abs(Vec16 a) {
  return Map<float, kParts>([](NativeF x) HWY_ATTR { return hn::Abs(x); }, a);
}
// To the nearest integer, ties to even.
HWY_INLINE Vec16 Round(Vec16 a) {
  return Map<float, kParts>([](NativeF x) HWY_ATTR { return hn::Round(x); }, a);
}
HWY_INLINE Vec16 Floor(Vec16 a) {
  return Map<float, kParts>([](NativeF x) HWY_ATTR { return hn::Floor(x); }, a);
}

// ---- Comparison ------------------------------------------------------------------------------

#if HWY_ARCH_X86  // MINPS and MAXPS are exactly this choice.
HWY_INLINE NativeF NativeMin(NativeF x, NativeF y) { return hn::Min(x, y); }
HWY_INLINE NativeF NativeMax(NativeF x, NativeF y) { return hn::Max(x, y); }
#else
HWY_INLINE NativeF NativeMin(NativeF x, NativeF y) { return hn::IfThenElse(hn::Lt(x, y), x, y); }
HWY_INLINE NativeF NativeMax(NativeF x, NativeF y) { return hn::IfThenElse(hn::Lt(y, x), x, y); }
#endif

// Lane by lane: a < b ? yes : no. A NaN in a or b gives `no`.
HWY_INLINE Vec16 SelectLess(Vec16 a, Vec16 b, Vec16 yes, Vec16 no) {
  return Map<float, kParts>([](NativeF x, NativeF y, NativeF s, NativeF t)
                                HWY_ATTR { return hn::IfThenElse(hn::Lt(x, y), s, t); },
                            a, b, yes, no);
}
// a == b ? yes : no.
HWY_INLINE Vec16 SelectEqual(Vec16 a, Vec16 b, Vec16 yes, Vec16 no) {
  return Map<float, kParts>([](NativeF x, NativeF y, NativeF s, NativeF t)
                                HWY_ATTR { return hn::IfThenElse(hn::Eq(x, y), s, t); },
                            a, b, yes, no);
}

template <size_t K>
HWY_INLINE Pack<float, K> Min(Pack<float, K> a, Pack<float, K> b) {
  return Map<float, K>([](NativeF x, NativeF y) HWY_ATTR { return NativeMin(x, y); }, a, b);
}
template <size_t K>
HWY_INLINE Pack<float, K> Max(Pack<float, K> a, Pack<float, K> b) {
  return Map<float, K>([](NativeF x, NativeF y) HWY_ATTR { return NativeMax(x, y); }, a, b);
}

// The magnitude of a with the sign of b.
HWY_INLINE Vec16 CopySign(Vec16 a, Vec16 b) {
  return Map<float, kParts>([](NativeF x, NativeF y) HWY_ATTR { return hn::CopySign(x, y); }, a, b);
}

// ---- Integer lanes ---------------------------------------------------------------------------

HWY_INLINE Vec16i BitsOf(Vec16 a) {
  return Map<int32_t, kParts>([](NativeF x) HWY_ATTR { return hn::BitCast(Native<int32_t>(), x); },
                              a);
}
HWY_INLINE Vec16 FromBits(Vec16i a) {
  return Map<float, kParts>([](NativeI x) HWY_ATTR { return hn::BitCast(Native<float>(), x); }, a);
}
HWY_INLINE Vec16i AddInt(Vec16i a, Vec16i b) {
  return Map<int32_t, kParts>([](NativeI x, NativeI y) HWY_ATTR { return hn::Add(x, y); }, a, b);
}
HWY_INLINE Vec16i SubInt(Vec16i a, Vec16i b) {
  return Map<int32_t, kParts>([](NativeI x, NativeI y) HWY_ATTR { return hn::Sub(x, y); }, a, b);
}
HWY_INLINE Vec16i AndInt(Vec16i a, Vec16i b) {
  return Map<int32_t, kParts>([](NativeI x, NativeI y) HWY_ATTR { return hn::And(x, y); }, a, b);
}
template <int kBits>
HWY_INLINE Vec16i ShiftLeftInt(Vec16i a) {
  return Map<int32_t, kParts>([](NativeI x) HWY_ATTR { return hn::ShiftLeft<kBits>(x); }, a);
}
// Arithmetic: the sign bit is copied in.
template <int kBits>
HWY_INLINE Vec16i ShiftRightInt(Vec16i a) {
  return Map<int32_t, kParts>([](NativeI x) HWY_ATTR { return hn::ShiftRight<kBits>(x); }, a);
}
HWY_INLINE Vec16 ToFloatLanes(Vec16i a) {
  return Map<float, kParts>([](NativeI x) HWY_ATTR { return hn::ConvertTo(Native<float>(), x); },
                            a);
}
// ---- Reductions ------------------------------------------------------------------------------

// Lane i op lane i + 8, then + 4, then + 2, then + 1: the fixed tree of rule 4.
template <size_t K, class F>
HWY_INLINE float ReduceTree(Pack<float, K> a, const F& f) {
  if constexpr (K > 1) {
    return ReduceTree(Map<float, K / 2>(f, a.lo, a.hi), f);
  } else {
    // f works on whole native vectors; lanes above the live half are ignored.
    NativeF v = a.v;
#if HWY_MAX_BYTES >= 32
    v = f(v, hn::ConcatUpperUpper(Native<float>(), v, v));
#endif
#if HWY_MAX_BYTES >= 64
    v = f(v, hn::SwapAdjacentBlocks(v));
#endif
    v = f(v, hn::Shuffle1032(v));
    v = f(v, hn::Shuffle2301(v));
    return hn::GetLane(v);
  }
}
HWY_INLINE float ReduceAdd(Vec16 a) {
  return ReduceTree(a, [](NativeF x, NativeF y) HWY_ATTR { return hn::Add(x, y); });
}
// The largest lane; lanes are finite or infinite (a NaN may or may not be returned).
HWY_INLINE float ReduceMax(Vec16 a) {
  return ReduceTree(a, [](NativeF x, NativeF y) HWY_ATTR { return hn::Max(x, y); });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#endif  // CAMBIUM_NUMERICS_VEC16_INL_H_
