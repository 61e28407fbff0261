// SPDX-License-Identifier: Apache-2.0
// LayerNorm over the last dimension, with weight and bias.
//   forward   m = sum(x) / C;  d = x - m;  r = 1 / sqrt(sum(d^2) / C + eps);  y = fma(d r, w, b)
//   backward  h = d r;  g = dy w;  a = sum(g) / C;  k = sum(g h) / C;  dx = r fma(-h, k, g - a);
//             dw += sum over rows of h dy;  db += sum over rows of dy
// x, dx: [N, C] f32 (the residual stream); y, dy: [N, C] f32 or bf16; stats: [N, 2] f32 (m, r),
// saved by Forward for Backward; w, b, dw, db: [C] f32. Arithmetic and sums in f32.
// Order: sums over a row are rule 4, of x, of fma(d, d, .), of g, of fma(g, h, .). dw and db:
// blocks
//   of kLayerNormRowBlock rows, inside a block fma(h, dy, .) and + dy from 0 over ascending rows;
//   block sums are added in ascending order.
// Accumulates: dw, db, dx (dx + value). Overwrites: y, stats.
// Source: Ba et al. 2016, arXiv:1607.06450.
#pragma once

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace cambium::ops {

constexpr size_t kLayerNormRowBlock = 64;

void LayerNormForward(const Tensor& x, const Tensor& w, const Tensor& b, float eps, const Tensor& y,
                      const Tensor& stats, ThreadPool& pool);
void LayerNormBackward(const Tensor& dy, const Tensor& x, const Tensor& w, const Tensor& stats,
                       const Tensor& dx, const Tensor& dw, const Tensor& db, ThreadPool& pool);

}  // namespace cambium::ops
