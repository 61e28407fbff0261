// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/elementwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/elementwise.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "numerics/simd_loop-inl.h"
#include "tensor/ops/dispatch.h"

HWY_BEFORE_NAMESPACE();
namespace cambium::ops {
namespace HWY_NAMESPACE {
namespace {

using namespace cambium::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)

template <typename X>
X* At(const Tensor& t, size_t begin) {
  return static_cast<X*>(t.data) + begin;
}

void AddRange(const Tensor& a, const Tensor& b, const Tensor& y, size_t begin, size_t end) {
  WithTypes(a.dtype, b.dtype, [&](auto* ta, auto* tb) HWY_ATTR {
    WithType(y.dtype, [&](auto* ty) HWY_ATTR {
      const auto* pa = At<std::remove_pointer_t<decltype(ta)>>(a, begin);
      const auto* pb = At<std::remove_pointer_t<decltype(tb)>>(b, begin);
      auto* py = At<std::remove_pointer_t<decltype(ty)>>(y, begin);
      ForBlocks(0, end - begin, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
        StoreBlock(cambium::HWY_NAMESPACE::Add(LoadBlock(pa + i, block), LoadBlock(pb + i, block)),
                   py + i, block);
      });
    });
  });
}

void ScaleRange(const Tensor& x, float factor, const Tensor& y, size_t begin, size_t end) {
  WithTypes(x.dtype, y.dtype, [&](auto* tx, auto* ty) HWY_ATTR {
    const auto* px = At<std::remove_pointer_t<decltype(tx)>>(x, begin);
    auto* py = At<std::remove_pointer_t<decltype(ty)>>(y, begin);
    const Vec16 scale = Set(factor);
    ForBlocks(0, end - begin, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      StoreBlock(Mul(LoadBlock(px + i, block), scale), py + i, block);
    });
  });
}

void CastRange(const Tensor& x, const Tensor& y, size_t begin, size_t end) {
  WithTypes(x.dtype, y.dtype, [&](auto* tx, auto* ty) HWY_ATTR {
    const auto* px = At<std::remove_pointer_t<decltype(tx)>>(x, begin);
    auto* py = At<std::remove_pointer_t<decltype(ty)>>(y, begin);
    ForBlocks(0, end - begin, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      StoreBlock(LoadBlock(px + i, block), py + i, block);
    });
  });
}

void SumSquaresRange(const Tensor& x, size_t begin, size_t end, float* sum) {
  WithType(x.dtype, [&](auto* tx) HWY_ATTR {
    const auto* px = At<std::remove_pointer_t<decltype(tx)>>(x, begin);
    Vec16 partial = Zero();
    ForBlocks(0, end - begin, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      const Vec16 v = LoadBlock(px + i, block);
      partial = Fma(v, v, partial);
    });
    *sum = ReduceAdd(partial);
  });
}

// x - x is 0 for finite x and NaN otherwise, and NaN stays in a sum.
void NonFiniteRange(const Tensor& x, size_t begin, size_t end, bool* found) {
  WithType(x.dtype, [&](auto* tx) HWY_ATTR {
    const auto* px = At<std::remove_pointer_t<decltype(tx)>>(x, begin);
    Vec16 zeros = Zero();
    ForBlocks(0, end - begin, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      const Vec16 v = LoadBlock(px + i, block);
      zeros = cambium::HWY_NAMESPACE::Add(zeros, Sub(v, v));
    });
    *found = ReduceAdd(zeros) != 0.0f;  // true for NaN
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium::ops
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium::ops {

HWY_EXPORT(AddRange);
HWY_EXPORT(ScaleRange);
HWY_EXPORT(CastRange);
HWY_EXPORT(SumSquaresRange);
HWY_EXPORT(NonFiniteRange);

namespace {
// 64 KiB of f32: long enough to pay for a task, short enough to share.
constexpr size_t kGrain = 16384;
}  // namespace

void Add(const Tensor& a, const Tensor& b, const Tensor& y, ThreadPool& pool) {
  CHECK(a.size() == y.size() && b.size() == y.size());
  const auto kernel = &HWY_DYNAMIC_DISPATCH(AddRange);
  pool.ParallelRanges(y.size(), kGrain,
                      [&](size_t begin, size_t end, size_t) { kernel(a, b, y, begin, end); });
}

void Accumulate(const Tensor& x, const Tensor& sum, ThreadPool& pool) { Add(sum, x, sum, pool); }

void Scale(const Tensor& x, float factor, const Tensor& y, ThreadPool& pool) {
  CHECK(x.size() == y.size());
  const auto kernel = &HWY_DYNAMIC_DISPATCH(ScaleRange);
  pool.ParallelRanges(y.size(), kGrain,
                      [&](size_t begin, size_t end, size_t) { kernel(x, factor, y, begin, end); });
}

void Cast(const Tensor& x, const Tensor& y, ThreadPool& pool) {
  CHECK(x.size() == y.size());
  const auto kernel = &HWY_DYNAMIC_DISPATCH(CastRange);
  pool.ParallelRanges(y.size(), kGrain,
                      [&](size_t begin, size_t end, size_t) { kernel(x, y, begin, end); });
}

double SumSquares(const Tensor& x, ThreadPool& pool) {
  const auto kernel = &HWY_DYNAMIC_DISPATCH(SumSquaresRange);
  const size_t n = x.size();
  std::vector<float> sums((n + kSumSquaresBlock - 1) / kSumSquaresBlock);
  pool.ParallelFor(sums.size(), [&](size_t block, size_t) {
    const size_t begin = block * kSumSquaresBlock;
    kernel(x, begin, std::min(begin + kSumSquaresBlock, n), &sums[block]);
  });
  double total = 0;
  for (const float sum : sums) total += static_cast<double>(sum);
  return total;
}

bool HasNonFinite(const Tensor& x, ThreadPool& pool) {
  const auto kernel = &HWY_DYNAMIC_DISPATCH(NonFiniteRange);
  std::atomic<bool> any{false};
  pool.ParallelRanges(x.size(), kGrain, [&](size_t begin, size_t end, size_t) {
    bool found = false;
    kernel(x, begin, end, &found);
    if (found) any.store(true, std::memory_order_relaxed);
  });
  return any.load();
}

}  // namespace cambium::ops
#endif  // HWY_ONCE
