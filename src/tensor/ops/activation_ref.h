// SPDX-License-Identifier: Apache-2.0
// Reference of activation.h, element by element; the float instantiation defines the bits.
#pragma once

#include <cstddef>

#include "numerics/math_ref.h"
#include "tensor/ops/activation.h"
#include "tensor/ops/ref_types.h"

namespace cambium::ops::ref {

template <typename T>
T Act(Activation act, T x) {
  if (act == Activation::kSilu) return RefSilu(x);
  if (act == Activation::kGelu) return RefGelu(x);
  const T positive = x > T{0} ? x : T{0};
  return positive * positive;
}

template <typename T>
T ActGradient(Activation act, T x) {
  if (act == Activation::kSilu) return RefSiluGradient(x);
  if (act == Activation::kGelu) return RefGeluGradient(x);
  const T positive = x > T{0} ? x : T{0};
  return positive + positive;
}

template <typename A>
void ActivationForward(Activation act, size_t n, const A* x, A* a) {
  for (size_t i = 0; i < n; ++i) Narrow(Act(act, Widen(x[i])), a[i]);
}

template <typename A>
void ActivationBackward(Activation act, size_t n, const A* da, const A* x, A* dx) {
  for (size_t i = 0; i < n; ++i) Narrow(Widen(da[i]) * ActGradient(act, Widen(x[i])), dx[i]);
}

template <typename A>
void GatedForward(Activation act, size_t n, const A* g, const A* u, A* a) {
  for (size_t i = 0; i < n; ++i) Narrow(Act(act, Widen(g[i])) * Widen(u[i]), a[i]);
}

template <typename A>
void GatedBackward(Activation act, size_t n, const A* da, const A* g, const A* u, A* dg, A* du) {
  for (size_t i = 0; i < n; ++i) {
    const auto gate = Widen(g[i]);
    const auto value = Widen(u[i]);
    const auto gradient = Widen(da[i]);
    Narrow(gradient * value * ActGradient(act, gate), dg[i]);
    Narrow(gradient * Act(act, gate), du[i]);
  }
}

}  // namespace cambium::ops::ref
