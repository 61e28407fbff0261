// SPDX-License-Identifier: Apache-2.0
// One AdamW step over a parameter, decoupled weight decay:
//   g' = g grad_scale
//   m = beta1 m + (1 - beta1) g'          fma(beta1, m, (1 - beta1) g')
//   v = beta2 v + (1 - beta2) g'^2        fma(beta2, v, (1 - beta2) (g' g'))
//   u = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
//   w = w - lr (u + weight_decay w)       fma(-lr, fma(weight_decay, w, u), w)
// m and v below 2^-100 are set to 0: parameters that get no gradient would otherwise decay through
// the denormal boundary, the one place where x86 and Arm differ (numerics contract, rule 1).
// w, g, m, v: f32 of one size. Changes in place: w, m, v. g is read only.
// Source: Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2.
#pragma once

#include <cstdint>

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace cambium::ops {

struct AdamWStep {
  float lr;
  float beta1;
  float beta2;
  float eps;
  float weight_decay;  // 0 for parameters without decay
  float grad_scale;    // the factor of gradient clipping, 1 for none
  // 1 / (1 - beta1^t) and 1 / (1 - beta2^t), t = 1 for the first step (Pow of numerics/trig.h).
  float m_correction;
  float v_correction;
};

// Bias corrections of step t = 1, 2, ...
AdamWStep WithBiasCorrection(AdamWStep step, int64_t t);

void AdamWUpdate(const Tensor& w, const Tensor& g, const Tensor& m, const Tensor& v,
                 const AdamWStep& step, ThreadPool& pool);

}  // namespace cambium::ops
