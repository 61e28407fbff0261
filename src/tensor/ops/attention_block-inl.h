// SPDX-License-Identifier: Apache-2.0
// AttentionSteps of attention_block.h. Included per SIMD target.

// NOLINTNEXTLINE(llvm-header-guard): per-target include guard
#if defined(CAMBIUM_TENSOR_OPS_ATTENTION_BLOCK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CAMBIUM_TENSOR_OPS_ATTENTION_BLOCK_INL_H_
#undef CAMBIUM_TENSOR_OPS_ATTENTION_BLOCK_INL_H_
#else
#define CAMBIUM_TENSOR_OPS_ATTENTION_BLOCK_INL_H_
#endif

#include "tensor/ops/attention_block.h"
#include "tensor/ops/attention_tile-inl.h"
#include "tensor/ops/kv_widen.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {

// Without a cap, scores are in the order of the dot products: the largest dot product makes the
// largest score, and only that one is scaled.
HWY_INLINE bool ScalesLast(const ops::AttentionParams& params) {
  return params.softcap == 0 && params.scale > 0;
}

// Dot products of the block with the keys of one split, into block.scores; capped scores are
// written instead where there is a cap. max [rows]: of the scores (ScalesLast: of the dot products)
// that a row sees in this split, or -infinity. scratch: of the calling thread.
template <typename T>
void ScoreSplit(const ops::AttentionParams& params, const QueryBlock<T>& block, size_t split,
                bool bf16_dot, Scratch& scratch, float* max) {
  const size_t D = params.head_dim;
  const size_t begin = std::max(split * ops::kSplitPositions, block.first_col);
  const size_t end =
      std::min((split + 1) * ops::kSplitPositions, RoundUp(block.last_position() + 1, kLanes));
  const bool held = block.layout.held_as_operands();
  T* widened = held ? nullptr : scratch.Get<T>(kPanelCols * D);
  const OperandA queries = RowMajorA(block.q, D);
  constexpr float kNone = -std::numeric_limits<float>::infinity();
  HWY_ALIGN float best[kQueryBlock * kLanes];
  std::fill_n(best, block.rows * kLanes, kNone);
  for (size_t base = begin; base < end; base += kPanelCols) {
    const size_t cols = std::min(kPanelCols, end - base);
    const size_t width = block.layout.PanelWidth(base);
    const T* panel = static_cast<const T*>(block.keys) + base * D;
    if (!held) {
      ops::WidenKeys(block.layout, block.keys, base, widened);
      panel = widened;
    }
    float* scores = block.split_scores(split) + base % ops::kSplitPositions;
    BlockProduct(block.rows, queries, panel, width, D, scores, kScoreStride, cols, false, bf16_dot);
    if (ScalesLast(params) && base >= FirstVisible(params, block.last_position()) &&
        base + kPanelCols - 1 <= block.position) {
      // All of the panel, in all rows.
      for (size_t r = 0; r < block.rows; ++r) {
        const float* row = scores + r * kScoreStride;
        const Vec16 low = Max(Load(row), Load(row + kLanes));
        const Vec16 high = Max(Load(row + 2 * kLanes), Load(row + 3 * kLanes));
        float* at = best + r * kLanes;
        Store(Max(Load(at), Max(low, high)), at);
      }
      continue;
    }
    for (size_t r = 0; r < block.rows; ++r) {
      const size_t last = block.position_of(r);
      const size_t first = FirstVisible(params, last);
      float* row = scores + r * kScoreStride;
      for (size_t c = 0; c < cols && base + c <= last; c += kLanes) {
        Vec16 t = Load(row + c);
        if (!ScalesLast(params)) {
          t = ScaleScores(t, params);
          Store(t, row + c);
        }
        float* at = best + r * kLanes;
        Store(Max(Load(at), MaskPositions(t, base + c, first, last, kNone)), at);
      }
    }
  }
  for (size_t r = 0; r < block.rows; ++r) max[r] = ReduceMax(Load(best + r * kLanes));
}

// exp(t - m) of 16 scores.
template <bool kScale>
HWY_INLINE Vec16 Probability(const float* score, Vec16 scale, Vec16 m) {
  const Vec16 t = kScale ? Mul(Load(score), scale) : Load(score);
  return ExpNonPositive(Sub(t, m), math::kSoftmaxLowest);
}

