// SPDX-License-Identifier: Apache-2.0
// Reference of adamw.h, one parameter element at a time; it defines the bits.
#pragma once

#include <cmath>

#include "tensor/ops/adamw.h"

namespace cambium::ops::ref {

// Moments below this magnitude are 0.
inline constexpr float kSmallestMoment = 0x1p-100f;
inline float FlushMoment(float x) { return std::fabs(x) < kSmallestMoment ? 0.0f : x; }

inline void AdamWElement(const AdamWStep& step, float g, float& w, float& m, float& v) {
  const float scaled = g * step.grad_scale;
  m = FlushMoment(std::fma(step.beta1, m, (1.0f - step.beta1) * scaled));
  v = FlushMoment(std::fma(step.beta2, v, (1.0f - step.beta2) * (scaled * scaled)));
  const float update = m * step.m_correction / (std::sqrt(v * step.v_correction) + step.eps);
  w = std::fma(-step.lr, std::fma(step.weight_decay, w, update), w);
}

}  // namespace cambium::ops::ref
