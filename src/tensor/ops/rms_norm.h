// SPDX-License-Identifier: Apache-2.0
// RMSNorm over the last dimension, for whole rows of the residual stream and per head (QK-norm).
//   forward   r = 1 / sqrt(sum(x^2) / C + eps);  y = (x r) w
//   backward  g = dy w;  k = (sum(g x) / C) r^2;  dx = r (g - x k);  dw += sum over rows of (x r)
//   dy
// Rows: x, y, dy, dx are [N, C], or [T, H, C] with N = T H rows; r: [N] f32, saved by Forward for
// Backward; w, dw: [C] f32. Without weights (w, dw empty tensors) w is 1.
// dtypes: x, y, dy, dx are f32 or bf16, each its own; arithmetic and sums in f32.
// Order: sum(x^2) is rule 4 of fma(x, x, .), sum(g x) rule 4 of fma(g, x, .); g - x k is one fma.
//   dw: blocks of kRmsNormRowBlock rows, inside a block fma(x r, dy, .) from 0 over ascending rows;
//   block sums are added to dw in ascending order.
// Accumulates: dw (+=); dx too with GradientMode::kAccumulate (dx + value, rounded to its dtype).
// Overwrites: y, r, and dx with kOverwrite.
// In place: y may be x in inference only (Backward needs x); dx may be dy.
// Source: Zhang & Sennrich 2019, arXiv:1910.07467.
#pragma once

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace cambium::ops {

enum class GradientMode { kOverwrite, kAccumulate };

constexpr size_t kRmsNormRowBlock = 64;

// Elements between consecutive outermost indices (rows, or tokens of a [T, H, C] tensor), for rows
// that lie in a wider buffer; 0 means contiguous.
struct RmsNormStrides {
  size_t x = 0;
  size_t y = 0;  // y forward, dy backward
  size_t dx = 0;
};

void RmsNormForward(const Tensor& x, const Tensor& w, float eps, const Tensor& y, const Tensor& r,
                    ThreadPool& pool, const RmsNormStrides& strides = {});

void RmsNormBackward(const Tensor& dy, const Tensor& x, const Tensor& w, const Tensor& r,
                     const Tensor& dx, GradientMode dx_mode, const Tensor& dw, ThreadPool& pool,
                     const RmsNormStrides& strides = {});

}  // namespace cambium::ops