// Rounded probabilities of a row for keys [begin, end), whole lanes, and their sum.
template <bool kBf16Dot, bool kScale, typename T>
HWY_INLINE float ProbabilityRow(const float* scores, size_t begin, size_t end, size_t first,
                                size_t last, float scale, float max, T* p) {
  const Vec16 m = Set(max), factor = Set(scale);
  Vec16 partial = Zero();
  // Several at a time where all are seen: one exponential is a long chain of operations.
  constexpr size_t kAtOnce = 4;
  size_t base = begin;
  for (; first <= base && base + kAtOnce * kLanes <= end && base + kAtOnce * kLanes - 1 <= last;
       base += kAtOnce * kLanes) {
    const float* from = scores + (base - begin);
    T* to = p + (base - begin);
    const Vec16 e0 = Probability<kScale>(from, factor, m);
    const Vec16 e1 = Probability<kScale>(from + kLanes, factor, m);
    const Vec16 e2 = Probability<kScale>(from + 2 * kLanes, factor, m);
    const Vec16 e3 = Probability<kScale>(from + 3 * kLanes, factor, m);
    StoreRounded<kBf16Dot>(e0, to);
    StoreRounded<kBf16Dot>(e1, to + kLanes);
    StoreRounded<kBf16Dot>(e2, to + 2 * kLanes);
    StoreRounded<kBf16Dot>(e3, to + 3 * kLanes);
    for (size_t i = 0; i < kAtOnce; ++i) partial = Add(partial, Load(to + i * kLanes));
  }
  for (; base < end; base += kLanes) {
    T* at = p + (base - begin);
    if (base > last || base + kLanes <= first) {
      Store(Zero(), at);
      continue;
    }
    Vec16 e = Probability<kScale>(scores + (base - begin), factor, m);
    e = MaskPositions(e, base, first, last, 0.0f);
    StoreRounded<kBf16Dot>(e, at);
    partial = Add(partial, Load(at));
  }
  return ReduceAdd(partial);
}

template <bool kBf16Dot, typename T>
void ProbabilityRows(const ops::AttentionParams& params, const QueryBlock<T>& block, size_t begin,
                     size_t end, const float* max, T* p, float* l) {
  const float* scores =
      block.split_scores(begin / ops::kSplitPositions) + begin % ops::kSplitPositions;
  size_t last = block.position, first = FirstVisible(params, last);
  for (size_t r = 0, head = 0; r < block.rows; ++r, ++head) {
    if (head == block.heads) {
      head = 0;
      first = FirstVisible(params, ++last);
    }
    const float* row = scores + r * kScoreStride;
    T* out = p + r * ops::kSplitPositions;
    l[r] = ScalesLast(params)
               ? ProbabilityRow<kBf16Dot, true>(row, begin, end, first, last, params.scale, max[r],
                                                out)
               : ProbabilityRow<kBf16Dot, false>(row, begin, end, first, last, 0, max[r], out);
  }
}

template <typename T>
void SumSplit(const ops::AttentionParams& params, const QueryBlock<T>& block, size_t split,
              const float* max, bool bf16_dot, Scratch& scratch, float* sums) {
  using ops::kSplitPositions;
  float *l = sums, *u = sums + kQueryBlock;
  const size_t D = params.head_dim;
  const size_t padded_D = RoundUp(D, kLaneCols);
  // Of this split the block sees [begin, end): begin is even, the chain runs in whole pairs.
  const size_t begin = std::max(split * kSplitPositions, block.first_col);
  const size_t end =
      std::min((split + 1) * kSplitPositions, RoundUp(block.last_position() + 1, kLanes));
  const bool held = block.layout.held_as_operands();
  const size_t num_p = kQueryBlock * kSplitPositions;
  T* p = scratch.Get<T>(num_p + (held ? 0 : kSplitPositions * padded_D));
  if (bf16_dot) {
    ProbabilityRows<true>(params, block, begin, end, max, p, l);
  } else {
    ProbabilityRows<false>(params, block, begin, end, max, p, l);
  }
  // Panels of the whole split, or of [begin, end) only.
  const T* values = static_cast<const T*>(block.values) + split * kSplitPositions * padded_D;
  size_t depth = block.layout.SplitDepth(split * kSplitPositions);
  size_t skipped = begin - split * kSplitPositions;
  if (!held) {
    T* widened = p + num_p;
    ops::WidenValues(block.layout, block.values, begin, end, widened);
    values = widened;
    depth = end - begin;
    skipped = 0;
  }
  for (size_t col = 0; col < D; col += kPanelCols) {
    const size_t width = std::min(kPanelCols, padded_D - col);
    BlockProduct(block.rows, RowMajorA(p, kSplitPositions), values + col * depth + skipped * width,
                 width, end - begin, u + col, padded_D, width, false, bf16_dot);
  }
}

