// SPDX-License-Identifier: Apache-2.0
// The K formats: a scale (and minimum) is searched for every group, the scales are quantised
// themselves, and the codes are taken anew with the scales that a reader will see.
// Source: ggml 0.25.1, ggml-quants.c (quantize_row_q*_K_ref, and *_impl with weights).
#include <algorithm>
#include <cmath>

#include "numerics/quant/quantize_blocks.h"
#include "numerics/quant/scale_search.h"

namespace cambium {
namespace {

constexpr size_t kSuper = 256;
// With weights.
constexpr AffineSearch kWeighted = {.first = -0.9f, .step = 0.05f, .count = 36, .absolute = false};

float SumOfSquares(std::span<const float> x) {
  float sum = 0;
  for (const float value : x) sum += value * value;
  return sum;
}

float Largest(std::span<const float> x) {
  float largest = 0;
  for (const float value : x) {
    if (value > largest) largest = value;
  }
  return largest;
}

// importance * sqrt(mean_square + x^2) for each element of a group; returns the sum.
float ElementWeights(std::span<const float> x, std::span<const float> importance, float mean_square,
                     std::span<float> weights) {
  float sum = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    weights[i] = importance[i] * std::sqrt(mean_square + x[i] * x[i]);
    sum += weights[i];
  }
  return sum;
}

// The codes of group g by the scale and offset that the block has by now. A group whose scale is
// zero keeps the codes of its search.
template <typename Block, typename Code>
void TakeCodes(const Block& block, std::span<const float> x, int low, int high, int bias,
               std::span<Code> codes) {
  for (size_t g = 0; g < kSuper / Block::kGroup; ++g) {
    const float scale = block.Scale(g);
    if (scale == 0) continue;
    float minimum = 0;
    if constexpr (requires { block.Offset(g); }) minimum = -block.Offset(g);
    for (size_t i = g * Block::kGroup; i < (g + 1) * Block::kGroup; ++i) {
      float shifted = x[i];
      if constexpr (requires { block.Offset(g); }) shifted = x[i] + minimum;
      codes[i] = static_cast<Code>(std::clamp(NearestInt(shifted / scale), low, high) + bias);
    }
  }
}

// The inverse of SixBitPairs, into zeros. Codes above 63 spill over as they do in the reference.
void StoreSixBitPair(uint8_t scale, uint8_t minimum, size_t g, SixBitPairs* pairs) {
  uint8_t* bytes = pairs->bytes;
  if (g < 4) {
    bytes[g] = scale;
    bytes[g + 4] = minimum;
    return;
  }
  bytes[g + 4] = static_cast<uint8_t>((scale & 15) | ((minimum & 15) << 4));
  bytes[g - 4] = static_cast<uint8_t>(bytes[g - 4] | ((scale >> 4) << 6));
  bytes[g] = static_cast<uint8_t>(bytes[g] | ((minimum >> 4) << 6));
}

// Q4_K and Q5_K up to their codes, 0 .. max. clamp: scales by FitPositive are bounded by 63.
template <typename Block>
void FitPairs(const BlockInput& in, int max, const AffineSearch& search, bool clamp, Block* block,
              std::span<uint8_t> codes) {
  constexpr size_t kGroups = 8, kGroup = 32;
  float scales[kGroups], minima[kGroups], group_weights[kGroups], weights[kGroup];
  const bool weighted = !in.weights.empty();
  const float mean_square = weighted ? 2 * SumOfSquares(in.x) / kSuper : 0.0f;
  for (size_t g = 0; g < kGroups; ++g) {
    const std::span<const float> x = in.x.subspan(g * kGroup, kGroup);
    if (weighted) {
      group_weights[g] =
          ElementWeights(x, in.weights.subspan(g * kGroup, kGroup), mean_square, weights);
    } else {
      const float root = std::sqrt(SumOfSquares(x) / kGroup);
      for (size_t i = 0; i < kGroup; ++i) weights[i] = root + std::fabs(x[i]);
    }
    const AffineScale fitted = FitAffine(x, weights, max, weighted ? kWeighted : search,
                                         codes.subspan(g * kGroup, kGroup));
    scales[g] = fitted.scale;
    minima[g] = fitted.minimum;
  }
  uint8_t scale_codes[kGroups], minimum_codes[kGroups];
  float d, dmin;
  if (weighted) {
    d = FitPositive(scales, group_weights, 63, scale_codes);
    dmin = FitPositive(minima, group_weights, 63, minimum_codes);
  } else {
    const float largest_scale = Largest(scales), largest_minimum = Largest(minima);
    const float inverse_scale = largest_scale > 0 ? 63.0f / largest_scale : 0.0f;
    const float inverse_minimum = largest_minimum > 0 ? 63.0f / largest_minimum : 0.0f;
    for (size_t g = 0; g < kGroups; ++g) {
      scale_codes[g] = static_cast<uint8_t>(NearestInt(inverse_scale * scales[g]));
      minimum_codes[g] = static_cast<uint8_t>(NearestInt(inverse_minimum * minima[g]));
    }
    d = largest_scale / 63.0f;
    dmin = largest_minimum / 63.0f;
  }
  for (size_t g = 0; g < kGroups; ++g) {
    if (clamp || !weighted) {
      scale_codes[g] = std::min<uint8_t>(63, scale_codes[g]);
      minimum_codes[g] = std::min<uint8_t>(63, minimum_codes[g]);
    }
    StoreSixBitPair(scale_codes[g], minimum_codes[g], g, &block->scales);
  }
  StoreHalf(d, block->d);
  StoreHalf(dmin, block->dmin);
  TakeCodes<Block, uint8_t>(*block, in.x, 0, max, 0, codes);
}

}  // namespace

