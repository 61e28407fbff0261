// SPDX-License-Identifier: Apache-2.0
// Soft cap of logits or scores: y = c tanh(x / c).
// Backward from the saved y: t = y / c;  dx = dy fma(-t, t, 1).
// x, y, dy, dx: f32 of one size; c > 0. Overwrites y, dx. In place: y may be x, dx may be dy.
// Source: Gemma Team 2024, arXiv:2408.00118, section 2.
#pragma once

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace cambium::ops {

void SoftcapForward(const Tensor& x, float c, const Tensor& y, ThreadPool& pool);
void SoftcapBackward(const Tensor& dy, const Tensor& y, float c, const Tensor& dx,
                     ThreadPool& pool);

}  // namespace cambium::ops
