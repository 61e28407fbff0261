// SPDX-License-Identifier: Apache-2.0
#include "tensor/weight.h"

#include "base/check.h"

namespace cambium {

void StoredMatrix::ReadRows(size_t begin, size_t cols, std::span<float> out) const {
  CHECK(!empty() && out.size() % cols == 0);
  const size_t num_rows = out.size() / cols, row_bytes = GgmlBytes(blocks.type, cols);
  if (row_order.empty()) {
    Dequantize(blocks.type, blocks.bytes.subspan(begin * row_bytes, num_rows * row_bytes), out);
    return;
  }
  for (size_t r = 0; r < num_rows; ++r) {
    Dequantize(blocks.type, blocks.bytes.subspan(row_order[begin + r] * row_bytes, row_bytes),
               out.subspan(r * cols, cols));
  }
}

}  // namespace cambium
