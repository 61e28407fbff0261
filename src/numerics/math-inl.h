// SPDX-License-Identifier: Apache-2.0
// Elementary functions on Vec16: the operations of math_ref.h, lane by lane, in the same order
// (ranges and errors are stated there). Test: math_test.cc, equality by memcmp on every target.
#if defined(CAMBIUM_NUMERICS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CAMBIUM_NUMERICS_MATH_INL_H_
#undef CAMBIUM_NUMERICS_MATH_INL_H_
#else
#define CAMBIUM_NUMERICS_MATH_INL_H_
#endif

#include <limits>

#include "numerics/math_ref.h"
#include "numerics/vec16-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {

struct ExpReduction16 {
  Vec16 r;
  Vec16i n_bits;
};
HWY_INLINE ExpReduction16 ReduceExp16(Vec16 x) {
  const Vec16 magic = Set(math::kRoundMagic);
  const Vec16 shifted = Fma(x, Set(math::kLog2E), magic);
  const Vec16 n = Sub(shifted, magic);
  const Vec16 r = NegFma(n, Set(math::kLn2Low), NegFma(n, Set(math::kLn2High), x));
  return {r, BitsOf(shifted)};
}
HWY_INLINE Vec16 ExpQ16(Vec16 r) {
  Vec16 q = Set(math::kExpQ[4]);
  q = Fma(q, r, Set(math::kExpQ[3]));
  q = Fma(q, r, Set(math::kExpQ[2]));
  q = Fma(q, r, Set(math::kExpQ[1]));
  return Fma(q, r, Set(math::kExpQ[0]));
}
HWY_INLINE Vec16 PowerOfTwo16(Vec16i n_bits, int32_t offset) {
  return FromBits(ShiftLeftInt<23>(AddInt(n_bits, SetInt(127 + offset))));
}

HWY_INLINE Vec16 Exp(Vec16 x) {
  const ExpReduction16 e = ReduceExp16(x);
  const Vec16 one = Set(1.0f);
  const Vec16 p = Fma(Fma(ExpQ16(e.r), e.r, one), e.r, one);
  Vec16 y = Mul(Add(p, p), PowerOfTwo16(e.n_bits, -1));
  y = SelectLess(x, Set(math::kExpLowest), Zero(), y);
  return SelectLess(Set(math::kExpHighest), x, Set(std::numeric_limits<float>::infinity()), y);
}

// Exp for x <= 0 or NaN, 0 below `lowest` (at least math::kExpLowest): RefExpNonPositive.
HWY_INLINE Vec16 ExpNonPositive(Vec16 x, float lowest) {
  const ExpReduction16 e = ReduceExp16(x);
  const Vec16 one = Set(1.0f);
  const Vec16 p = Fma(Fma(ExpQ16(e.r), e.r, one), e.r, one);
  const Vec16 y = Mul(p, PowerOfTwo16(e.n_bits, 0));
  return SelectLess(x, Set(lowest), Zero(), y);
}

HWY_INLINE Vec16 Log(Vec16 x) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Vec16i offset = SetInt(math::kSqrtHalfBits);
  const Vec16i bits = SubInt(BitsOf(x), offset);
  const Vec16 k = ToFloatLanes(ShiftRightInt<23>(bits));
  const Vec16 f = Sub(FromBits(AddInt(AndInt(bits, SetInt(0x007fffff)), offset)), Set(1.0f));
  Vec16 p = Set(math::kLogP[8]);
  p = Fma(p, f, Set(math::kLogP[7]));
  p = Fma(p, f, Set(math::kLogP[6]));
  p = Fma(p, f, Set(math::kLogP[5]));
  p = Fma(p, f, Set(math::kLogP[4]));
  p = Fma(p, f, Set(math::kLogP[3]));
  p = Fma(p, f, Set(math::kLogP[2]));
  p = Fma(p, f, Set(math::kLogP[1]));
  p = Fma(p, f, Set(math::kLogP[0]));
  const Vec16 f2 = Mul(f, f);
  Vec16 y = Fma(Mul(f, f2), p, Fma(f2, Set(-0.5f), Mul(k, Set(math::kLn2Low))));
  y = Fma(k, Set(math::kLn2High), Add(f, y));
  y = SelectLess(x, Set(std::numeric_limits<float>::min()), Set(-kInfinity), y);
  y = SelectLess(x, Zero(), Set(std::numeric_limits<float>::quiet_NaN()), y);
  return SelectLess(x, Set(kInfinity), y, x);
}

HWY_INLINE Vec16 Tanh(Vec16 x) {
  const Vec16 limit = Set(math::kTanhSaturation);
  Vec16 a = Abs(x);
  a = SelectLess(limit, a, limit, a);
  const ExpReduction16 e = ReduceExp16(Add(a, a));
  const Vec16 p = Fma(Mul(e.r, e.r), ExpQ16(e.r), e.r);
  const Vec16 scale = PowerOfTwo16(e.n_bits, 0);
  const Vec16 expm1 = Fma(scale, p, Sub(scale, Set(1.0f)));
  return CopySign(Div(expm1, Add(expm1, Set(2.0f))), x);
}

HWY_INLINE Vec16 Sigmoid(Vec16 x) {
  const Vec16 one = Set(1.0f);
  const Vec16 e = ExpNonPositive(Neg(Abs(x)), math::kExpLowest);
  return Div(SelectLess(x, Zero(), e, one), Add(one, e));
}

HWY_INLINE Vec16 Gelu(Vec16 x) {
  const Vec16 inner = Fma(Mul(x, x), Set(math::kGeluCubic), Set(math::kGeluScale));
  return Mul(x, Sigmoid(Mul(x, inner)));
}
HWY_INLINE Vec16 GeluGradient(Vec16 x) {
  const Vec16 x2 = Mul(x, x);
  const Vec16 inner = Fma(x2, Set(math::kGeluCubic), Set(math::kGeluScale));
  const Vec16 slope = Fma(x2, Set(math::kGeluCubicTimes3), Set(math::kGeluScale));
  const Vec16 s = Sigmoid(Mul(x, inner));
  return Fma(Mul(x, slope), Mul(s, Sub(Set(1.0f), s)), s);
}
HWY_INLINE Vec16 Silu(Vec16 x) { return Mul(x, Sigmoid(x)); }
HWY_INLINE Vec16 SiluGradient(Vec16 x) {
  const Vec16 s = Sigmoid(x);
  return Fma(x, Mul(s, Sub(Set(1.0f), s)), s);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#endif  // CAMBIUM_NUMERICS_MATH_INL_H_
