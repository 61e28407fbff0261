// SPDX-License-Identifier: Apache-2.0
#include "infer/softmax_weights.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "infer/softmax_weights.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "numerics/math-inl.h"
#include "numerics/simd_loop-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {

void Weights(const float* scores, size_t size, float max, float temperature, float* out,
             float* block_sums) {
  const Vec16 m = Set(max), t = Set(temperature);
  for (size_t begin = 0; begin < size; begin += kWeightBlock) {
    Vec16 sum = Zero();
    ForBlocks(begin, std::min(begin + kWeightBlock, size),
              [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
                const Vec16 x = Div(Sub(LoadBlock(scores + i, block, -HUGE_VALF), m), t);
                const Vec16 weight = ExpNonPositive(x, math::kSoftmaxLowest);
                StoreBlock(weight, out + i, block);
                sum = Add(sum, weight);
              });
    block_sums[begin / kWeightBlock] = ReduceAdd(sum);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium {

HWY_EXPORT(Weights);

void SoftmaxWeights(std::span<const float> scores, float max, float temperature, float* out,
                    float* block_sums) {
  HWY_DYNAMIC_DISPATCH(Weights)
  (scores.data(), scores.size(), max, temperature, out, block_sums);
}

}  // namespace cambium
#endif  // HWY_ONCE
