// SPDX-License-Identifier: Apache-2.0
// The bias of a linear map, added to every row.
//   forward   y = y + b
//   backward  db = db + dy, row after row (one chain over ascending rows); dy passes on unchanged
// y, dy: [N, C] f32 or bf16 (a bf16 result is rounded once); b, db: [C] f32.
// In place: y. Accumulates: db.
#pragma once

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace cambium::ops {

void BiasForward(const Tensor& y, const Tensor& b, ThreadPool& pool);
void BiasBackward(const Tensor& dy, const Tensor& db, ThreadPool& pool);

}  // namespace cambium::ops
