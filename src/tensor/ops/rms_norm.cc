// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/rms_norm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/rms_norm.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "numerics/simd_loop-inl.h"
#include "tensor/ops/column_sums.h"
#include "tensor/ops/dispatch.h"
#include "tensor/ops/row_view.h"

#ifndef CAMBIUM_OPS_RMS_NORM_ARGS
#define CAMBIUM_OPS_RMS_NORM_ARGS
namespace cambium::ops {
struct RmsNormArgs {
  RowView x, y, dx;  // y: dy in Backward
  const float* w;    // null: 1
  float* r;
  float eps;
  bool accumulate_dx;
};
}  // namespace cambium::ops
#endif

HWY_BEFORE_NAMESPACE();
namespace cambium::ops {
namespace HWY_NAMESPACE {
namespace {

using namespace cambium::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)

template <typename X, typename Y>
HWY_INLINE void ForwardRows(const RmsNormArgs& a, size_t begin, size_t end) {
  const size_t C = a.x.cols;
  const float* w = a.w;
  for (size_t n = begin; n < end; ++n) {
    const X* x = a.x.Row<X>(n);
    Y* y = a.y.Row<Y>(n);
    Vec16 squares = Zero();
    ForBlocks(0, C, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      const Vec16 v = LoadBlock(x + i, block);
      squares = Fma(v, v, squares);
    });
    const float r = 1.0f / std::sqrt(ReduceAdd(squares) / static_cast<float>(C) + a.eps);
    a.r[n] = r;
    const Vec16 scale = Set(r);
    if (w == nullptr) {
      ForBlocks(0, C, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
        StoreBlock(Mul(LoadBlock(x + i, block), scale), y + i, block);
      });
    } else {
      ForBlocks(0, C, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
        const Vec16 scaled = Mul(LoadBlock(x + i, block), scale);
        StoreBlock(Mul(scaled, LoadBlock(w + i, block)), y + i, block);
      });
    }
  }
}

// kWeights: g = dy w, and dw_block accumulates; else g = dy.
template <bool kWeights, bool kAccumulate, typename X, typename DY, typename DX>
HWY_INLINE void BackwardRows(const RmsNormArgs& a, size_t begin, size_t end, float* dw_block) {
  const size_t C = a.x.cols;
  const float* w = a.w;
  for (size_t n = begin; n < end; ++n) {
    const X* x = a.x.Row<X>(n);
    const DY* dy = a.y.Row<DY>(n);
    DX* dx = a.dx.Row<DX>(n);
    const float r = a.r[n];
    Vec16 dot = Zero();
    ForBlocks(0, C, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      Vec16 g = LoadBlock(dy + i, block);
      if constexpr (kWeights) g = Mul(g, LoadBlock(w + i, block));
      dot = Fma(g, LoadBlock(x + i, block), dot);
    });
    const Vec16 k = Set(ReduceAdd(dot) / static_cast<float>(C) * (r * r));
    const Vec16 scale = Set(r);
    ForBlocks(0, C, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      const Vec16 v = LoadBlock(x + i, block);
      const Vec16 d = LoadBlock(dy + i, block);
      Vec16 g = d;
      if constexpr (kWeights) {
        g = Mul(g, LoadBlock(w + i, block));
        const Vec16 sum = Fma(Mul(v, scale), d, LoadBlock(dw_block + i, block));
        StoreBlock(sum, dw_block + i, block);
      }
      Vec16 value = Mul(scale, NegFma(v, k, g));
      if constexpr (kAccumulate) value = Add(LoadBlock(dx + i, block), value);
      StoreBlock(value, dx + i, block);
    });
  }
}

void RmsNormForwardRange(const RmsNormArgs& a, size_t begin, size_t end) {
  WithTypes(a.x.dtype, a.y.dtype, [&](auto* tx, auto* ty) HWY_ATTR {
    ForwardRows<std::remove_pointer_t<decltype(tx)>, std::remove_pointer_t<decltype(ty)>>(a, begin,
                                                                                          end);
  });
}

