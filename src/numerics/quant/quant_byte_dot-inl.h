// SPDX-License-Identifier: Apache-2.0
// Products of bytes, the one thing in which the instruction sets differ most: ByteDot adds four
// products of a code and an activation to each 32-bit lane. All forms are exact, so all agree.
//
//   kFast    VPDPBUSD on x86 (unsigned by signed), SDOT on Arm (signed by signed)
//   else     x86: VPMADDUBSW, which adds two products in 16 bits: exact as long as the unsigned
//            side is at most 127 (2 * 127 * 127 < 2^15), or 128 for the magnitude of a signed code.
//            Arm: products in 16 bits, added in pairs.
// Codes reach 255 only in formats with offset 128; there, all but VPDPBUSD take signed codes.

// NOLINTNEXTLINE(llvm-header-guard): per-target include guard
#if defined(CAMBIUM_NUMERICS_QUANT_QUANT_BYTE_DOT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CAMBIUM_NUMERICS_QUANT_QUANT_BYTE_DOT_INL_H_
#undef CAMBIUM_NUMERICS_QUANT_QUANT_BYTE_DOT_INL_H_
#else
#define CAMBIUM_NUMERICS_QUANT_QUANT_BYTE_DOT_INL_H_
#endif

#include <hwy/highway.h>

#include <cstring>

#include "numerics/quant/quant_layout.h"
#include "numerics/tile_out-inl.h"

#ifndef CAMBIUM_TILE_LAMBDA
#define CAMBIUM_TILE_LAMBDA HWY_ATTR __attribute__((always_inline))
#endif

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using TileI = hn::RebindToSigned<TileF>;
using ByteTag = hn::Repartition<uint8_t, TileF>;
using ShortTag = hn::Repartition<int16_t, TileF>;
using VecI32 = hn::Vec<TileI>;
using VecU8 = hn::Vec<ByteTag>;
using VecI16 = hn::Vec<ShortTag>;

inline constexpr bool kOnArm = HWY_ARCH_ARM != 0;

// Whether the kernel multiplies signed codes instead of codes plus kOffset.
template <class L, bool kFast>
inline constexpr bool kSignedCodes = L::kOffset == 128 && (kOnArm || !kFast);

struct CodeValues {
  uint8_t bytes[16];
};
constexpr CodeValues CodeValuesOf(CodeTable table, int offset) {
  CodeValues values = {};
  for (size_t i = 0; i < 16; ++i) {
    const int value = table == CodeTable::kIq4 ? kIq4Values[i] : kFp4Values[i];
    values.bytes[i] = static_cast<uint8_t>(value + offset);
  }
  return values;
}

HWY_INLINE VecU8 BroadcastQuad(const int8_t* x) {
  uint32_t word;
  std::memcpy(&word, x, sizeof(word));
  return hn::BitCast(ByteTag(), hn::Set(TileU(), word));
}

#if HWY_ARCH_X86

// Two products of bytes in each 16-bit lane, then pairs of them in 32 bits.
template <bool kSigned>
HWY_INLINE VecI32 PortableByteDot(VecI32 acc, VecU8 w, VecU8 x) {
#if HWY_TARGET == HWY_AVX3
  __m512i a = w.raw, b = x.raw;
  if constexpr (kSigned) {
    b = _mm512_mask_sub_epi8(b, _mm512_movepi8_mask(a), _mm512_setzero_si512(), b);
    a = _mm512_abs_epi8(a);
  }
  const __m512i pairs = _mm512_maddubs_epi16(a, b);
  const __m512i quads = _mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
  return VecI32{_mm512_add_epi32(acc.raw, quads)};
#else
  __m256i a = w.raw, b = x.raw;
  if constexpr (kSigned) {
    b = _mm256_sign_epi8(b, a);
    a = _mm256_abs_epi8(a);
  }
  const __m256i pairs = _mm256_maddubs_epi16(a, b);
  const __m256i quads = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
  return VecI32{_mm256_add_epi32(acc.raw, quads)};
#endif
}

template <bool kFast, bool kSigned>
HWY_INLINE VecI32 ByteDot(VecI32 acc, VecU8 w, VecU8 x) {
  if constexpr (kFast) {
#if HWY_TARGET == HWY_AVX3
    asm("vpdpbusd %2, %1, %0" : "+v"(acc.raw) : "v"(w.raw), "v"(x.raw));
#else
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(acc.raw) : "x"(w.raw), "x"(x.raw));
#endif
    return acc;
  } else {
    return PortableByteDot<kSigned>(acc, w, x);
  }
}

// acc += a * b in pairs of 16-bit lanes.
template <bool kFast>
HWY_INLINE VecI32 AddPairProducts(VecI32 acc, VecI16 a, VecI16 b) {
#if HWY_TARGET == HWY_AVX3
  if constexpr (kFast) {
    asm("vpdpwssd %2, %1, %0" : "+v"(acc.raw) : "v"(a.raw), "v"(b.raw));
    return acc;
  }
  return VecI32{_mm512_add_epi32(acc.raw, _mm512_madd_epi16(a.raw, b.raw))};
#else
  return VecI32{_mm256_add_epi32(acc.raw, _mm256_madd_epi16(a.raw, b.raw))};
#endif
}

#elif HWY_ARCH_ARM

template <bool kFast, bool kSigned>
HWY_INLINE VecI32 ByteDot(VecI32 acc, VecU8 w, VecU8 x) {
  const int8x16_t a = vreinterpretq_s8_u8(w.raw), b = vreinterpretq_s8_u8(x.raw);
  if constexpr (kFast) {
    // Not in the instructions that the file is compiled for; only run where the CPU has it.
    asm(".arch armv8.2-a+dotprod+crypto\n\tsdot %0.4s, %1.16b, %2.16b"
        : "+w"(acc.raw)
        : "w"(a), "w"(b));
    return acc;
  } else {
    const int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(a), vget_low_s8(b)));
    const int32x4_t high = vpaddlq_s16(vmull_high_s8(a, b));
    return VecI32{vaddq_s32(acc.raw, vpaddq_s32(low, high))};
  }
}

template <bool kFast>
HWY_INLINE VecI32 AddPairProducts(VecI32 acc, VecI16 a, VecI16 b) {
  const int32x4_t low = vmull_s16(vget_low_s16(a.raw), vget_low_s16(b.raw));
  const int32x4_t high = vmull_high_s16(a.raw, b.raw);
  return VecI32{vaddq_s32(acc.raw, vpaddq_s32(low, high))};
}

#endif

// Two minima a column, as 16-bit lanes.
HWY_INLINE VecI16 PairMinima(const uint8_t* p) {
  const hn::Rebind<uint8_t, ShortTag> d8;
  return hn::PromoteTo(ShortTag(), hn::LoadU(d8, p));
}

template <bool kFast>
HWY_INLINE VecI32 PairDot(VecI32 acc, VecI16 minima, const int16_t* sums) {
  uint32_t word;
  std::memcpy(&word, sums, sizeof(word));
  return AddPairProducts<kFast>(acc, minima, hn::BitCast(ShortTag(), hn::Set(TileU(), word)));
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
