// SPDX-License-Identifier: Apache-2.0
// Token embedding: x[t] = scale * table[tokens[t]].
// Backward: dtable[tokens[t]] += scale * dx[t].
// tokens: [T] int32, each in [0, V) (CHECKed; loaders and tokenizers guarantee it);
// table, dtable: [V, C] f32; x, dx: [T, C] f32 (the residual stream).
// Order: dtable rows take one fma(dx, scale, row) per token in ascending t.
// Accumulates: dtable. Overwrites: x.
// Work is split over columns, so that no two threads meet in a row and none waits.
#pragma once

#include <cstdint>
#include <span>

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace cambium::ops {

void EmbeddingForward(const Tensor& table, std::span<const int32_t> tokens, float scale,
                      const Tensor& x, ThreadPool& pool);
void EmbeddingBackward(const Tensor& dx, std::span<const int32_t> tokens, float scale,
                       const Tensor& dtable, ThreadPool& pool);

}  // namespace cambium::ops
