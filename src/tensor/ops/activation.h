// SPDX-License-Identifier: Apache-2.0
// Activations of the feed-forward layer, plain and gated.
//   act      act(x)                        act'(x)
//   kSilu    x s, s = sigmoid(x)           fma(x, s (1 - s), s)
//   kGelu    x sigmoid(2u), tanh form      RefGeluGradient (numerics/math_ref.h)
//   kRelu2   max(x, 0)^2                   2 max(x, 0)
// Plain    a = act(x);      dx = da act'(x)
// Gated    a = act(g) u;    dg = (da u) act'(g);  du = da act(g)     (SwiGLU, GeGLU)
// All arguments: [N, F] f32 or bf16, all of one dtype; arithmetic in f32, one rounding at the end.
// Rows may lie in a wider buffer (g and u side by side in [N, 2F], say): ActivationStrides, in
// elements, 0 for contiguous.
// Overwrites: a, dx, dg, du. In place: dx may be x, and dg, du may be g, u (same strides).
// Source: Shazeer 2020, arXiv:2002.05202; Hendrycks & Gimpel 2016, arXiv:1606.08415; So et al.
// 2021, arXiv:2109.08668 (squared ReLU).
#pragma once

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace cambium::ops {

enum class Activation { kSilu, kGelu, kRelu2 };

struct ActivationStrides {
  size_t input = 0;   // x, dx; g, u, dg, du
  size_t output = 0;  // a, da
};

void ActivationForward(Activation act, const Tensor& x, const Tensor& a, ThreadPool& pool,
                       const ActivationStrides& strides = {});
void ActivationBackward(Activation act, const Tensor& da, const Tensor& x, const Tensor& dx,
                        ThreadPool& pool, const ActivationStrides& strides = {});

void GatedForward(Activation act, const Tensor& g, const Tensor& u, const Tensor& a,
                  ThreadPool& pool, const ActivationStrides& strides = {});
void GatedBackward(Activation act, const Tensor& da, const Tensor& g, const Tensor& u,
                   const Tensor& dg, const Tensor& du, ThreadPool& pool,
                   const ActivationStrides& strides = {});

}  // namespace cambium::ops
