// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/kv_blocks.h"

#include <algorithm>

#include "base/check.h"

namespace cambium::ops {
namespace {

// Element (row, pair, odd) of a panel of `width` columns at pair p, column c.
template <typename T>
size_t PanelIndex(size_t width, size_t pair, size_t col, size_t odd) {
  if constexpr (sizeof(T) == 4) return (2 * pair + odd) * width + col;
  return 2 * (pair * width + col) + odd;
}

}  // namespace

template <typename T>
void AppendKeys(const T* k, size_t row_stride, size_t first, size_t count, size_t D, T* keys) {
  CHECK(D % 2 == 0);
  size_t done = 0;
  while (done < count) {
    const size_t position = first + done;
    const size_t lane = position % kPanelCols;
    T* panel = keys + (position - lane) * D;
    const T* source = k + done * row_stride;
    const size_t rows = std::min(kPanelCols - lane, count - done);
    if (lane == 0) {
      // The rest of the panel has not been written yet and becomes zero.
      PackPanelFromRows(source, rows, D, row_stride, kPanelCols, panel);
    } else {
      for (size_t r = 0; r < rows; ++r) {
        for (size_t d = 0; d < D; ++d) {
          panel[PanelIndex<T>(kPanelCols, d / 2, lane + r, d % 2)] = source[r * row_stride + d];
        }
      }
    }
    done += rows;
  }
}

template <typename T>
void AppendValues(const T* v, size_t row_stride, size_t first, size_t count, size_t D, T* values) {
  const size_t padded = RoundUp(D, kLaneCols);
  size_t done = 0;
  while (done < count) {
    const size_t position = first + done;
    const size_t offset = position % kSplitPositions;
    T* split = values + (position - offset) * padded;
    const T* source = v + done * row_stride;
    // A whole even run goes by pairs; a single odd start fills the second half of its pair.
    const size_t rows = offset % 2 != 0 ? 1 : std::min(kSplitPositions - offset, count - done);
    for (size_t col = 0; col < D; col += kPanelCols) {
      const size_t width = std::min(kPanelCols, padded - col);
      const size_t cols = std::min(width, D - col);
      T* panel = split + col * kSplitPositions;
      if (offset % 2 == 0) {
        PackPanelFromColumns(source + col, rows, cols, row_stride, width, panel + offset * width);
      } else {
        for (size_t c = 0; c < cols; ++c) {
          panel[PanelIndex<T>(width, offset / 2, c, 1)] = source[col + c];
        }
      }
    }
    done += rows;
  }
}

template <typename T>
void ZeroValues(size_t first, size_t end, size_t D, T* values) {
  const size_t padded = RoundUp(D, kLaneCols);
  const size_t split = first / kSplitPositions * kSplitPositions;
  CHECK(end <= split + kSplitPositions);
  for (size_t col = 0; col < D; col += kPanelCols) {
    const size_t width = std::min(kPanelCols, padded - col);
    T* panel = values + split * padded + col * kSplitPositions;
    for (size_t position = first; position < end; ++position) {
      const size_t offset = position - split;
      for (size_t c = 0; c < width; ++c) {
        panel[PanelIndex<T>(width, offset / 2, c, offset % 2)] = T{};
      }
    }
  }
}

template void ZeroValues(size_t, size_t, size_t, float*);
template void ZeroValues(size_t, size_t, size_t, BFloat16*);
template void AppendKeys(const float*, size_t, size_t, size_t, size_t, float*);
template void AppendKeys(const BFloat16*, size_t, size_t, size_t, size_t, BFloat16*);
template void AppendValues(const float*, size_t, size_t, size_t, size_t, float*);
template void AppendValues(const BFloat16*, size_t, size_t, size_t, size_t, BFloat16*);

}  // namespace cambium::ops
