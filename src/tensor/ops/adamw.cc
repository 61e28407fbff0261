// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/adamw.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/adamw.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "numerics/simd_loop-inl.h"
#include "numerics/trig.h"
#include "tensor/ops/adamw_ref.h"

HWY_BEFORE_NAMESPACE();
namespace cambium::ops {
namespace HWY_NAMESPACE {
namespace {

using namespace cambium::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)

HWY_INLINE Vec16 Flush(Vec16 x) { return SelectLess(Abs(x), Set(ref::kSmallestMoment), Zero(), x); }

void AdamWRange(float* w, const float* g, float* m, float* v, const AdamWStep& step, size_t begin,
                size_t end) {
  const Vec16 beta1 = Set(step.beta1), beta2 = Set(step.beta2);
  const Vec16 rest1 = Set(1.0f - step.beta1), rest2 = Set(1.0f - step.beta2);
  const Vec16 m_correction = Set(step.m_correction), v_correction = Set(step.v_correction);
  const Vec16 eps = Set(step.eps), decay = Set(step.weight_decay), lr = Set(step.lr);
  const Vec16 grad_scale = Set(step.grad_scale);
  ForBlocks(begin, end, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
    const Vec16 scaled = Mul(LoadBlock(g + i, block), grad_scale);
    const Vec16 new_m = Flush(Fma(beta1, LoadBlock(m + i, block), Mul(rest1, scaled)));
    const Vec16 new_v = Flush(Fma(beta2, LoadBlock(v + i, block), Mul(rest2, Mul(scaled, scaled))));
    const Vec16 update = Div(Mul(new_m, m_correction), Add(Sqrt(Mul(new_v, v_correction)), eps));
    const Vec16 old_w = LoadBlock(w + i, block);
    StoreBlock(new_m, m + i, block);
    StoreBlock(new_v, v + i, block);
    StoreBlock(NegFma(lr, Fma(decay, old_w, update), old_w), w + i, block);
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium::ops
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium::ops {

HWY_EXPORT(AdamWRange);

AdamWStep WithBiasCorrection(AdamWStep step, int64_t t) {
  const double exponent = static_cast<double>(t);
  const auto correction = [&](float beta) {
    return static_cast<float>(1.0 / (1.0 - Pow(static_cast<double>(beta), exponent)));
  };
  // beta 0 has no logarithm; its power is 0.
  step.m_correction = step.beta1 > 0 ? correction(step.beta1) : 1.0f;
  step.v_correction = step.beta2 > 0 ? correction(step.beta2) : 1.0f;
  return step;
}

void AdamWUpdate(const Tensor& w, const Tensor& g, const Tensor& m, const Tensor& v,
                 const AdamWStep& step, ThreadPool& pool) {
  const size_t n = w.size();
  CHECK(g.size() == n && m.size() == n && v.size() == n);
  const auto kernel = &HWY_DYNAMIC_DISPATCH(AdamWRange);
  pool.ParallelRanges(n, 4096, [&](size_t begin, size_t end, size_t) {
    kernel(w.f32(), g.f32(), m.f32(), v.f32(), step, begin, end);
  });
}

}  // namespace cambium::ops
#endif  // HWY_ONCE
