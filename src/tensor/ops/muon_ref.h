// SPDX-License-Identifier: Apache-2.0
// Reference of muon.h, one element at a time; it defines the bits.
#pragma once

#include <cmath>

#include "tensor/ops/adamw_ref.h"
#include "tensor/ops/muon.h"

namespace cambium::ops::ref {

// Returns u.
inline float MuonMomentumElement(const MuonStep& step, float g, float& m) {
  const float scaled = g * step.grad_scale;
  m = FlushMoment(std::fma(1.0f - step.momentum, scaled - m, m));
  return std::fma(step.momentum, m - scaled, scaled);
}

inline void MuonUpdateElement(const MuonStep& step, float scale, float x, float& w) {
  const float decayed = std::fma(-(step.lr * step.weight_decay), w, w);
  w = std::fma(-(step.lr * scale), x, decayed);
}

}  // namespace cambium::ops::ref
