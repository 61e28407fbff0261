// SPDX-License-Identifier: Apache-2.0
// The elementary functions of the numerics contract (rule 5) as scalar code. This code defines the
// bits: math-inl.h does the same operations in the same order on sixteen lanes and equals it for
// every finite input. Division is IEEE, fma is std::fma, no libm function is called.
//
// function    valid range      error (ULP, against double)   special values
// Exp         all              1.0 on [-80, 88.72]   0 below -80 (stays clear of denormals),
//                                                    inf above 88.72283, NaN stays NaN
// Log         all              1.0                   0 and denormals: -inf; below 0: NaN
// Tanh        all              2.3                   exactly +-1 from |x| = 9.02 on
// Sigmoid     all              2.1                   0 below -80
// Silu        all              3.1                   0 below -80
// Gelu        all              2.5 from -1 on           x * Sigmoid(2u): 0 where 2u < -80
// The bounds are what math_test.cc asserts, over a stride of all f32.
//
// Each function is also defined for double by libm (RefExp(double) ...), which is what gradient
// checks of the references use.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace cambium {
namespace math {

// Range reduction: x = n ln2 + r, |r| <= ln2 / 2.
inline constexpr float kLog2E = 0x1.715476p+0f;
inline constexpr float kLn2High = 0x1.62e430p-1f;
inline constexpr float kLn2Low = -0x1.05c610p-29f;
// Adding 1.5 * 2^23 leaves round(x) in the low bits of the sum.
inline constexpr float kRoundMagic = 0x1.8p23f;
inline constexpr float kExpLowest = -80.0f;
inline constexpr float kExpHighest = 88.7228317f;  // largest f32 whose exp is finite
// Terms of a softmax below exp(-60) = 9e-27 of the largest count as 0: far below half an ulp of the
// sum, and products of the others with anything above 2^-39 stay clear of denormals.
inline constexpr float kSoftmaxLowest = -60.0f;
// (exp(r) - 1 - r) / r^2 on |r| <= ln2 / 2, interpolated at Chebyshev nodes with 40 digits; error
// of 1 + r + r^2 q(r) relative to exp(r): 1.1e-8, of r + r^2 q(r) relative to expm1(r): 2.6e-8.
inline constexpr float kExpQ[5] = {0x1.000000p-1f, 0x1.5554dcp-3f, 0x1.55551ap-5f, 0x1.120ba2p-7f,
                                   0x1.6d113cp-10f};
// (log1p(f) - f + f^2 / 2) / f^3 for 1 + f in [sqrt(1/2), sqrt(2)), likewise; error 3.4e-9.
inline constexpr float kLogP[9] = {0x1.555554p-2f,  -0x1.fffffcp-3f, 0x1.999d5ap-3f,
                                   -0x1.555b4ap-3f, 0x1.23d21ap-3f,  -0x1.fcf4c6p-4f,
                                   0x1.dea282p-4f,  -0x1.d635bcp-4f, 0x1.1d8ea6p-4f};
inline constexpr int32_t kSqrtHalfBits = 0x3f3504f3;
inline constexpr float kTanhSaturation = 9.02f;
// gelu_tanh(x) = x/2 (1 + tanh(u)) = x sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x^3).
inline constexpr float kGeluScale = 1.5957691216f;  // 2 sqrt(2/pi)
inline constexpr float kGeluCubic = 0.0713548163f;  // 2 sqrt(2/pi) 0.044715
inline constexpr float kGeluCubicTimes3 = 0.214064449f;

}  // namespace math

// p = q(r) by Horner, r and n by reduction. Shared by Exp and Tanh.
struct ExpReduction {
  float n;
  float r;
  int32_t n_bits;  // low bits: the integer n (with the magic number's bits above)
};
inline ExpReduction ReduceExp(float x) {
  const float shifted = std::fma(x, math::kLog2E, math::kRoundMagic);
  const float n = shifted - math::kRoundMagic;
  const float r = std::fma(-n, math::kLn2Low, std::fma(-n, math::kLn2High, x));
  return {n, r, std::bit_cast<int32_t>(shifted)};
}
inline float ExpQ(float r) {
  float q = math::kExpQ[4];
  for (int i = 3; i >= 0; --i) q = std::fma(q, r, math::kExpQ[i]);
  return q;
}
// 2^(n + offset) from the low bits of the shifted sum.
inline float PowerOfTwo(int32_t n_bits, int32_t offset) {
  return std::bit_cast<float>(static_cast<int32_t>(
      (static_cast<uint32_t>(n_bits) + 127u + static_cast<uint32_t>(offset)) << 23));
}

