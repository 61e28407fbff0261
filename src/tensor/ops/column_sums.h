// SPDX-License-Identifier: Apache-2.0
// The sums of a matrix's columns: gradients of biases, and what blocks of rows add up to in the
// gradients of norms' weights. Tested by the rows of those operations.
//   sums[c] = ((sums[c] + rows[0][c]) + rows[1][c]) + ...     one chain per column, ascending rows
#pragma once

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace cambium::ops {

// rows: [N, C] f32 or bf16; sums: [C] f32, added to.
void AddColumnSums(const Tensor& rows, const Tensor& sums, ThreadPool& pool);

}  // namespace cambium::ops
