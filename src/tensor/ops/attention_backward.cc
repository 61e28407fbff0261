// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "base/check.h"
#include "numerics/simd_target.h"
#include "tensor/ops/attention_block.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/attention_backward.cc"
#include <hwy/foreach_target.h>

#include "tensor/ops/attention_gradients-inl.h"

#ifndef CAMBIUM_TENSOR_OPS_ATTENTION_BACKWARD_ONCE_
#define CAMBIUM_TENSOR_OPS_ATTENTION_BACKWARD_ONCE_
namespace cambium {
// Queries that are answered together, for one panel of keys.
inline constexpr size_t kBlockRows = 64;

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

template <bool kBf16Dot, typename T>
HWY_INLINE void StoreCanonical(const float* sum, size_t D, T* out) {
  for (size_t d = 0; d < D; d += kLanes) {
    const Vec16 x = Add(Load(sum + d), Zero());
    if (d + kLanes <= D) {
      StoreRounded<kBf16Dot>(x, out + d);
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

// Adds up what one head of the group contributes. Panels of keys are the outer loop, so that their
// sums stay in the first-level cache; the chains of dq go on from panel to panel.
template <typename T, bool kBf16Dot>
class HeadGradient {
 public:
  HeadGradient(const ops::AttentionParams& params, const KvHeadGradient<T>& head)
      : params_(params), head_(head), D_(params.head_dim), N_(head.rows) {
    const size_t sums = N_ * padded_D_;
    const size_t f32_size = 3 * sums + 2 * kBlockRows * kPanelCols;
    const size_t t_size = 2 * RoundUp(N_, kPanelCols) * D_ + 3 * RoundUp(N_, 2) * padded_D_ +
                          3 * kBlockRows * kPanelCols;
    char* memory = static_cast<char*>(head.scratch->Bytes(
        f32_size * sizeof(float) + t_size * sizeof(T) + (N_ + 1) * sizeof(GradientRow)));
    const auto take = [&]<typename E>(E*& part, size_t size) {
      part = reinterpret_cast<E*>(memory);
      memory += size * sizeof(E);
    };
    take(dk_sum_, sums);
    take(dv_sum_, sums);
    take(dq_sum_, sums);
    take(scores_, kBlockRows * kPanelCols);
    take(dp_, kBlockRows * kPanelCols);
    take(k_rows_, RoundUp(N_, kPanelCols) * D_);
    take(v_rows_, RoundUp(N_, kPanelCols) * D_);
    for (T** const columns : {&k_columns_, &q_columns_, &dout_columns_}) {
      take(*columns, RoundUp(N_, 2) * padded_D_);
    }
    for (T** const weights : {&pa_pairs_, &ds_pairs_, &ds_rows_}) {
      take(*weights, kBlockRows * kPanelCols);
    }
    take(rows_, N_ + 1);
  }

  void Run() {
    PackRowPanels(head_.k, N_, D_, head_.kv_stride, k_rows_);
    PackRowPanels(head_.v, N_, D_, head_.kv_stride, v_rows_);
    PackColumnPanels(head_.k, N_, D_, head_.kv_stride, k_columns_);
    std::fill_n(dk_sum_, N_ * padded_D_, 0.0f);
    std::fill_n(dv_sum_, N_ * padded_D_, 0.0f);
    for (size_t h = 0; h < head_.group; ++h) AddHead(h);
    StoreRows(dk_sum_, head_.kv_stride, head_.dk);
    StoreRows(dv_sum_, head_.kv_stride, head_.dv);
  }

 private:
  void AddHead(size_t h) {
    q_ = head_.q + h * D_;
    dout_ = head_.dout + h * D_;
    for (size_t i = 0; i < N_; ++i) {
      const float* stats = head_.stats + i * head_.stats_stride + 2 * h;
      const T* out = head_.out + i * head_.q_stride + h * D_;
      rows_[i] = {stats[0], stats[1], RowDot(dout_ + i * head_.q_stride, out, D_)};
    }
    rows_[N_] = {};
    PackColumnPanels(q_, N_, D_, head_.q_stride, q_columns_);
    PackColumnPanels(dout_, N_, D_, head_.q_stride, dout_columns_);
    std::fill_n(dq_sum_, N_ * padded_D_, 0.0f);
    for (size_t col = 0; col < N_; col += kPanelCols) {
      const size_t end =
          params_.window == 0 ? N_ : std::min(N_, col + kPanelCols - 1 + params_.window);
      for (size_t row = col; row < end; row += kBlockRows) {
        AddBlock(row, std::min(kBlockRows, end - row), col);
      }
    }
    StoreRows(dq_sum_, head_.q_stride, head_.dq + h * D_);
  }

  // Queries [row, row + rows) and the panel of keys at col <= row.
  void AddBlock(size_t row, size_t rows, size_t col) {
    // Off the diagonal all queries go at once.
    const size_t strip = KeysOfStrip(row, col) == kPanelCols ? kBlockRows : kStripRows;
    const auto for_strips = [&](size_t size, const auto& fn) {
      for (size_t i = 0; i < size; i += strip) fn(i, std::min(strip, size - i));
    };
    for_strips(rows, [&](size_t r, size_t n) {
      const size_t cols = KeysOfStrip(row + r, col), at = (row + r) * head_.q_stride;
      const auto dots = [&](const T* a, const T* panels, float* out) {
        BlockProduct<T, kBf16Dot>(n, RowMajorA(a + at, head_.q_stride), panels + col * D_,
                                  kPanelCols, D_, out + r * kPanelCols, kPanelCols, cols, false);
      };
      dots(q_, k_rows_, scores_);
      dots(dout_, v_rows_, dp_);
    });
    const auto gradients = params_.softcap > 0 ? PanelGradients<T, kBf16Dot, true>
                                               : PanelGradients<T, kBf16Dot, false>;
    gradients(params_, rows_ + row, row, rows, col, scores_, dp_, pa_pairs_, ds_pairs_, ds_rows_);
    for_strips(rows, [&](size_t r, size_t n) {
      const size_t keys = std::min(KeysOfStrip(row + r, col), RoundUp(N_ - col, 2));
      AddProduct(n, RowMajorA(ds_rows_ + r * kPanelCols, kPanelCols), k_columns_, col, keys,
                 dq_sum_ + (row + r) * padded_D_);
    });
    for_strips(std::min({kPanelCols, N_ - col, row + rows - col}), [&](size_t key, size_t n) {
      const size_t skipped = strip == kStripRows && col + key > row ? col + key - row : 0;
      const auto add = [&](const T* weights, const T* columns, float* sum) {
        AddProduct(n, WeightPairs(weights, skipped, key), columns, row + skipped,
                   RoundUp(rows - skipped, 2), sum + (col + key) * padded_D_);
      };
      add(pa_pairs_, dout_columns_, dv_sum_);
      add(ds_pairs_, q_columns_, dk_sum_);
    });
  }

  // sum [n, padded D] += a * rows [first, first + depth) of `columns`.
  void AddProduct(size_t n, const OperandA& a, const T* columns, size_t first, size_t depth,
                  float* sum) {
    for (size_t d = 0; d < D_; d += kPanelCols) {
      const size_t width = std::min(kPanelCols, padded_D_ - d);
      BlockProduct<T, kBf16Dot>(n, a, columns + d * RoundUp(N_, 2) + first * width, width, depth,
                                sum + d, padded_D_, width, true);
    }
  }

  void StoreRows(const float* sum, size_t stride, T* out) const {
    for (size_t i = 0; i < N_; ++i)
      StoreCanonical<kBf16Dot>(sum + i * padded_D_, D_, out + i * stride);
  }

  const ops::AttentionParams& params_;
  const KvHeadGradient<T>& head_;
  const size_t D_, N_;
  const size_t padded_D_ = RoundUp(D_, kLaneCols);
  float *dk_sum_, *dv_sum_, *dq_sum_;          // [N, padded D]
  float *scores_, *dp_;                        // [kBlockRows, kPanelCols]
  T *k_rows_, *v_rows_;                        // B operands: columns are keys
  T *k_columns_, *q_columns_, *dout_columns_;  // B operands: columns are those of D
  T *pa_pairs_, *ds_pairs_, *ds_rows_;         // of one block
  GradientRow* rows_;                          // [N + 1]
  const T *q_, *dout_;                         // of the head
};

void BackwardKvHeadF32(const ops::AttentionParams& params, const KvHeadGradient<float>& head) {
  HeadGradient<float, false>(params, head).Run();
}
void BackwardKvHeadBF16(const ops::AttentionParams& params, const KvHeadGradient<BFloat16>& head,
                        bool bf16_dot) {
#if HWY_TARGET == HWY_AVX3
  if (bf16_dot) return HeadGradient<BFloat16, true>(params, head).Run();
#endif
  (void)bf16_dot;
  HeadGradient<BFloat16, false>(params, head).Run();
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
