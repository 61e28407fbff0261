// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/experts.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/experts.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <type_traits>

#include "numerics/math-inl.h"
#include "numerics/simd_loop-inl.h"
#include "tensor/ops/dispatch.h"
#include "tensor/ops/experts_ref.h"

HWY_BEFORE_NAMESPACE();
namespace cambium::ops {
namespace HWY_NAMESPACE {
namespace {

using namespace cambium::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)

void CombineOne(size_t C, size_t K, const float* y, const int32_t* slots, const float* weights,
                const float* residual, float* out) {
  ForBlocks(0, C, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
    Vec16 sum = Zero();
    for (size_t k = 0; k < K; ++k) {
      const float* row = y + static_cast<size_t>(slots[k]) * C;
      sum = Fma(Set(weights[k]), LoadBlock(row + i, block), sum);
    }
    StoreBlock(Add(LoadBlock(residual + i, block), sum), out + i, block);
  });
}

void ClampedSwiGluRange(const Tensor& g, const Tensor& u, const Tensor& a, size_t begin,
                        size_t end) {
  WithType(a.dtype, [&](auto* ta) HWY_ATTR {
    using A = std::remove_pointer_t<decltype(ta)>;
    const A* gate = static_cast<const A*>(g.data);
    const A* up = static_cast<const A*>(u.data);
    A* out = static_cast<A*>(a.data);
    const Vec16 limit = Set(kSwiGluLimit);
    ForBlocks(begin, end, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      const Vec16 h = Min(LoadBlock(gate + i, block), limit);
      const Vec16 clamped = Max(Min(LoadBlock(up + i, block), limit), Neg(limit));
      const Vec16 act = Mul(h, Sigmoid(Mul(h, Set(kSwiGluAlpha))));
      StoreBlock(Mul(Add(clamped, Set(1.0f)), act), out + i, block);
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

HWY_EXPORT(CombineOne);
HWY_EXPORT(ClampedSwiGluRange);

void RouteExperts(const Tensor& logits, size_t K, bool normalize, std::span<int32_t> experts,
                  std::span<float> weights, ThreadPool& pool) {
  const size_t T = logits.rows(), E = logits.cols();
  CHECK(K > 0 && K <= E && experts.size() == T * K && weights.size() == T * K);
  // Scalar: a few hundred numbers per token, beside matrix products of millions.
  pool.ParallelRanges(T, std::max<size_t>(1, 4096 / E), [&](size_t begin, size_t end, size_t) {
    for (size_t t = begin; t < end; ++t) {
      ref::RouteToken(E, K, normalize, logits.f32() + t * E, &experts[t * K], &weights[t * K]);
    }
  });
}

void CombineExperts(const Tensor& y, std::span<const int32_t> slots, std::span<const float> weights,
                    size_t K, const Tensor& residual, const Tensor& out, ThreadPool& pool) {
  const size_t T = out.rows(), C = out.cols();
  CHECK(slots.size() == T * K && weights.size() == T * K && residual.size() == out.size());
  CHECK(y.cols() == C);
  for (const int32_t slot : slots) CHECK(slot >= 0 && static_cast<size_t>(slot) < y.rows());
  const auto kernel = &HWY_DYNAMIC_DISPATCH(CombineOne);
  const size_t grain = std::max<size_t>(1, 8192 / std::max<size_t>(1, K * C));
  pool.ParallelRanges(T, grain, [&](size_t begin, size_t end, size_t) {
    for (size_t t = begin; t < end; ++t) {
      kernel(C, K, y.f32(), &slots[t * K], &weights[t * K], residual.f32() + t * C,
             out.f32() + t * C);
    }
  });
}

void ClampedSwiGlu(const Tensor& g, const Tensor& u, const Tensor& a, ThreadPool& pool) {
  CHECK(g.size() == a.size() && u.size() == a.size());
  CHECK(g.dtype == a.dtype && u.dtype == a.dtype);
  const auto kernel = &HWY_DYNAMIC_DISPATCH(ClampedSwiGluRange);
  pool.ParallelRanges(a.size(), 4096,
                      [&](size_t begin, size_t end, size_t) { kernel(g, u, a, begin, end); });
}

}  // namespace cambium::ops
#endif  // HWY_ONCE
