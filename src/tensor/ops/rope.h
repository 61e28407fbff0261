// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding, in place on the first n_rot elements of every head:
//   (x0, x1) -> (x0 c - x1 s, x0 s + x1 c),  c = cos(position freq_i), s = sin(position freq_i)
//   order: y0 = fma(x0, c, -(x1 s)),  y1 = fma(x0, s, x1 c)
// Backward: the same with -s (the rotation's transpose), in place on the gradient.
// Pairs i < n_rot / 2: kHalfSplit (NeoX, Qwen): elements (i, i + n_rot / 2);
//                      kInterleaved (original, GGUF "llama"): elements (2i, 2i + 1).
// x: [T, H, D] f32 or bf16 (a bf16 result is rounded once), tokens `token_stride` elements apart
// (0: contiguous); positions: [T] int32, each below the number of rows of the tables;
// cosines, sines: [P, n_rot / 2] f32 from RopeTable (numerics/trig.h).
// Source: Su et al. 2021, arXiv:2104.09864, equation 34.
#pragma once

#include <cstdint>
#include <span>

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace cambium::ops {

enum class RopePairs { kHalfSplit, kInterleaved };

struct RopeTables {
  const float* cosines;
  const float* sines;
  size_t num_positions;
  size_t n_rot;  // even, at most D
};

void RopeForward(const Tensor& x, std::span<const int32_t> positions, const RopeTables& tables,
                 RopePairs pairs, ThreadPool& pool, size_t token_stride = 0);
void RopeBackward(const Tensor& dx, std::span<const int32_t> positions, const RopeTables& tables,
                  RopePairs pairs, ThreadPool& pool, size_t token_stride = 0);

}  // namespace cambium::ops