void QuantizeBlock(const BlockInput& in, BlockQ2_K* block) {
  constexpr size_t kGroups = 16, kGroup = 16;
  constexpr AffineSearch kSearch = {.first = -0.5f, .step = 0.1f, .count = 15, .absolute = true};
  uint8_t codes[kSuper];
  float scales[kGroups], minima[kGroups], group_weights[kGroups], weights[kGroup];
  const bool weighted = !in.weights.empty();
  const float mean_square = weighted ? SumOfSquares(in.x) / kSuper : 0.0f;
  for (size_t g = 0; g < kGroups; ++g) {
    const std::span<const float> x = in.x.subspan(g * kGroup, kGroup);
    if (weighted) {
      group_weights[g] =
          ElementWeights(x, in.weights.subspan(g * kGroup, kGroup), mean_square, weights);
    } else {
      for (size_t i = 0; i < kGroup; ++i) weights[i] = std::fabs(x[i]);
    }
    const AffineScale fitted = FitAffine(x, weights, 3, weighted ? kWeighted : kSearch,
                                         std::span(codes).subspan(g * kGroup, kGroup));
    scales[g] = fitted.scale;
    minima[g] = fitted.minimum;
  }
  // Four bits each; the low half first, so that an overflow of it spills into the other.
  const auto store = [&](std::span<const float> values, int shift, uint8_t* half) {
    uint8_t quantized[kGroups] = {};
    float d = 0;
    if (weighted) {
      d = FitPositive(values, group_weights, 15, quantized);
    } else if (const float largest = Largest(values); largest > 0) {
      const float inverse = 15.0f / largest;
      for (size_t g = 0; g < kGroups; ++g) {
        quantized[g] = static_cast<uint8_t>(NearestInt(inverse * values[g]));
      }
      d = largest / 15.0f;
    }
    StoreHalf(d, half);
    for (size_t g = 0; g < kGroups; ++g) {
      block->scales[g] = static_cast<uint8_t>(block->scales[g] | quantized[g] << shift);
    }
  };
  store(scales, 0, block->d);
  store(minima, 4, block->dmin);
  TakeCodes<BlockQ2_K, uint8_t>(*block, in.x, 0, 3, 0, codes);
  for (size_t i = 0; i < kSuper; ++i) StoreCrumbOf256(codes[i], block->qs, i);
}

