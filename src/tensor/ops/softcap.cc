// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/softcap.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/softcap.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "numerics/math-inl.h"
#include "numerics/simd_loop-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium::ops {
namespace HWY_NAMESPACE {
namespace {

using namespace cambium::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)

void ForwardRange(const float* x, float c, float* y, size_t begin, size_t end) {
  const Vec16 cap = Set(c);
  ForBlocks(begin, end, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
    StoreBlock(Mul(cap, Tanh(Div(LoadBlock(x + i, block), cap))), y + i, block);
  });
}

void BackwardRange(const float* dy, const float* y, float c, float* dx, size_t begin, size_t end) {
  const Vec16 cap = Set(c);
  ForBlocks(begin, end, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
    const Vec16 t = Div(LoadBlock(y + i, block), cap);
    const Vec16 slope = NegFma(t, t, Set(1.0f));
    StoreBlock(Mul(LoadBlock(dy + i, block), slope), dx + i, block);
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium::ops
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium::ops {

HWY_EXPORT(ForwardRange);
HWY_EXPORT(BackwardRange);

void SoftcapForward(const Tensor& x, float c, const Tensor& y, ThreadPool& pool) {
  CHECK(x.size() == y.size() && c > 0);
  const auto kernel = &HWY_DYNAMIC_DISPATCH(ForwardRange);
  pool.ParallelRanges(x.size(), 4096, [&](size_t begin, size_t end, size_t) {
    kernel(x.f32(), c, y.f32(), begin, end);
  });
}

void SoftcapBackward(const Tensor& dy, const Tensor& y, float c, const Tensor& dx,
                     ThreadPool& pool) {
  CHECK(dy.size() == y.size() && dx.size() == y.size() && c > 0);
  const auto kernel = &HWY_DYNAMIC_DISPATCH(BackwardRange);
  pool.ParallelRanges(y.size(), 4096, [&](size_t begin, size_t end, size_t) {
    kernel(dy.f32(), y.f32(), c, dx.f32(), begin, end);
  });
}

}  // namespace cambium::ops
#endif  // HWY_ONCE
