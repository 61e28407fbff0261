// SPDX-License-Identifier: Apache-2.0
// Quantised blocks to floats. The definition, block by block, is in quant_blocks.h; the bits are
// those of ggml's dequantize_row_* wherever the result is not NaN. Denormal results are kept,
// whatever the mode of the calling thread. Any bytes give floats; a file's garbage may give
// infinities and NaN. Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <span>

#include "numerics/quant/quant_types.h"

namespace cambium {

// A quantised tensor or a part of its rows, as it lies in the file: whole blocks of one type.
struct QuantBlocks {
  GgmlType type = GgmlType::kF32;
  std::span<const uint8_t> bytes;  // at any alignment

  uint64_t size() const;  // elements
};

// type: readable (IsReadable), else CHECK. bytes: exactly the blocks of out.size() elements, a
// multiple of the block size. The two do not overlap.
void Dequantize(GgmlType type, std::span<const uint8_t> bytes, std::span<float> out);

}  // namespace cambium
