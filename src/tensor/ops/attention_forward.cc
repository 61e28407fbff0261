// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/attention.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "numerics/simd_target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/attention_forward.cc"
#include <hwy/foreach_target.h>

#include "tensor/ops/attention_tile-inl.h"

#ifndef CAMBIUM_TENSOR_OPS_ATTENTION_FORWARD_ONCE_
#define CAMBIUM_TENSOR_OPS_ATTENTION_FORWARD_ONCE_
namespace cambium {
// One block of queries of one head. Plain types: shared by all targets.
template <typename T>
struct QueryBlock {
  const T* q;       // [rows, D]
  size_t stride;    // of q and out, in elements
  size_t rows;      // at most the kernel's block
  size_t position;  // of the first row
  const T* keys;    // the kv head's splits
  const T* values;
  T* out;
  float* stats;  // (m, 1/l) per row, or null
  size_t stats_stride;
  const float* sink;  // of the head, or null
  Scratch* scratch;
};
}  // namespace cambium
#endif

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {

template <typename T>
void AttendBlock(const ops::AttentionParams& params, const QueryBlock<T>& block, bool bf16_dot) {
  using ops::kSplitPositions;
  const size_t D = params.head_dim;
  const size_t padded_D = RoundUp(D, kLaneCols);
  const size_t last_position = block.position + block.rows - 1;
  const size_t first_col = FirstVisible(params, block.position) / kPanelCols * kPanelCols;
  const size_t num_cols = last_position + 1 - first_col;
  const size_t score_stride = RoundUp(num_cols, kPanelCols);

  // Scores [rows, score_stride], then probabilities of one split, sums over splits and one split.
  void* memory = block.scratch->Bytes(
      kQueryBlock *
      (score_stride * sizeof(float) + kSplitPositions * sizeof(T) + 2 * padded_D * sizeof(float)));
  float* scores = static_cast<float*>(memory);
  float* sum = scores + kQueryBlock * score_stride;
  float* split_sum = sum + kQueryBlock * padded_D;
  T* p = reinterpret_cast<T*>(split_sum + kQueryBlock * padded_D);
  float max[kQueryBlock];
  float total[kQueryBlock] = {};

  const OperandA queries = RowMajorA(block.q, block.stride);
  for (size_t col = 0; col < num_cols; col += kPanelCols) {
    BlockProduct(block.rows, queries, block.keys + (first_col + col) * D, kPanelCols, D,
                 scores + col, score_stride, std::min(kPanelCols, RoundUp(num_cols - col, kLanes)),
                 false, bf16_dot);
  }

  for (size_t r = 0; r < block.rows; ++r) {
    const size_t last = block.position + r;
    const size_t first = FirstVisible(params, last);
    float* row = scores + r * score_stride;
    Vec16 best = Set(-std::numeric_limits<float>::infinity());
    for (size_t base = first / kLanes * kLanes; base <= last; base += kLanes) {
      float* at = row + (base - first_col);
      const Vec16 t = ScaleScores(Load(at), params);
      Store(t, at);
      best =
          Max(best, MaskPositions(t, base, first, last, -std::numeric_limits<float>::infinity()));
    }
    max[r] = ReduceMax(best);
    if (block.sink != nullptr) max[r] = std::max(max[r], *block.sink);
  }

  std::fill_n(sum, block.rows * padded_D, 0.0f);
  const size_t first_split = first_col / kSplitPositions * kSplitPositions;
  for (size_t split = first_split; split <= last_position; split += kSplitPositions) {
    // Of this split the block sees [begin, end): begin is even, the chain runs in whole pairs.
    const size_t begin = std::max(split, first_col);
    const size_t end = std::min(split + kSplitPositions, RoundUp(last_position + 1, kLanes));
    for (size_t r = 0; r < block.rows; ++r) {
      const size_t last = block.position + r;
      const size_t first = FirstVisible(params, last);
      const float* row = scores + r * score_stride;
      T* p_row = p + r * kSplitPositions;
      const Vec16 m = Set(max[r]);
      Vec16 partial = Zero();
      for (size_t base = begin; base < end; base += kLanes) {
        if (base > last || base + kLanes <= first) {
          Store(Zero(), p_row + (base - begin));
          continue;
        }
        Vec16 e = ExpNonPositive(Sub(Load(row + (base - first_col)), m), math::kSoftmaxLowest);
        e = MaskPositions(e, base, first, last, 0.0f);
        Store(e, p_row + (base - begin));
        partial = Add(partial, Load(p_row + (base - begin)));
      }
      total[r] = total[r] + ReduceAdd(partial);
    }
    const T* values = block.values + split * padded_D;
    for (size_t col = 0; col < D; col += kPanelCols) {
      const size_t width = std::min(kPanelCols, padded_D - col);
      BlockProduct(block.rows, RowMajorA(p, kSplitPositions),
                   values + col * kSplitPositions + (begin - split) * width, width, end - begin,
                   split_sum + col, padded_D, width, false, bf16_dot);
    }
    for (size_t i = 0; i < block.rows * padded_D; i += kLanes) {
      Store(Add(Load(sum + i), Load(split_sum + i)), sum + i);
    }
  }

  for (size_t r = 0; r < block.rows; ++r) {
    if (block.sink != nullptr) {
      total[r] = total[r] + RefExpNonPositive(*block.sink - max[r], math::kSoftmaxLowest);
    }
    const float inverse = 1.0f / total[r];
    if (block.stats != nullptr) {
      block.stats[r * block.stats_stride] = max[r];
      block.stats[r * block.stats_stride + 1] = inverse;
    }
    T* out = block.out + r * block.stride;
    for (size_t d = 0; d < D; d += kLanes) {
      const Vec16 o = Add(Mul(Load(sum + r * padded_D + d), Set(inverse)), Zero());
      if (d + kLanes <= D) {
        Store(o, out + d);
      } else {
        StorePartial(o, out + d, D - d);
      }
    }
  }
}

void AttendBlockF32(const ops::AttentionParams& params, const QueryBlock<float>& block) {
  AttendBlock(params, block, false);
}
void AttendBlockBF16(const ops::AttentionParams& params, const QueryBlock<BFloat16>& block,
                     bool bf16_dot) {
  AttendBlock(params, block, bf16_dot);
}
size_t QueryBlockRows() { return kQueryBlock; }

}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium {
HWY_EXPORT(AttendBlockF32);
HWY_EXPORT(AttendBlockBF16);
HWY_EXPORT(QueryBlockRows);

namespace ops {
namespace {

// All arguments of one call, for the pieces below.
template <typename T>
struct ForwardCall {
  const AttentionParams& params;
  std::span<const AttentionSegment> segments;
  const T* q;
  const T* k;
  const T* v;
  T* out;
  float* stats;
  bool bf16_dot = ActiveSimdTarget() == SimdTarget::kAvx512Bf16;

  size_t group() const { return params.num_heads / params.num_kv_heads; }

  void Append(const AttentionSegment& segment, size_t g, T* keys, T* values) const {
    const size_t D = params.head_dim;
    const size_t stride = params.num_kv_heads * D;
    const size_t source = segment.row * stride + g * D;
    AppendKeys(k + source, stride, segment.past, segment.num_rows, D, keys);
    AppendValues(v + source, stride, segment.past, segment.num_rows, D, values);
  }

  void Attend(const AttentionSegment& segment, size_t head, size_t first_row, size_t block_rows,
              const T* keys, const T* values, Scratch* scratch) const {
    const size_t H = params.num_heads, D = params.head_dim;
    const size_t row = segment.row + first_row;
    const QueryBlock<T> block = {.q = q + (row * H + head) * D,
                                 .stride = H * D,
                                 .rows = std::min(block_rows, segment.num_rows - first_row),
                                 .position = segment.past + first_row,
                                 .keys = keys,
                                 .values = values,
                                 .out = out + (row * H + head) * D,
                                 .stats = stats == nullptr ? nullptr : stats + (row * H + head) * 2,
                                 .stats_stride = 2 * H,
                                 .sink = params.sinks == nullptr ? nullptr : params.sinks + head,
                                 .scratch = scratch};
    if constexpr (std::is_same_v<T, float>) {
      HWY_DYNAMIC_DISPATCH(AttendBlockF32)(params, block);
    } else {
      HWY_DYNAMIC_DISPATCH(AttendBlockBF16)(params, block, bf16_dot);
    }
  }
};

// Training: a task packs the keys and values of one kv head and answers all its queries.
template <typename T>
void ForwardWithoutCache(const ForwardCall<T>& call, size_t block_rows, ThreadPool& pool) {
  const size_t Hkv = call.params.num_kv_heads, D = call.params.head_dim, G = call.group();
  pool.ParallelFor(call.segments.size() * Hkv, [&](size_t task, size_t) {
    thread_local Scratch blocks, scratch;
    const AttentionSegment& segment = call.segments[task / Hkv];
    CHECK(segment.past == 0);
    const size_t g = task % Hkv;
    const size_t splits = NumSplits(segment.num_rows);
    T* keys = blocks.Get<T>(splits * (KeySplitSize(D) + ValueSplitSize(D)));
    T* values = keys + splits * KeySplitSize(D);
    // The value rows between the last position and the end of its 16 are read (times zero).
    const size_t used = RoundUp(segment.num_rows, kLaneCols);
    const size_t offset = segment.num_rows % kSplitPositions;
    call.Append(segment, g, keys, values);
    if (offset != 0) ZeroValues(segment.num_rows, used, D, values);
    for (size_t h = g * G; h < (g + 1) * G; ++h) {
      for (size_t row = 0; row < segment.num_rows; row += block_rows) {
        call.Attend(segment, h, row, block_rows, keys, values, &scratch);
      }
    }
  });
}

// Inference: the new rows go into the cache, then every block of queries is a task.
template <typename T>
void ForwardWithCache(const ForwardCall<T>& call, size_t block_rows, ThreadPool& pool) {
  const size_t H = call.params.num_heads, Hkv = call.params.num_kv_heads;
  const auto keys = [](const AttentionSegment& s, size_t g) {
    return static_cast<T*>(s.keys) + g * s.keys_head_stride;
  };
  const auto values = [](const AttentionSegment& s, size_t g) {
    return static_cast<T*>(s.values) + g * s.values_head_stride;
  };
  pool.ParallelFor(call.segments.size() * Hkv, [&](size_t task, size_t) {
    const AttentionSegment& segment = call.segments[task / Hkv];
    call.Append(segment, task % Hkv, keys(segment, task % Hkv), values(segment, task % Hkv));
  });
  struct Task {
    size_t segment, head, first_row;
  };
  std::vector<Task> tasks;
  for (size_t s = 0; s < call.segments.size(); ++s) {
    for (size_t h = 0; h < H; ++h) {
      for (size_t row = 0; row < call.segments[s].num_rows; row += block_rows) {
        tasks.push_back({s, h, row});
      }
    }
  }
  pool.ParallelFor(tasks.size(), [&](size_t index, size_t) {
    thread_local Scratch scratch;
    const Task& task = tasks[index];
    const AttentionSegment& segment = call.segments[task.segment];
    const size_t g = task.head / call.group();
    call.Attend(segment, task.head, task.first_row, block_rows, keys(segment, g),
                values(segment, g), &scratch);
  });
}

template <typename T>
void Forward(const AttentionParams& params, std::span<const AttentionSegment> segments,
             const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& out,
             const Tensor& stats, ThreadPool& pool) {
  const ForwardCall<T> call = {params,
                               segments,
                               q.ptr<T>(),
                               k.ptr<T>(),
                               v.ptr<T>(),
                               out.ptr<T>(),
                               stats.empty() ? nullptr : stats.f32()};
  const size_t block_rows = HWY_DYNAMIC_DISPATCH(QueryBlockRows)();
  const bool with_cache = !segments.empty() && segments[0].keys != nullptr;
  for (const AttentionSegment& s : segments) CHECK((s.keys != nullptr) == with_cache);
  if (with_cache) {
    ForwardWithCache(call, block_rows, pool);
  } else {
    ForwardWithoutCache(call, block_rows, pool);
  }
}

}  // namespace

void AttentionForward(const AttentionParams& params, std::span<const AttentionSegment> segments,
                      const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& out,
                      const Tensor& stats, ThreadPool& pool) {
  CHECK(params.num_kv_heads > 0 && params.num_heads % params.num_kv_heads == 0);
  CHECK(params.head_dim % 2 == 0);
  CHECK(q.cols() == params.num_heads * params.head_dim && q.dtype == out.dtype);
  CHECK(k.cols() == params.num_kv_heads * params.head_dim && k.dtype == q.dtype);
  if (q.dtype == DType::kF32) {
    Forward<float>(params, segments, q, k, v, out, stats, pool);
  } else {
    Forward<BFloat16>(params, segments, q, k, v, out, stats, pool);
  }
}

}  // namespace ops
}  // namespace cambium
#endif  // HWY_ONCE
