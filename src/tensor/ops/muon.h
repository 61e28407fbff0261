// SPDX-License-Identifier: Apache-2.0
// The elementwise parts of a Muon step on a matrix [rows, cols]; the Newton-Schulz iteration
// between them is GEMMs and belongs to the caller:
//   MuonMomentum   g' = g grad_scale;  m = m + (1 - mu)(g' - m);  u = g' + mu (m - g')   (Nesterov)
//                  as fma(1 - mu, g' - m, m) and fma(mu, m - g', g')
//   caller         x = u / (|u|_F + eps)     (SumSquares and Scale of elementwise.h)
//                  5 times: A = x x^T;  x = a x + (b A + c A A) x,  kNewtonSchulz
//   MuonUpdate     w = w - lr weight_decay w - lr MuonScale(rows, cols) x
//                  as fma(-(lr weight_decay), w, w), then fma(-(lr scale), x, w)
// m below 2^-100 is set to 0, for the reason given in adamw.h.
// w, g, m: f32; u, x: f32 or bf16. Changes in place: m, w. Overwrites: u.
// Source: K. Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/.
#pragma once

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace cambium::ops {

struct NewtonSchulzCoefficients {
  float a = 3.4445f;
  float b = -4.7750f;
  float c = 2.0315f;
};
constexpr int kNewtonSchulzSteps = 5;

struct MuonStep {
  float lr;
  float momentum;
  float weight_decay;
  float grad_scale;  // the factor of gradient clipping, 1 for none
};

// sqrt(max(1, rows / cols)), rows: outputs of the layer.
float MuonScale(size_t rows, size_t cols);

void MuonMomentum(const Tensor& g, const Tensor& m, const Tensor& u, const MuonStep& step,
                  ThreadPool& pool);
void MuonUpdate(const Tensor& w, const Tensor& x, float scale, const MuonStep& step,
                ThreadPool& pool);

}  // namespace cambium::ops
