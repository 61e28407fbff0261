// SPDX-License-Identifier: Apache-2.0
// A block of queries that share the keys of one kv head, and the three steps that answer it:
// scores with their maximum, sums over one split of keys, the end. Steps over different splits may
// run on different threads; splits are added in ascending order (rule 6). Internal to attention.
#pragma once

#include <algorithm>

#include "tensor/ops/attention.h"

namespace cambium {

// Rows of a block at most: eight tiles of six. Small enough that little is computed above the
// diagonal, large enough that a panel of keys is used often.
inline constexpr size_t kQueryBlock = 48;

// Scores of a block and a split. Rows are not a power of two apart, which would put them on the
// same lines of the cache.
inline constexpr size_t kScoreStride = ops::kSplitPositions + kLaneCols;
inline constexpr size_t kSplitScores = kQueryBlock * kScoreStride;

// Row r is the query of token r / heads and of head r % heads of the block. Pointers to out and
// stats are to row 0; token and head strides are in elements.
template <typename T>
struct QueryBlock {
  size_t rows;
  size_t heads;     // of one token
  size_t position;  // of the first token
  const T* q;       // [rows, D]
  T* out;
  size_t out_stride;  // of a token; of a head: D
  float* stats;       // (m, 1 / l), or null
  size_t stats_stride;
  const float* sinks;  // of the block's heads, or null
  ops::KvLayout layout;
  const void* keys;  // the kv head's
  const void* values;
  float* scores;     // kSplitScores for every split
  size_t first_col;  // no row sees a key before; a multiple of kPanelCols

  size_t position_of(size_t row) const { return position + row / heads; }
  size_t last_position() const { return position_of(rows - 1); }
  size_t first_split() const { return first_col / ops::kSplitPositions; }
  size_t end_split() const { return last_position() / ops::kSplitPositions + 1; }
  // [rows, kScoreStride]: of the keys of a split, which follow each other in memory.
  float* split_scores(size_t split) const {
    return scores + (split - first_split()) * kSplitScores;
  }
};

// First key that a query at `position` sees.
inline size_t FirstVisible(const ops::AttentionParams& params, size_t position) {
  return params.window != 0 && position + 1 > params.window ? position + 1 - params.window : 0;
}

// Sums of a block over a split: l, one for each of kQueryBlock rows, then u [rows, padded D].
inline size_t SumsSize(size_t padded_D) { return kQueryBlock * (1 + padded_D); }

// The steps for one instruction set. bf16_dot: whether it has VDPBF16PS. scratch: of the calling
// thread, for what a step needs while it runs. max: of the scores of a row, [rows].
template <typename T>
struct AttentionSteps {
  // All steps of a block. sums: 2 * SumsSize, overwritten.
  void (*attend)(const ops::AttentionParams& params, const QueryBlock<T>& block, bool bf16_dot,
                 Scratch& scratch, float* sums);
  // Scores of the keys of one split, into block.scores; their maximum, not final.
  void (*score)(const ops::AttentionParams& params, const QueryBlock<T>& block, size_t split,
                bool bf16_dot, Scratch& scratch, float* max);
  // Of the maximum over what `score` returned for all splits, the one that the others want.
  void (*finish_max)(const ops::AttentionParams& params, const QueryBlock<T>& block, float* max);
  // Sums of one split: SumsSize, overwritten.
  void (*sum)(const ops::AttentionParams& params, const QueryBlock<T>& block, size_t split,
              const float* max, bool bf16_dot, Scratch& scratch, float* sums);
  // Adds up the sums of all splits (SumsSize for each) and writes out and stats. total: SumsSize.
  void (*finish)(const ops::AttentionParams& params, const QueryBlock<T>& block, const float* max,
                 const float* sums, float* total);
};

}  // namespace cambium
