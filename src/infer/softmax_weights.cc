// SPDX-License-Identifier: Apache-2.0
#include "infer/softmax_weights.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "infer/softmax_weights.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "numerics/math-inl.h"
#include "numerics/simd_loop-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {

void Weights(const float* scores, size_t size, float max, float temperature, float* out) {
  const Vec16 m = Set(max), t = Set(temperature);
  ForBlocks(0, size, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
    const Vec16 x = Div(Sub(LoadBlock(scores + i, block), m), t);
    StoreBlock(ExpNonPositive(x, math::kSoftmaxLowest), out + i, block);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium {

HWY_EXPORT(Weights);

void SoftmaxWeights(std::span<const float> scores, float max, float temperature, float* out) {
  HWY_DYNAMIC_DISPATCH(Weights)(scores.data(), scores.size(), max, temperature, out);
}

}  // namespace cambium
#endif  // HWY_ONCE
