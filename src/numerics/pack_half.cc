// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "numerics/gemm.h"

namespace cambium {

PackedB<Float16> PackHalfRows(const uint8_t* source, size_t N, size_t K,
                              std::span<const uint32_t> row_order, Float16* packed,
                              ThreadPool& pool) {
  CHECK(row_order.empty() || row_order.size() == N);
  const size_t K_even = RoundUp(K, 2), padded_cols = RoundUp(N, kLaneCols);
  const size_t num_panels = (N + kPanelCols - 1) / kPanelCols;
  pool.ParallelFor(num_panels, [&](size_t panel_index, size_t) {
    const size_t first = panel_index * kPanelCols;
    const size_t width = std::min(kPanelCols, padded_cols - first);
    Float16* panel = packed + first * K_even;
    // Rows of kStep elements at a time stay in the first-level cache for all columns.
    constexpr size_t kStep = 32;
    for (size_t k0 = 0; k0 < K_even; k0 += kStep) {
      const size_t count = std::min(kStep, K_even - k0), valid = std::min(count, K - k0);
      for (size_t c = 0; c < width; ++c) {
        Float16 row[kStep] = {};
        if (first + c < N) {
          const size_t n = row_order.empty() ? first + c : row_order[first + c];
          std::memcpy(row, source + (n * K + k0) * sizeof(Float16), valid * sizeof(Float16));
        }
        for (size_t i = 0; i < count; ++i) panel[(k0 + i) * width + c] = row[i];
      }
    }
  });
  return {packed, N, K};
}

}  // namespace cambium
