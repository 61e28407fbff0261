// SPDX-License-Identifier: Apache-2.0
// What the quantizers share: rounding, and the searches for the scale (and minimum) with which the
// codes of a group miss its elements least. The searches are heuristics, so the order of their
// float operations is part of their definition: it is that of ggml's reference quantizers, built
// for an x86-64 without fused multiply-adds, and their results are the same bits. Source: ggml
// 0.25.1, ggml-quants.c (named at each function). Thread safety: pure functions.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace cambium {

// A group whose largest magnitude is below this counts as zero.
inline constexpr float kZeroGroup = 1e-15f;

// x rounded to nearest even where |x| < 2^22. Beyond, and for NaN, some number of -2^22 .. 2^22 -
// 1, the same as ggml's nearest_int.
inline int NearestInt(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x + 12582912.0f);  // 1.5 * 2^23
  return static_cast<int>(bits & 0x7fffffu) - 0x400000;
}

// x without its fraction, in its lowest 8 bits; 0 where x does not fit 32 bits, and for NaN: what a
// cast of x to int and then to a byte gives on x86-64.
inline uint8_t TruncateToByte(float x) {
  if (!(x >= -2147483648.0f && x < 2147483648.0f)) return 0;
  return static_cast<uint8_t>(static_cast<int32_t>(x));
}

// The element of largest magnitude, with its sign; the first of several. 0 of zeros.
float LargestMagnitude(std::span<const float> x);

// Symmetric codes -max .. max - 1. codes[i] is the code plus max. weights: of the squared errors;
// empty: x[i]^2. Returns the scale. (make_qx_quants with rmse_type 1)
float FitSymmetric(std::span<const float> x, std::span<const float> weights, int max,
                   std::span<int8_t> codes);

// The same range by descent: codes are changed one at a time while that helps.
// (make_q3_quants with do_rmse)
float FitSymmetricByDescent(std::span<const float> x, int max, std::span<int8_t> codes);

// Which scales FitAffine tries: those at which the range is first + step * n more than max codes
// wide, n = 0 .. count.
struct AffineSearch {
  float first = 0, step = 0;
  int count = 0;
  bool absolute = false;  // errors count as |error|, else squared
};

struct AffineScale {
  float scale = 0;
  float minimum = 0;  // at least 0; is subtracted
};

// Codes 0 .. max over a minimum that is at most 0. At most 32 elements.
// (make_qkx2_quants, make_qkx3_quants)
AffineScale FitAffine(std::span<const float> x, std::span<const float> weights, int max,
                      const AffineSearch& search, std::span<uint8_t> codes);

// Codes 0 .. max for scales or minima themselves, by descent. (make_qp_quants)
float FitPositive(std::span<const float> x, std::span<const float> weights, int max,
                  std::span<uint8_t> codes);

}  // namespace cambium
