// SPDX-License-Identifier: Apache-2.0
// The non-linear 4-bit formats: codes are indices of sixteen fixed values.
// Source: ggml 0.25.1, ggml-quants.c (quantize_row_iq4_nl_impl with 7 trials a side).
#include <algorithm>
#include <cmath>

#include "numerics/quant/quantize_blocks.h"
#include "numerics/quant/scale_search.h"

namespace cambium {
namespace {

constexpr int kTrials = 7;

// The scale of 32 elements. mean_square: twice the mean of the squares of the block.
float FitIq4Scale(std::span<const float> x, std::span<const float> importance, float mean_square) {
  float weights[32];
  for (size_t i = 0; i < 32; ++i) {
    weights[i] =
        importance.empty() ? x[i] * x[i] : importance[i] * std::sqrt(mean_square + x[i] * x[i]);
  }
  const float largest = LargestMagnitude(x);
  if (std::fabs(largest) < kZeroGroup) return 0.0f;
  float xv = 0, vv = 0;
  const auto fit = [&](float inverse) {
    xv = vv = 0;
    for (size_t i = 0; i < 32; ++i) {
      const float value = static_cast<float>(kIq4Values[NearestIq4(inverse * x[i])]);
      xv += weights[i] * value * x[i];
      vv += weights[i] * value * value;
    }
  };
  const float lowest = static_cast<float>(kIq4Values[0]);
  fit(1 / (-largest / lowest));
  float scale = vv > 0 ? xv / vv : 0.0f;
  float best = scale * xv;
  for (int n = -kTrials; n <= kTrials; ++n) {
    fit((static_cast<float>(n) + lowest) / largest);
    if (vv > 0 && xv * xv > best * vv) {
      scale = xv / vv;
      best = scale * xv;
    }
  }
  return scale;
}

float TwiceMeanSquare(std::span<const float> x) {
  float sum = 0;
  for (const float value : x) sum += value * value;
  return sum * (2.0f / static_cast<float>(x.size()));
}

}  // namespace

uint8_t NearestIq4(float x) {
  // The values between which x lies; the upper one when x is in the middle.
  if (x <= static_cast<float>(kIq4Values[0])) return 0;
  const auto above = std::upper_bound(
      std::begin(kIq4Values), std::end(kIq4Values) - 1, x,
      [](float wanted, int8_t value) { return wanted < static_cast<float>(value); });
  const float high = *above, low = *(above - 1);
  const uint8_t index = static_cast<uint8_t>(above - kIq4Values);
  return x - low < high - x ? static_cast<uint8_t>(index - 1) : index;
}

void QuantizeBlock(const BlockInput& in, BlockIQ4_NL* block) {
  const float scale = FitIq4Scale(in.x, in.weights, TwiceMeanSquare(in.x));
  StoreHalf(scale, block->d);
  const float inverse = scale != 0 ? 1 / scale : 0.0f;
  for (size_t i = 0; i < 32; ++i) {
    StoreSplitNibble<16>(NearestIq4(inverse * in.x[i]), block->qs, i);
  }
}

void QuantizeBlock(const BlockInput& in, BlockIQ4_XS* block) {
  const float mean_square = TwiceMeanSquare(in.x);
  float scales[8];
  for (size_t g = 0; g < 8; ++g) {
    scales[g] =
        FitIq4Scale(in.x.subspan(g * 32, 32),
                    in.weights.empty() ? in.weights : in.weights.subspan(g * 32, 32), mean_square);
  }
  const float d = -LargestMagnitude(scales) / 32;
  StoreHalf(d, block->d);
  const float inverse = d != 0 ? 1 / d : 0.0f;
  uint32_t high_bits = 0;
  for (size_t g = 0; g < 8; ++g) {
    const int code = std::clamp(NearestInt(inverse * scales[g]), -32, 31);
    // With the scale before it is rounded to f16.
    const float scale = d * static_cast<float>(code);
    const float group_inverse = scale != 0 ? 1 / scale : 0.0f;
    for (size_t i = 0; i < 32; ++i) {
      StoreSplitNibble<16>(NearestIq4(group_inverse * in.x[g * 32 + i]), block->qs + g * 16, i);
    }
    const uint32_t stored = static_cast<uint32_t>(code + 32);
    block->scales_l[g / 2] =
        static_cast<uint8_t>(block->scales_l[g / 2] | (stored & 15) << (g % 2 * 4));
    high_bits |= (stored >> 4) << (2 * g);
  }
  block->scales_h[0] = static_cast<uint8_t>(high_bits);
  block->scales_h[1] = static_cast<uint8_t>(high_bits >> 8);
}

}  // namespace cambium
