// SPDX-License-Identifier: Apache-2.0
// The exponentials of a softmax over a vocabulary, on vectors: a kernel of the sampler.
//   out[i] = exp((scores[i] - max) / temperature), 0 where the exponent is below kSoftmaxLowest
// exp is RefExpNonPositive of numerics/math_ref.h, to the bit, on every target.
#pragma once

#include <span>

namespace cambium {

// out: as many as scores. scores: at most max; -inf gives 0.
void SoftmaxWeights(std::span<const float> scores, float max, float temperature, float* out);

}  // namespace cambium
