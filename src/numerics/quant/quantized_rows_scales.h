// SPDX-License-Identifier: Apache-2.0
// What the reference and the kernels of quantized_rows.h share: the scale of a block from its
// largest magnitude, and the fields that follow from the sums of each 16 codes.
#pragma once

#include <limits>

#include "numerics/quant/quantized_rows.h"

namespace cambium {

struct ByteScales {
  float scale = 0.0f;
  float inverse = 0.0f;  // 0: all codes are 0
};

inline ByteScales ScalesOf(float amax) {
  constexpr float kSmallest = 0x1p-90f;
  if (amax < kSmallest) return {};
  if (!(amax <= std::numeric_limits<float>::max())) {
    return {std::numeric_limits<float>::quiet_NaN(), 0.0f};
  }
  return {amax / 127.0f, 127.0f / amax};
}

inline void FinishBlock(const int32_t (&sums)[2], ByteBlock32& block) {
  const int32_t sum = sums[0] + sums[1];
  block.negative_sum = -sum;
  block.scaled_sum = block.scale * static_cast<float>(sum);
  block.unused = 0;
}

inline void FinishBlock(const int32_t (&sums)[16], ByteBlock256& block) {
  for (size_t g = 0; g < 16; ++g) {
    block.sums16[g] = static_cast<int16_t>(sums[g]);
    block.negative_sums16[g] = -sums[g];
  }
  for (size_t g = 0; g < 8; ++g) {
    const int32_t sum = sums[2 * g] + sums[2 * g + 1];
    block.sums32[g] = static_cast<int16_t>(sum);
    block.negative_sums32[g] = -sum;
  }
  for (uint32_t& unused : block.unused) unused = 0;
}

}  // namespace cambium
