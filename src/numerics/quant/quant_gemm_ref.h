// SPDX-License-Identifier: Apache-2.0
// The definition of products with quantised weights (quant_gemm.h), read from the blocks of the
// file with plain loops.
#pragma once

#include <cmath>
#include <cstring>

#include "numerics/quant/integer_view.h"

namespace cambium {

// sum over one row of weights (num_blocks blocks of Block, at any address) and one of activations.
template <typename Block>
float QuantDotRef(const uint8_t* weights, const ByteBlock32* x, size_t num_blocks) {
  using View = IntegerView<Block>;
  float acc = 0.0f;
  for (size_t b = 0; b < num_blocks; ++b) {
    Block w;
    std::memcpy(&w, weights + b * sizeof(Block), sizeof(Block));
    int32_t sum = 0;
    for (size_t i = 0; i < 32; ++i) sum += w.Code(i) * x[b].codes[i];
    acc = std::fma(static_cast<float>(sum), View::Scale(w) * x[b].scale, acc);
    if constexpr (View::kHasMinimum) acc = std::fma(View::Minimum(w), x[b].scaled_sum, acc);
  }
  return acc;
}

template <typename Block>
float QuantDotRef(const uint8_t* weights, const ByteBlock256* x, size_t num_blocks) {
  using View = IntegerView<Block>;
  float acc = 0.0f;
  for (size_t b = 0; b < num_blocks; ++b) {
    Block w;
    std::memcpy(&w, weights + b * sizeof(Block), sizeof(Block));
    int32_t sum = 0, minimum = 0;
    for (size_t g = 0; g < 256 / View::kGroup; ++g) {
      int32_t dot = 0, codes = 0;
      for (size_t i = g * View::kGroup; i < (g + 1) * View::kGroup; ++i) {
        dot += w.Code(i) * x[b].codes[i];
        codes += x[b].codes[i];
      }
      sum += View::GroupScale(w, g) * dot;
      minimum += View::GroupMinimum(w, g) * codes;
    }
    acc = std::fma(static_cast<float>(sum), View::Scale(w) * x[b].scale, acc);
    if constexpr (View::kHasMinimum) {
      acc = std::fma(-static_cast<float>(minimum), View::Minimum(w) * x[b].scale, acc);
    }
  }
  return acc;
}

}  // namespace cambium
