// SPDX-License-Identifier: Apache-2.0
// Keys and values of one sequence in one layer, laid out for the attention kernels: what a KV cache
// holds, and what training makes for the length of a step. Owns the layout; not the memory.
//
// Positions are grouped in splits of kSplitPositions. Per kv head, a split of keys is four panels
// of 64 positions, packed as a B operand with reduction over D (gemm.h, PackRows); a split of
// values is one panel per 64 columns of D, packed with reduction over positions (PackColumns).
// Positions that were never written must be finite (zero): the kernels multiply them by +0.
#pragma once

#include <cstddef>

#include "numerics/gemm.h"

namespace cambium::ops {

// Numerics rule 6: sums run inside a split of this many absolute positions, then over splits.
inline constexpr size_t kSplitPositions = 256;

// Elements of one split of one kv head: keys (D even) and values.
inline size_t KeySplitSize(size_t D) { return kSplitPositions * D; }
inline size_t ValueSplitSize(size_t D) { return kSplitPositions * RoundUp(D, kLaneCols); }
inline size_t NumSplits(size_t positions) {
  return (positions + kSplitPositions - 1) / kSplitPositions;
}

// Writes positions [first, first + count) of one head; k and v: [count, D] with row strides.
// keys, values: the head's split 0. T: float or BFloat16.
template <typename T>
void AppendKeys(const T* k, size_t row_stride, size_t first, size_t count, size_t D, T* keys);
template <typename T>
void AppendValues(const T* v, size_t row_stride, size_t first, size_t count, size_t D, T* values);

// Zeroes value positions [first, end) of the split that holds `first`; end - first < 256.
template <typename T>
void ZeroValues(size_t first, size_t end, size_t D, T* values);

}  // namespace cambium::ops
