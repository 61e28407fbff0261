// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/muon.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/muon.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>
#include <type_traits>

#include "numerics/simd_loop-inl.h"
#include "tensor/ops/dispatch.h"
#include "tensor/ops/muon_ref.h"

HWY_BEFORE_NAMESPACE();
namespace cambium::ops {
namespace HWY_NAMESPACE {
namespace {

using namespace cambium::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)

void MomentumRange(const float* g, float* m, const Tensor& u, const MuonStep& step, size_t begin,
                   size_t end) {
  WithType(u.dtype, [&](auto* tu) HWY_ATTR {
    auto* out = static_cast<decltype(tu)>(u.data);
    const Vec16 grad_scale = Set(step.grad_scale), smallest = Set(ref::kSmallestMoment);
    const Vec16 momentum = Set(step.momentum), rest = Set(1.0f - step.momentum);
    ForBlocks(begin, end, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      const Vec16 scaled = Mul(LoadBlock(g + i, block), grad_scale);
      const Vec16 old_m = LoadBlock(m + i, block);
      Vec16 new_m = Fma(rest, Sub(scaled, old_m), old_m);
      new_m = SelectLess(Abs(new_m), smallest, Zero(), new_m);
      StoreBlock(new_m, m + i, block);
      StoreBlock(Fma(momentum, Sub(new_m, scaled), scaled), out + i, block);
    });
  });
}

void UpdateRange(float* w, const Tensor& x, float scale, const MuonStep& step, size_t begin,
                 size_t end) {
  WithType(x.dtype, [&](auto* tx) HWY_ATTR {
    const auto* in = static_cast<decltype(tx)>(x.data);
    const Vec16 decay = Set(step.lr * step.weight_decay), rate = Set(step.lr * scale);
    ForBlocks(begin, end, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      const Vec16 old_w = LoadBlock(w + i, block);
      const Vec16 decayed = NegFma(decay, old_w, old_w);
      StoreBlock(NegFma(rate, LoadBlock(in + i, block), decayed), w + i, block);
    });
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium::ops
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium::ops {

HWY_EXPORT(MomentumRange);
HWY_EXPORT(UpdateRange);

float MuonScale(size_t rows, size_t cols) {
  const float ratio = static_cast<float>(rows) / static_cast<float>(cols);
  return ratio > 1.0f ? std::sqrt(ratio) : 1.0f;
}

void MuonMomentum(const Tensor& g, const Tensor& m, const Tensor& u, const MuonStep& step,
                  ThreadPool& pool) {
  const size_t n = g.size();
  CHECK(m.size() == n && u.size() == n);
  const auto kernel = &HWY_DYNAMIC_DISPATCH(MomentumRange);
  pool.ParallelRanges(n, 4096, [&](size_t begin, size_t end, size_t) {
    kernel(g.f32(), m.f32(), u, step, begin, end);
  });
}

void MuonUpdate(const Tensor& w, const Tensor& x, float scale, const MuonStep& step,
                ThreadPool& pool) {
  const size_t n = w.size();
  CHECK(x.size() == n);
  const auto kernel = &HWY_DYNAMIC_DISPATCH(UpdateRange);
  pool.ParallelRanges(n, 4096, [&](size_t begin, size_t end, size_t) {
    kernel(w.f32(), x, scale, step, begin, end);
  });
}

}  // namespace cambium::ops
#endif  // HWY_ONCE
