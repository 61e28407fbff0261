// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "base/check.h"
#include "numerics/simd_target.h"
#include "tensor/ops/attention_block.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/attention_backward.cc"
#include <hwy/foreach_target.h>

#include "tensor/ops/attention_tile-inl.h"

#ifndef CAMBIUM_TENSOR_OPS_ATTENTION_BACKWARD_ONCE_
#define CAMBIUM_TENSOR_OPS_ATTENTION_BACKWARD_ONCE_
namespace cambium {
// One kv head of one segment: pointers to its first row and first head, strides in elements.
template <typename T>
struct KvHeadGradient {
  const T *q, *k, *v, *out, *dout;
  T *dq, *dk, *dv;
  const float* stats;
  size_t q_stride;   // of q, out, dout, dq: H * D
  size_t kv_stride;  // of k, v, dk, dv: Hkv * D
  size_t stats_stride;
  size_t rows;   // of the segment
  size_t group;  // query heads of this kv head
  Scratch* scratch;
};
}  // namespace cambium
#endif

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {

// sum_d a[d] * b[d]: 16 partial sums with fma, then the tree.
template <typename T>
HWY_INLINE float RowDot(const T* a, const T* b, size_t D) {
  Vec16 partial = Zero();
  size_t d = 0;
  for (; d + kLanes <= D; d += kLanes) partial = Fma(Load(a + d), Load(b + d), partial);
  if (d < D) {
    partial = Fma(LoadPartial(a + d, D - d, 0.0f), LoadPartial(b + d, D - d, 0.0f), partial);
  }
  return ReduceAdd(partial);
}

template <typename T>
HWY_INLINE void StoreCanonical(const float* sum, size_t D, T* out) {
  for (size_t d = 0; d < D; d += kLanes) {
    const Vec16 x = Add(Load(sum + d), Zero());
    if (d + kLanes <= D) {
      Store(x, out + d);
    } else {
      StorePartial(x, out + d, D - d);
    }
  }
}

// Panels of D columns and the given depth, each panel 'depth' rounded up to even deep.
template <typename T>
void PackColumnPanels(const T* source, size_t depth, size_t D, size_t stride, T* packed) {
  const size_t padded = RoundUp(D, kLaneCols);
  for (size_t col = 0; col < D; col += kPanelCols) {
    const size_t width = std::min(kPanelCols, padded - col);
    PackPanelFromColumns(source + col, depth, std::min(width, D - col), stride, width,
                         packed + col * RoundUp(depth, 2));
  }
}

template <typename T>
void PackRowPanels(const T* source, size_t rows, size_t D, size_t stride, T* packed) {
  for (size_t row = 0; row < rows; row += kPanelCols) {
    PackPanelFromRows(source + row * stride, std::min(kPanelCols, rows - row), D, stride,
                      kPanelCols, packed + row * D);
  }
}

// pa and ds of one block of queries, from its scores and dp (both [rows, stride] f32).
template <typename T>
void ProbabilityGradients(const ops::AttentionParams& params, const KvHeadGradient<T>& head,
                          size_t h, size_t first_row, size_t rows, size_t first_col,
                          size_t num_cols, const float* scores, const float* dp, size_t stride,
                          T* pa, T* ds) {
  const size_t D = params.head_dim;
  for (size_t r = 0; r < rows; ++r) {
    const size_t last = first_row + r;
    const size_t first = FirstVisible(params, last);
    const size_t at = last * head.q_stride + h * D;
    const float delta = RowDot(head.dout + at, head.out + at, D);
    const float* stats = head.stats + last * head.stats_stride + 2 * h;
    const Vec16 m = Set(stats[0]), inverse_l = Set(stats[1]);
    for (size_t col = 0; col < num_cols; col += kLanes) {
      const size_t base = first_col + col;
      T* pa_at = pa + r * stride + col;
      T* ds_at = ds + r * stride + col;
      if (base > last || base + kLanes <= first) {
        Store(Zero(), pa_at);
        Store(Zero(), ds_at);
        continue;
      }
      const Vec16 t = ScaleScores(Load(scores + r * stride + col), params);
      const Vec16 p = Mul(ExpNonPositive(Sub(t, m), math::kSoftmaxLowest), inverse_l);
      Vec16 s = Mul(Mul(p, Sub(Load(dp + r * stride + col), Set(delta))), Set(params.scale));
      if (params.softcap > 0) {
        const Vec16 ratio = Mul(t, Set(1.0f / params.softcap));
        s = Mul(s, NegFma(ratio, ratio, Set(1.0f)));
      }
      Store(MaskPositions(p, base, first, last, 0.0f), pa_at);
      Store(MaskPositions(s, base, first, last, 0.0f), ds_at);
    }
  }
}

template <typename T>
void BackwardKvHead(const ops::AttentionParams& params, const KvHeadGradient<T>& head,
                    bool bf16_dot) {
  const size_t D = params.head_dim;
  const size_t padded_D = RoundUp(D, kLaneCols);
  const size_t N = head.rows;
  const size_t even_N = RoundUp(N, 2);
  const size_t stride = RoundUp(N, kPanelCols);

  const size_t f32_size =
      2 * D * stride + 2 * kQueryBlock * stride + kQueryBlock * padded_D + N * padded_D;
  const size_t t_size = 2 * stride * D + even_N * padded_D + 3 * kQueryBlock * stride +
                        TransposedSize(D, kQueryBlock) + 64;
  void* memory = head.scratch->Bytes(f32_size * sizeof(float) + t_size * sizeof(T));
  float* dk_sum = static_cast<float*>(memory);
  float* dv_sum = dk_sum + D * stride;
  float* scores = dv_sum + D * stride;
  float* dp = scores + kQueryBlock * stride;
  float* dq_sum = dp + kQueryBlock * stride;
  float* key_rows = dq_sum + kQueryBlock * padded_D;
  T* k_rows = reinterpret_cast<T*>(key_rows + N * padded_D);
  T* v_rows = k_rows + stride * D;
  T* k_columns = v_rows + stride * D;
  T* pa = k_columns + even_N * padded_D;
  T* ds = pa + kQueryBlock * stride;
  T* query_panel = ds + kQueryBlock * stride;
  T* transposed_block = query_panel + kQueryBlock * stride;

  PackRowPanels(head.k, N, D, head.kv_stride, k_rows);
  PackRowPanels(head.v, N, D, head.kv_stride, v_rows);
  PackColumnPanels(head.k, N, D, head.kv_stride, k_columns);
  std::fill_n(dk_sum, 2 * D * stride, 0.0f);

  for (size_t h = 0; h < head.group; ++h) {
    for (size_t row = 0; row < N; row += kQueryBlock) {
      const size_t rows = std::min(kQueryBlock, N - row);
      const size_t first_col = FirstVisible(params, row) / kPanelCols * kPanelCols;
      // Whole lanes; beyond N - 1 the keys are zero padding of their panel.
      const size_t num_cols = RoundUp(row + rows - first_col, kLanes);
      const size_t num_keys = std::min(num_cols, N - first_col);
      const T* q = head.q + row * head.q_stride + h * D;
      const T* dout = head.dout + row * head.q_stride + h * D;
      for (size_t col = 0; col < num_cols; col += kPanelCols) {
        const size_t cols = std::min(kPanelCols, num_cols - col);
        BlockProduct(rows, RowMajorA(q, head.q_stride), k_rows + (first_col + col) * D, kPanelCols,
                     D, scores + col, stride, cols, false, bf16_dot);
        BlockProduct(rows, RowMajorA(dout, head.q_stride), v_rows + (first_col + col) * D,
                     kPanelCols, D, dp + col, stride, cols, false, bf16_dot);
      }
      ProbabilityGradients(params, head, h, row, rows, first_col, num_cols, scores, dp, stride, pa,
                           ds);

      // dq = ds * k: the chain runs over all visible keys of the block.
      for (size_t col = 0; col < D; col += kPanelCols) {
        const size_t width = std::min(kPanelCols, padded_D - col);
        BlockProduct(rows, RowMajorA(ds, stride), k_columns + col * even_N + first_col * width,
                     width, RoundUp(num_keys, 2), dq_sum + col, padded_D, width, false, bf16_dot);
      }
      for (size_t r = 0; r < rows; ++r) {
        StoreCanonical(dq_sum + r * padded_D, D, head.dq + (row + r) * head.q_stride + h * D);
      }

      // dv += pa^T * dout, dk += ds^T * q, both transposed: columns are keys, as in pa and ds. The
      // chain over queries goes on from block to block.
      const auto add_transposed = [&](const T* rows_of_d, const T* weights, float* sum) {
        const OperandA a = PackTransposedA(rows_of_d, rows, D, head.q_stride, transposed_block);
        for (size_t col = 0; col < num_cols; col += kPanelCols) {
          const size_t cols = std::min(kPanelCols, num_cols - col);
          PackPanelFromColumns(weights + col, rows, cols, stride, cols, query_panel);
          BlockProduct(D, a, query_panel, cols, rows, sum + first_col + col, stride, cols, true,
                       bf16_dot);
        }
      };
      add_transposed(dout, pa, dv_sum);
      add_transposed(q, ds, dk_sum);
    }
  }
  const auto store_rows = [&](const float* sum, T* out) {
    Transpose(sum, D, N, stride, key_rows, padded_D);
    for (size_t j = 0; j < N; ++j) {
      StoreCanonical(key_rows + j * padded_D, D, out + j * head.kv_stride);
    }
  };
  store_rows(dk_sum, head.dk);
  store_rows(dv_sum, head.dv);
}

void BackwardKvHeadF32(const ops::AttentionParams& params, const KvHeadGradient<float>& head) {
  BackwardKvHead(params, head, false);
}
void BackwardKvHeadBF16(const ops::AttentionParams& params, const KvHeadGradient<BFloat16>& head,
                        bool bf16_dot) {
  BackwardKvHead(params, head, bf16_dot);
}

}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium {
HWY_EXPORT(BackwardKvHeadF32);
HWY_EXPORT(BackwardKvHeadBF16);

namespace ops {
namespace {

template <typename T>
void Backward(const AttentionParams& params, std::span<const AttentionSegment> segments,
              const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& out,
              const Tensor& stats, const Tensor& dout, const Tensor& dq, const Tensor& dk,
              const Tensor& dv, ThreadPool& pool) {
  const size_t H = params.num_heads, Hkv = params.num_kv_heads, D = params.head_dim;
  const size_t G = H / Hkv;
  const bool bf16_dot = ActiveSimdTarget() == SimdTarget::kAvx512Bf16;
  pool.ParallelFor(segments.size() * Hkv, [&](size_t task, size_t) {
    thread_local Scratch scratch;
    const AttentionSegment& segment = segments[task / Hkv];
    CHECK(segment.past == 0);
    const size_t g = task % Hkv;
    const size_t q_at = segment.row * H * D + g * G * D;
    const size_t kv_at = segment.row * Hkv * D + g * D;
    const KvHeadGradient<T> head = {.q = q.ptr<T>() + q_at,
                                    .k = k.ptr<T>() + kv_at,
                                    .v = v.ptr<T>() + kv_at,
                                    .out = out.ptr<T>() + q_at,
                                    .dout = dout.ptr<T>() + q_at,
                                    .dq = dq.ptr<T>() + q_at,
                                    .dk = dk.ptr<T>() + kv_at,
                                    .dv = dv.ptr<T>() + kv_at,
                                    .stats = stats.f32() + (segment.row * H + g * G) * 2,
                                    .q_stride = H * D,
                                    .kv_stride = Hkv * D,
                                    .stats_stride = 2 * H,
                                    .rows = segment.num_rows,
                                    .group = G,
                                    .scratch = &scratch};
    if constexpr (std::is_same_v<T, float>) {
      HWY_DYNAMIC_DISPATCH(BackwardKvHeadF32)(params, head);
    } else {
      HWY_DYNAMIC_DISPATCH(BackwardKvHeadBF16)(params, head, bf16_dot);
    }
  });
}

}  // namespace

void AttentionBackward(const AttentionParams& params, std::span<const AttentionSegment> segments,
                       const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& out,
                       const Tensor& stats, const Tensor& dout, const Tensor& dq, const Tensor& dk,
                       const Tensor& dv, ThreadPool& pool) {
  CHECK(params.sinks == nullptr);
  if (q.dtype == DType::kF32) {
    Backward<float>(params, segments, q, k, v, out, stats, dout, dq, dk, dv, pool);
  } else {
    Backward<BFloat16>(params, segments, q, k, v, out, stats, dout, dq, dk, dv, pool);
  }
}

}  // namespace ops
}  // namespace cambium
#endif  // HWY_ONCE