// total += the sums of the next split; both SumsSize.
void AddSplit(size_t rows, size_t padded_D, const float* sums, float* total) {
  const size_t size = kQueryBlock + rows * padded_D;
  for (size_t i = 0; i < size; i += kLanes) Store(Add(Load(total + i), Load(sums + i)), total + i);
}

// The block's rows of out and stats.
template <typename T>
void FinishRows(const ops::AttentionParams& params, const QueryBlock<T>& block, const float* max,
                const float* total) {
  const float *l = total, *u = total + kQueryBlock;
  const size_t D = params.head_dim;
  const size_t padded_D = RoundUp(D, kLaneCols);
  for (size_t r = 0; r < block.rows; ++r) {
    const size_t token = r / block.heads, head = r % block.heads;
    float sum = l[r];
    if (block.sinks != nullptr) {
      sum = sum + RefExpNonPositive(block.sinks[head] - max[r], math::kSoftmaxLowest);
    }
    const float inverse = 1.0f / sum;
    if (block.stats != nullptr) {
      float* stats = block.stats + token * block.stats_stride + 2 * head;
      stats[0] = max[r];
      stats[1] = inverse;
    }
    T* out = block.out + token * block.out_stride + head * D;
    for (size_t d = 0; d < D; d += kLanes) {
      const Vec16 o = Add(Mul(Load(u + r * padded_D + d), Set(inverse)), Zero());
      if (d + kLanes <= D) {
        Store(o, out + d);
      } else {
        StorePartial(o, out + d, D - d);
      }
    }
  }
}

template <typename T>
void FinishMax(const ops::AttentionParams& params, const QueryBlock<T>& block, float* max) {
  for (size_t r = 0; r < block.rows; ++r) {
    if (ScalesLast(params)) max[r] = max[r] * params.scale;
    if (block.sinks != nullptr) max[r] = std::max(max[r], block.sinks[r % block.heads]);
  }
}

template <typename T>
void AttendBlock(const ops::AttentionParams& params, const QueryBlock<T>& block, bool bf16_dot,
                 Scratch& scratch, float* sums) {
  const size_t padded_D = RoundUp(params.head_dim, kLaneCols);
  float max[kQueryBlock], split_max[kQueryBlock];
  std::fill_n(max, block.rows, -std::numeric_limits<float>::infinity());
  for (size_t split = block.first_split(); split < block.end_split(); ++split) {
    ScoreSplit(params, block, split, bf16_dot, scratch, split_max);
    for (size_t r = 0; r < block.rows; ++r) max[r] = std::max(max[r], split_max[r]);
  }
  FinishMax(params, block, max);
  float* total = sums + SumsSize(padded_D);
  std::fill_n(total, SumsSize(padded_D), 0.0f);
  for (size_t split = block.first_split(); split < block.end_split(); ++split) {
    SumSplit(params, block, split, max, bf16_dot, scratch, sums);
    AddSplit(block.rows, padded_D, sums, total);
  }
  FinishRows(params, block, max, total);
}

template <typename T>
void FinishBlock(const ops::AttentionParams& params, const QueryBlock<T>& block, const float* max,
                 const float* sums, float* total) {
  const size_t padded_D = RoundUp(params.head_dim, kLaneCols);
  std::fill_n(total, SumsSize(padded_D), 0.0f);
  const size_t num_splits = block.end_split() - block.first_split();
  for (size_t i = 0; i < num_splits; ++i) {
    AddSplit(block.rows, padded_D, sums + i * SumsSize(padded_D), total);
  }
  FinishRows(params, block, max, total);
}

}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