// dw_block: [C], zeros on entry; null without weights.
void RmsNormBackwardRange(const RmsNormArgs& a, size_t begin, size_t end, float* dw_block) {
  WithTypes(a.x.dtype, a.y.dtype, [&](auto* tx, auto* tdy) HWY_ATTR {
    WithType(a.dx.dtype, [&](auto* tdx) HWY_ATTR {
      using X = std::remove_pointer_t<decltype(tx)>;
      using DY = std::remove_pointer_t<decltype(tdy)>;
      using DX = std::remove_pointer_t<decltype(tdx)>;
      if (dw_block != nullptr) {
        a.accumulate_dx ? BackwardRows<true, true, X, DY, DX>(a, begin, end, dw_block)
                        : BackwardRows<true, false, X, DY, DX>(a, begin, end, dw_block);
      } else {
        a.accumulate_dx ? BackwardRows<false, true, X, DY, DX>(a, begin, end, nullptr)
                        : BackwardRows<false, false, X, DY, DX>(a, begin, end, nullptr);
      }
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

HWY_EXPORT(RmsNormForwardRange);
HWY_EXPORT(RmsNormBackwardRange);

void RmsNormForward(const Tensor& x, const Tensor& w, float eps, const Tensor& y, const Tensor& r,
                    ThreadPool& pool, const RmsNormStrides& strides) {
  const RowView rows(x, strides.x);
  const RowView out(y, strides.y);
  CHECK(out.num_rows == rows.num_rows && out.cols == rows.cols && r.size() == rows.num_rows);
  CHECK(w.empty() || w.size() == rows.cols);
  const RmsNormArgs args{rows, out, out, w.empty() ? nullptr : w.f32(), r.f32(), eps, false};
  const auto kernel = &HWY_DYNAMIC_DISPATCH(RmsNormForwardRange);
  // Tasks of at least 16384 elements.
  const size_t grain = std::max<size_t>(1, 16384 / std::max<size_t>(1, rows.cols));
  pool.ParallelRanges(rows.num_rows, grain,
                      [&](size_t begin, size_t end, size_t) { kernel(args, begin, end); });
}

void RmsNormBackward(const Tensor& dy, const Tensor& x, const Tensor& w, const Tensor& r,
                     const Tensor& dx, GradientMode dx_mode, const Tensor& dw, ThreadPool& pool,
                     const RmsNormStrides& strides) {
  const RowView rows(x, strides.x);
  const RowView grad_out(dy, strides.y);
  const RowView grad_in(dx, strides.dx);
  const size_t N = rows.num_rows;
  const size_t C = rows.cols;
  CHECK(grad_out.num_rows == N && grad_out.cols == C && r.size() == N);
  CHECK(grad_in.num_rows == N && grad_in.cols == C);
  CHECK(w.empty() == dw.empty() && (w.empty() || (w.size() == C && dw.size() == C)));
  const RmsNormArgs args{rows,
                         grad_out,
                         grad_in,
                         w.empty() ? nullptr : w.f32(),
                         r.f32(),
                         0.0f,
                         dx_mode == GradientMode::kAccumulate};
  const auto kernel = &HWY_DYNAMIC_DISPATCH(RmsNormBackwardRange);
  const size_t num_blocks = (N + kRmsNormRowBlock - 1) / kRmsNormRowBlock;
  // Kept between calls by the calling thread: no page faults in the training loop.
  thread_local std::vector<float> scratch;
  if (!w.empty()) scratch.assign(num_blocks * C, 0.0f);
  float* const blocks = w.empty() ? nullptr : scratch.data();
  pool.ParallelFor(num_blocks, [&](size_t b, size_t) {
    const size_t begin = b * kRmsNormRowBlock;
    kernel(args, begin, std::min(begin + kRmsNormRowBlock, N),
           blocks == nullptr ? nullptr : blocks + b * C);
  });
  if (blocks == nullptr) return;
  AddColumnSums(Tensor(blocks, DType::kF32, {num_blocks, C}), dw, pool);
}

}  // namespace cambium::ops
#endif  // HWY_ONCE
