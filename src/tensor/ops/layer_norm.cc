// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/layer_norm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/layer_norm.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "numerics/simd_loop-inl.h"
#include "tensor/ops/column_sums.h"
#include "tensor/ops/dispatch.h"

#ifndef CAMBIUM_OPS_LAYER_NORM_ARGS
#define CAMBIUM_OPS_LAYER_NORM_ARGS
namespace cambium::ops {
struct LayerNormArgs {
  size_t C;
  const float* x;
  const float* w;
  const float* b;  // null in Backward
  Tensor y;        // dy in Backward
  float* stats;
  float* dx;
  float eps;
};
}  // namespace cambium::ops
#endif

HWY_BEFORE_NAMESPACE();
namespace cambium::ops {
namespace HWY_NAMESPACE {
namespace {

using namespace cambium::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)

// Tail lanes beyond the row must not add (0 - m)^2: their weight in the sums is 0.
template <class Block>
HWY_INLINE Vec16 Centered(const float* x, Vec16 m, Block block, float mean) {
  return Sub(LoadBlock(x, block, mean), m);
}

template <typename Y>
HWY_INLINE void ForwardRows(const LayerNormArgs& a, size_t begin, size_t end) {
  const size_t C = a.C;
  for (size_t n = begin; n < end; ++n) {
    const float* x = a.x + n * C;
    Y* y = static_cast<Y*>(a.y.data) + n * C;
    Vec16 sum = Zero();
    ForBlocks(0, C, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      sum = Add(sum, LoadBlock(x + i, block));
    });
    const float mean = ReduceAdd(sum) / static_cast<float>(C);
    const Vec16 m = Set(mean);
    Vec16 squares = Zero();
    ForBlocks(0, C, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      const Vec16 d = Centered(x + i, m, block, mean);
      squares = Fma(d, d, squares);
    });
    const float r = 1.0f / std::sqrt(ReduceAdd(squares) / static_cast<float>(C) + a.eps);
    a.stats[2 * n] = mean;
    a.stats[2 * n + 1] = r;
    const Vec16 scale = Set(r);
    ForBlocks(0, C, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      const Vec16 h = Mul(Sub(LoadBlock(x + i, block), m), scale);
      StoreBlock(Fma(h, LoadBlock(a.w + i, block), LoadBlock(a.b + i, block)), y + i, block);
    });
  }
}

template <typename DY>
HWY_INLINE void BackwardRows(const LayerNormArgs& a, size_t begin, size_t end, float* dw_block,
                             float* db_block) {
  const size_t C = a.C;
  for (size_t n = begin; n < end; ++n) {
    const float* x = a.x + n * C;
    const DY* dy = static_cast<const DY*>(a.y.data) + n * C;
    float* dx = a.dx + n * C;
    const float mean = a.stats[2 * n];
    const Vec16 m = Set(mean), r = Set(a.stats[2 * n + 1]);
    Vec16 sum = Zero(), dot = Zero();
    ForBlocks(0, C, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      const Vec16 g = Mul(LoadBlock(dy + i, block), LoadBlock(a.w + i, block));
      sum = Add(sum, g);
      dot = Fma(g, Mul(Centered(x + i, m, block, mean), r), dot);
    });
    const Vec16 average = Set(ReduceAdd(sum) / static_cast<float>(C));
    const Vec16 k = Set(ReduceAdd(dot) / static_cast<float>(C));
    ForBlocks(0, C, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      const Vec16 h = Mul(Sub(LoadBlock(x + i, block), m), r);
      const Vec16 d = LoadBlock(dy + i, block);
      const Vec16 g = Mul(d, LoadBlock(a.w + i, block));
      StoreBlock(Fma(h, d, LoadBlock(dw_block + i, block)), dw_block + i, block);
      StoreBlock(Add(LoadBlock(db_block + i, block), d), db_block + i, block);
      const Vec16 value = Mul(r, NegFma(h, k, Sub(g, average)));
      StoreBlock(Add(LoadBlock(dx + i, block), value), dx + i, block);
    });
  }
}

void LayerNormForwardRange(const LayerNormArgs& a, size_t begin, size_t end) {
  WithType(a.y.dtype, [&](auto* ty) HWY_ATTR {
    ForwardRows<std::remove_pointer_t<decltype(ty)>>(a, begin, end);
  });
}

void LayerNormBackwardRange(const LayerNormArgs& a, size_t begin, size_t end, float* dw_block,
                            float* db_block) {
  WithType(a.y.dtype, [&](auto* ty) HWY_ATTR {
    BackwardRows<std::remove_pointer_t<decltype(ty)>>(a, begin, end, dw_block, db_block);
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium::ops
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium::ops {

HWY_EXPORT(LayerNormForwardRange);
HWY_EXPORT(LayerNormBackwardRange);

void LayerNormForward(const Tensor& x, const Tensor& w, const Tensor& b, float eps, const Tensor& y,
                      const Tensor& stats, ThreadPool& pool) {
  const size_t C = x.cols(), N = x.rows();
  CHECK(w.size() == C && b.size() == C && y.size() == x.size() && stats.size() == 2 * N);
  const LayerNormArgs args = {C, x.f32(), w.f32(), b.f32(), y, stats.f32(), nullptr, eps};
  const auto kernel = &HWY_DYNAMIC_DISPATCH(LayerNormForwardRange);
  const size_t grain = std::max<size_t>(1, 16384 / std::max<size_t>(1, C));
  pool.ParallelRanges(N, grain,
                      [&](size_t begin, size_t end, size_t) { kernel(args, begin, end); });
}

void LayerNormBackward(const Tensor& dy, const Tensor& x, const Tensor& w, const Tensor& stats,
                       const Tensor& dx, const Tensor& dw, const Tensor& db, ThreadPool& pool) {
  const size_t C = x.cols(), N = x.rows();
  CHECK(w.size() == C && dw.size() == C && db.size() == C && stats.size() == 2 * N);
  CHECK(dy.size() == x.size() && dx.size() == x.size());
  const LayerNormArgs args = {C, x.f32(), w.f32(), nullptr, dy, stats.f32(), dx.f32(), 0.0f};
  const auto kernel = &HWY_DYNAMIC_DISPATCH(LayerNormBackwardRange);
  const size_t num_blocks = (N + kLayerNormRowBlock - 1) / kLayerNormRowBlock;
  // dw of all blocks, then db. Kept between calls by the calling thread.
  thread_local std::vector<float> scratch;
  scratch.assign(2 * num_blocks * C, 0.0f);
  float* const dw_blocks = scratch.data();
  float* const db_blocks = dw_blocks + num_blocks * C;
  pool.ParallelFor(num_blocks, [&](size_t block, size_t) {
    const size_t begin = block * kLayerNormRowBlock;
    kernel(args, begin, std::min(begin + kLayerNormRowBlock, N), dw_blocks + block * C,
           db_blocks + block * C);
  });
  AddColumnSums(Tensor(dw_blocks, DType::kF32, {num_blocks, C}), dw, pool);
  AddColumnSums(Tensor(db_blocks, DType::kF32, {num_blocks, C}), db, pool);
}

}  // namespace cambium::ops
#endif  // HWY_ONCE