void QuantizeBlock(const BlockInput& in, BlockQ3_K* block) {
  constexpr size_t kGroups = 16, kGroup = 16;
  int8_t codes[kSuper];
  float scales[kGroups];
  int8_t scale_codes[kGroups];  // plus 32
  if (!in.weights.empty()) {
    float group_weights[kGroups], weights[kGroup];
    const float mean_square = 2 * SumOfSquares(in.x) / kSuper;
    for (size_t g = 0; g < kGroups; ++g) {
      const std::span<const float> x = in.x.subspan(g * kGroup, kGroup);
      group_weights[g] =
          ElementWeights(x, in.weights.subspan(g * kGroup, kGroup), mean_square, weights);
      scales[g] = FitSymmetric(x, weights, 4, std::span(codes).subspan(g * kGroup, kGroup));
    }
    StoreHalf(FitSymmetric(scales, group_weights, 32, scale_codes), block->d);
  } else {
    for (size_t g = 0; g < kGroups; ++g) {
      scales[g] = FitSymmetricByDescent(in.x.subspan(g * kGroup, kGroup), 4,
                                        std::span(codes).subspan(g * kGroup, kGroup));
    }
    const float largest = LargestMagnitude(scales);
    std::fill(std::begin(scale_codes), std::end(scale_codes), int8_t{0});
    if (largest != 0) {
      const float inverse = -32.0f / largest;
      for (size_t g = 0; g < kGroups; ++g) {
        const int code = static_cast<int8_t>(NearestInt(inverse * scales[g]));
        scale_codes[g] = static_cast<int8_t>(std::clamp(code, -32, 31) + 32);
      }
      StoreHalf(1 / inverse, block->d);
    }
  }
  for (size_t g = 0; g < kGroups; ++g) {
    StoreSplitNibble<8>(scale_codes[g], block->scales, g);
    uint8_t& high = block->scales[8 + g % 4];
    high = static_cast<uint8_t>(high | (scale_codes[g] >> 4) << (g / 4 * 2));
  }
  TakeCodes<BlockQ3_K, int8_t>(*block, in.x, -4, 3, 4, codes);
  for (size_t i = 0; i < kSuper; ++i) {
    StoreCrumbOf256(codes[i], block->qs, i);
    uint8_t& mask = block->hmask[i % 32];
    if (codes[i] > 3) mask = static_cast<uint8_t>(mask | 1 << (i / 32));
  }
}

void QuantizeBlock(const BlockInput& in, BlockQ4_K* block) {
  uint8_t codes[kSuper];
  FitPairs(in, 15, {.first = -1.0f, .step = 0.1f, .count = 20}, false, block, codes);
  for (size_t i = 0; i < kSuper; ++i) {
    StoreSplitNibble<32>(codes[i], block->qs + i / 64 * 32, i % 64);
  }
}

void QuantizeBlock(const BlockInput& in, BlockQ5_K* block) {
  uint8_t codes[kSuper];
  FitPairs(in, 31, {.first = -0.5f, .step = 0.1f, .count = 15}, true, block, codes);
  for (size_t i = 0; i < kSuper; ++i) {
    StoreSplitNibble<32>(codes[i], block->qs + i / 64 * 32, i % 64);
    uint8_t& high = block->qh[i % 32];
    if (codes[i] > 15) high = static_cast<uint8_t>(high | 1 << (i / 32));
  }
}

void QuantizeBlock(const BlockInput& in, BlockQ6_K* block) {
  constexpr size_t kGroups = 16, kGroup = 16;
  int8_t codes[kSuper];
  float scales[kGroups];
  for (size_t g = 0; g < kGroups; ++g) {
    scales[g] =
        FitSymmetric(in.x.subspan(g * kGroup, kGroup),
                     in.weights.empty() ? in.weights : in.weights.subspan(g * kGroup, kGroup), 32,
                     std::span(codes).subspan(g * kGroup, kGroup));
  }
  const float largest = LargestMagnitude(scales);
  if (std::fabs(largest) < kZeroGroup) return;  // all zero
  const float inverse = -128.0f / largest;
  StoreHalf(1 / inverse, block->d);
  for (size_t g = 0; g < kGroups; ++g) {
    block->scales[g] = static_cast<int8_t>(std::min(127, NearestInt(inverse * scales[g])));
  }
  TakeCodes<BlockQ6_K, int8_t>(*block, in.x, -32, 31, 32, codes);
  for (size_t i = 0; i < kSuper; ++i) {
    StoreSplitNibble<64>(codes[i], block->ql + i / 128 * 64, i % 128);
    StoreCrumbOf256(codes[i] >> 4, block->qh, i);
  }
}

}  // namespace cambium
