// SPDX-License-Identifier: Apache-2.0
// One panel of packed weights times some rows: what quant_gemm.cc hands out to threads.
#pragma once

#include "numerics/gemm.h"
#include "numerics/quant/quant_types.h"
#include "numerics/quant/quantized_rows.h"
#include "numerics/simd_target.h"

namespace cambium {

inline constexpr size_t kMaxQuantRows = 192;

// x: num_rows (at most kMaxQuantRows) rows of blocks_per_row blocks. c.data, c.residual: at the
// panel's first column. products: those of the instruction set.
void RunQuantPanel(GgmlType type, ByteProducts products, size_t num_rows, const ByteBlock32* x,
                   size_t blocks_per_row, const uint8_t* panel, const GemmOutput& c,
                   size_t num_cols);
void RunQuantPanel(GgmlType type, ByteProducts products, size_t num_rows, const ByteBlock256* x,
                   size_t blocks_per_row, const uint8_t* panel, const GemmOutput& c,
                   size_t num_cols);

}  // namespace cambium
