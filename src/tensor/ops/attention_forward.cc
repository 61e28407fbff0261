// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <vector>

#include "base/check.h"
#include "numerics/simd_target.h"
#include "tensor/ops/attention_block.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/attention_forward.cc"
#include <hwy/foreach_target.h>

#include "tensor/ops/attention_block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {

AttentionSteps<float> StepsF32() {
  return {AttendBlock<float>, ScoreSplit<float>, FinishMax<float>, SumSplit<float>,
          FinishBlock<float>};
}
AttentionSteps<BFloat16> StepsBF16() {
  return {AttendBlock<BFloat16>, ScoreSplit<BFloat16>, FinishMax<BFloat16>, SumSplit<BFloat16>,
          FinishBlock<BFloat16>};
}

}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium {
HWY_EXPORT(StepsF32);
HWY_EXPORT(StepsBF16);

namespace ops {
namespace {

template <typename T>
AttentionSteps<T> ActiveSteps() {
  if constexpr (std::is_same_v<T, float>) {
    return HWY_DYNAMIC_DISPATCH(StepsF32)();
  } else {
    return HWY_DYNAMIC_DISPATCH(StepsBF16)();
  }
}

// Which queries a block has: tokens [first_row, first_row + rows) of a segment, heads [head, head +
// heads) of kv head g.
struct BlockPlace {
  const AttentionSegment* segment;
  size_t g, head, heads, first_row, rows;
};

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
  KvType type;
  AttentionSteps<T> steps = ActiveSteps<T>();
  bool bf16_dot = ActiveSimdTarget() == SimdTarget::kAvx512Bf16;

  size_t group() const { return params.num_heads / params.num_kv_heads; }

  KvLayout LayoutOf(const AttentionSegment& s) const {
    return {type, DTypeOf<T>(), params.head_dim, s.keys != nullptr ? s.room : KvRoom(s.num_rows)};
  }

  void Append(const AttentionSegment& segment, size_t g, void* keys, void* values) const {
    const KvLayout layout = LayoutOf(segment);
    const size_t D = params.head_dim;
    const size_t stride = params.num_kv_heads * D;
    const size_t source = segment.row * stride + g * D;
    AppendKeys(layout, k + source, stride, segment.past, segment.num_rows, keys);
    AppendValues(layout, v + source, stride, segment.past, segment.num_rows, values);
  }

  // All blocks of one kv head of a segment. The heads of a group are rows of one block: what they
  // read of the keys is the same.
  void AddBlocks(const AttentionSegment& segment, size_t g, std::vector<BlockPlace>* places) const {
    for (size_t i = 0; i < group(); i += kQueryBlock) {
      const size_t heads = std::min(kQueryBlock, group() - i);
      const size_t tokens = kQueryBlock / heads;
      for (size_t row = 0; row < segment.num_rows; row += tokens) {
        places->push_back(
            {&segment, g, g * group() + i, heads, row, std::min(tokens, segment.num_rows - row)});
      }
    }
  }

  // Bytes that MakeBlock needs behind `memory` for queries and scores.
  size_t BlockBytes(const BlockPlace& place) const {
    return RoundUp(kQueryBlock * params.head_dim * sizeof(T), 64) +
           NumScoreSplits(place) * kSplitScores * sizeof(float);
  }
  size_t FirstCol(const BlockPlace& place) const {
    return FirstVisible(params, place.segment->past + place.first_row) / kPanelCols * kPanelCols;
  }
  size_t NumScoreSplits(const BlockPlace& place) const {
    return NumSplits(place.segment->past + place.first_row + place.rows) -
           FirstCol(place) / kSplitPositions;
  }

  QueryBlock<T> MakeBlock(const BlockPlace& place, const void* keys, const void* values,
                          void* memory) const {
    const size_t H = params.num_heads, D = params.head_dim;
    const size_t row = place.segment->row + place.first_row;
    T* queries = static_cast<T*>(memory);
    for (size_t t = 0; t < place.rows; ++t) {
      std::copy_n(q + ((row + t) * H + place.head) * D, place.heads * D,
                  queries + t * place.heads * D);
    }
    char* scores = static_cast<char*>(memory) + RoundUp(kQueryBlock * D * sizeof(T), 64);
    return {.rows = place.rows * place.heads,
            .heads = place.heads,
            .position = place.segment->past + place.first_row,
            .q = queries,
            .out = out + (row * H + place.head) * D,
            .out_stride = H * D,
            .stats = stats == nullptr ? nullptr : stats + (row * H + place.head) * 2,
            .stats_stride = 2 * H,
            .sinks = params.sinks == nullptr ? nullptr : params.sinks + place.head,
            .layout = LayoutOf(*place.segment),
            .keys = keys,
            .values = values,
            .scores = reinterpret_cast<float*>(scores),
            .first_col = FirstCol(place)};
  }

  size_t sums_size() const { return SumsSize(RoundUp(params.head_dim, kLaneCols)); }

  void Attend(const BlockPlace& place, const void* keys, const void* values) const {
    thread_local Scratch memory, scratch;
    char* base =
        static_cast<char*>(memory.Bytes(BlockBytes(place) + 2 * sums_size() * sizeof(float)));
    const QueryBlock<T> block = MakeBlock(place, keys, values, base);
    float* sums = reinterpret_cast<float*>(base + BlockBytes(place));
    steps.attend(params, block, bf16_dot, scratch, sums);
  }

  void* KeysOf(const AttentionSegment& s, size_t g) const {
    return static_cast<char*>(s.keys) + g * s.keys_head_stride_bytes;
  }
  void* ValuesOf(const AttentionSegment& s, size_t g) const {
    return static_cast<char*>(s.values) + g * s.values_head_stride_bytes;
  }
};

// Training: a task packs the keys and values of one kv head and answers all its queries.
template <typename T>
void ForwardWithoutCache(const ForwardCall<T>& call, ThreadPool& pool) {
  const size_t Hkv = call.params.num_kv_heads;
  pool.ParallelFor(call.segments.size() * Hkv, [&](size_t task, size_t) {
    thread_local Scratch memory;
    const AttentionSegment& segment = call.segments[task / Hkv];
    CHECK(segment.past == 0);
    const KvLayout layout = call.LayoutOf(segment);
    char* keys = static_cast<char*>(memory.Bytes(layout.KeyBytes() + layout.ValueBytes()));
    char* values = keys + layout.KeyBytes();
    call.Append(segment, task % Hkv, keys, values);
    std::vector<BlockPlace> places;
    call.AddBlocks(segment, task % Hkv, &places);
    for (const BlockPlace& place : places) call.Attend(place, keys, values);
  });
}

// Few blocks and many threads: every split of keys is a task, in each step.
template <typename T>
void AttendBySplits(const ForwardCall<T>& call, std::span<const BlockPlace> places,
                    ThreadPool& pool) {
  thread_local Scratch memory;
  size_t block_bytes = 0;
  for (const BlockPlace& place : places) block_bytes += call.BlockBytes(place);
  std::vector<QueryBlock<T>> blocks;
  struct Task {
    size_t block, split;
  };
  std::vector<Task> tasks;
  std::vector<size_t> first_tasks;
  // Sizes first: memory must not move afterwards.
  for (const BlockPlace& place : places) {
    const size_t first = call.FirstCol(place) / kSplitPositions;
    first_tasks.push_back(tasks.size());
    for (size_t i = 0; i < call.NumScoreSplits(place); ++i) {
      tasks.push_back({first_tasks.size() - 1, first + i});
    }
  }
  const size_t sums_size = call.sums_size();
  const size_t num_floats = (tasks.size() + places.size()) * (kQueryBlock + sums_size);
  char* base = static_cast<char*>(memory.Bytes(block_bytes + num_floats * sizeof(float)));
  float* sums = reinterpret_cast<float*>(base + block_bytes);  // of tasks, then totals of blocks
  float* max = sums + (tasks.size() + places.size()) * sums_size;  // the same
  float* totals = sums + tasks.size() * sums_size;
  float* block_max = max + tasks.size() * kQueryBlock;
  for (const BlockPlace& place : places) {
    blocks.push_back(call.MakeBlock(place, call.KeysOf(*place.segment, place.g),
                                    call.ValuesOf(*place.segment, place.g), base));
    base += call.BlockBytes(place);
  }
  const auto for_splits = [&](const auto& step) {
    pool.ParallelFor(tasks.size(), [&](size_t i, size_t) {
      thread_local Scratch scratch;
      step(i, blocks[tasks[i].block], tasks[i].split, scratch);
    });
  };
  for_splits([&](size_t i, const QueryBlock<T>& block, size_t split, Scratch& scratch) {
    call.steps.score(call.params, block, split, call.bf16_dot, scratch, max + i * kQueryBlock);
  });
  pool.ParallelFor(blocks.size(), [&](size_t b, size_t) {
    const size_t end = b + 1 < blocks.size() ? first_tasks[b + 1] : tasks.size();
    float* best = block_max + b * kQueryBlock;
    std::copy_n(max + first_tasks[b] * kQueryBlock, blocks[b].rows, best);
    for (size_t i = first_tasks[b] + 1; i < end; ++i) {
      for (size_t r = 0; r < blocks[b].rows; ++r)
        best[r] = std::max(best[r], max[i * kQueryBlock + r]);
    }
    call.steps.finish_max(call.params, blocks[b], best);
  });
  for_splits([&](size_t i, const QueryBlock<T>& block, size_t split, Scratch& scratch) {
    call.steps.sum(call.params, block, split, block_max + tasks[i].block * kQueryBlock,
                   call.bf16_dot, scratch, sums + i * sums_size);
  });
  pool.ParallelFor(blocks.size(), [&](size_t b, size_t) {
    call.steps.finish(call.params, blocks[b], block_max + b * kQueryBlock,
                      sums + first_tasks[b] * sums_size, totals + b * sums_size);
  });
}

// Inference: the new rows go into the cache, then every block of queries is a task.
template <typename T>
void ForwardWithCache(const ForwardCall<T>& call, ThreadPool& pool) {
  const size_t Hkv = call.params.num_kv_heads;
  pool.ParallelFor(call.segments.size() * Hkv, [&](size_t task, size_t) {
    const AttentionSegment& segment = call.segments[task / Hkv];
    const size_t g = task % Hkv;
    call.Append(segment, g, call.KeysOf(segment, g), call.ValuesOf(segment, g));
  });
  std::vector<BlockPlace> places;
  for (const AttentionSegment& segment : call.segments) {
    for (size_t g = 0; g < Hkv; ++g) call.AddBlocks(segment, g, &places);
  }
  if (places.size() < 2 * pool.num_threads() && pool.num_threads() > 1) {
    return AttendBySplits(call, places, pool);
  }
  pool.ParallelFor(places.size(), [&](size_t i, size_t) {
    const BlockPlace& place = places[i];
    call.Attend(place, call.KeysOf(*place.segment, place.g),
                call.ValuesOf(*place.segment, place.g));
  });
}

template <typename T>
void Forward(const AttentionParams& params, std::span<const AttentionSegment> segments,
             const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& out,
             const Tensor& stats, ThreadPool& pool) {
  const KvType type = params.kv_type.value_or(KvTypeOf(q.dtype));
  RequireKvType(type, params.head_dim);
  const ForwardCall<T> call = {.params = params,
                               .segments = segments,
                               .q = q.ptr<T>(),
                               .k = k.ptr<T>(),
                               .v = v.ptr<T>(),
                               .out = out.ptr<T>(),
                               .stats = stats.empty() ? nullptr : stats.f32(),
                               .type = type};
  const bool with_cache = !segments.empty() && segments[0].keys != nullptr;
  for (const AttentionSegment& s : segments) CHECK((s.keys != nullptr) == with_cache);
  if (with_cache) {
    ForwardWithCache(call, pool);
  } else {
    ForwardWithoutCache(call, pool);
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