inline float RefExp(float x) {
  const ExpReduction e = ReduceExp(x);
  const float p = std::fma(std::fma(ExpQ(e.r), e.r, 1.0f), e.r, 1.0f);
  // Two factors, because 2^128 is not representable: 2p * 2^(n-1).
  float y = (p + p) * PowerOfTwo(e.n_bits, -1);
  y = x < math::kExpLowest ? 0.0f : y;
  return math::kExpHighest < x ? std::numeric_limits<float>::infinity() : y;
}

// RefExp(x) for x <= 0, but 0 below `lowest` (at least kExpLowest). Softmax sums use
// kSoftmaxLowest.
inline float RefExpNonPositive(float x, float lowest) { return x < lowest ? 0.0f : RefExp(x); }
inline double RefExpNonPositive(double x, double lowest) { return x < lowest ? 0.0 : std::exp(x); }

inline float RefLog(float x) {
  // Unsigned, because a negative x wraps around.
  const int32_t bits =
      static_cast<int32_t>(std::bit_cast<uint32_t>(x) - static_cast<uint32_t>(math::kSqrtHalfBits));
  const float k = static_cast<float>(bits >> 23);
  const float f = std::bit_cast<float>((bits & 0x007fffff) + math::kSqrtHalfBits) - 1.0f;
  float p = math::kLogP[8];
  for (int i = 7; i >= 0; --i) p = std::fma(p, f, math::kLogP[i]);
  const float f2 = f * f;
  // k ln2_high + (f + (k ln2_low + (f^3 p - f^2 / 2)))
  float y = std::fma(f * f2, p, std::fma(f2, -0.5f, k * math::kLn2Low));
  y = std::fma(k, math::kLn2High, f + y);
  constexpr float kSmallest = std::numeric_limits<float>::min();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  y = x < kSmallest ? -kInfinity : y;
  y = x < 0.0f ? std::numeric_limits<float>::quiet_NaN() : y;
  return x < kInfinity ? y : x;  // inf and NaN stay
}

inline float RefTanh(float x) {
  float a = std::fabs(x);
  a = math::kTanhSaturation < a ? math::kTanhSaturation : a;  // NaN stays
  // e = expm1(2a); tanh(a) = e / (e + 2).
  const ExpReduction red = ReduceExp(a + a);
  const float p = std::fma(red.r * red.r, ExpQ(red.r), red.r);
  const float scale = PowerOfTwo(red.n_bits, 0);
  const float e = std::fma(scale, p, scale - 1.0f);
  return std::copysign(e / (e + 2.0f), x);
}

inline float RefSigmoid(float x) {
  const float e = RefExp(-std::fabs(x));
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

inline double RefExp(double x) { return std::exp(x); }
inline double RefLog(double x) { return std::log(x); }
inline double RefTanh(double x) { return std::tanh(x); }
inline double RefSigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

// Valid for |x| up to 1e12 (x^3 stays finite); larger inputs give x or 0 as well, through inf.
template <typename T>
T RefGelu(T x) {
  const T inner =
      std::fma(x * x, static_cast<T>(math::kGeluCubic), static_cast<T>(math::kGeluScale));
  return x * RefSigmoid(x * inner);
}
// d gelu / dx = s + x s (1 - s) 2 u'(x), s = sigmoid(2u).
template <typename T>
T RefGeluGradient(T x) {
  const T x2 = x * x;
  const T inner = std::fma(x2, static_cast<T>(math::kGeluCubic), static_cast<T>(math::kGeluScale));
  const T slope =
      std::fma(x2, static_cast<T>(math::kGeluCubicTimes3), static_cast<T>(math::kGeluScale));
  const T s = RefSigmoid(x * inner);
  return std::fma(x * slope, s * (T{1} - s), s);
}
// silu(x) = x sigmoid(x);  d = s + x s (1 - s).
template <typename T>
T RefSilu(T x) {
  return x * RefSigmoid(x);
}
template <typename T>
T RefSiluGradient(T x) {
  const T s = RefSigmoid(x);
  return std::fma(x, s * (T{1} - s), s);
}

}  // namespace cambium
