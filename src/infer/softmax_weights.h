// SPDX-License-Identifier: Apache-2.0
// The exponentials of a softmax over a vocabulary, on vectors: a kernel of the sampler.
//   out[i] = exp((scores[i] - max) / temperature), 0 where the exponent is below kSoftmaxLowest
// exp is RefExpNonPositive of numerics/math_ref.h, to the bit, on every target.
//
// Sums are taken by blocks of kWeightBlock tokens: inside a block 16 partial sums in f32, element i
// into partial i mod 16, then the tree of 8, 4, 2, 1 (numerics rule 4).
#pragma once

#include <cstddef>
#include <span>

namespace cambium {

inline constexpr size_t kWeightBlock = 256;

// out: as many as scores. block_sums: one for every block begun. scores: at most max; -inf gives 0.
void SoftmaxWeights(std::span<const float> scores, float max, float temperature, float* out,
                    float* block_sums);

}  // namespace cambium
