// SPDX-License-Identifier: Apache-2.0
// References of experts.h, one token or element at a time; the float instances define the bits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "numerics/math_ref.h"
#include "tensor/ops/experts.h"
#include "tensor/ops/ref_types.h"

namespace cambium::ops::ref {

inline void RouteToken(size_t E, size_t K, bool normalize, const float* logits, int32_t* experts,
                       float* weights) {
  for (size_t k = 0; k < K; ++k) {
    const auto chosen = [&](size_t e) {
      return std::find(experts, experts + k, static_cast<int32_t>(e)) != experts + k;
    };
    size_t best = 0;
    while (chosen(best)) ++best;
    for (size_t e = best + 1; e < E; ++e) {
      if (logits[e] > logits[best] && !chosen(e)) best = e;
    }
    experts[k] = static_cast<int32_t>(best);
  }
  float largest = logits[experts[0]];
  std::sort(experts, experts + K);
  RowSum<float> sum;
  const auto term = [&](size_t e) {
    return RefExpNonPositive(logits[e] - largest, math::kSoftmaxLowest);
  };
  if (normalize) {
    for (size_t k = 0; k < K; ++k) sum.Add(k, term(static_cast<size_t>(experts[k])));
  } else {
    for (size_t e = 0; e < E; ++e) sum.Add(e, term(e));
  }
  const float total = sum.Tree();
  for (size_t k = 0; k < K; ++k) weights[k] = term(static_cast<size_t>(experts[k])) / total;
}

template <typename T>
void CombineToken(size_t C, size_t K, const T* y, const int32_t* slots, const T* weights,
                  const T* residual, T* out) {
  for (size_t i = 0; i < C; ++i) {
    T sum = 0;
    for (size_t k = 0; k < K; ++k) {
      sum = std::fma(weights[k], y[static_cast<size_t>(slots[k]) * C + i], sum);
    }
    out[i] = residual[i] + sum;
  }
}

template <typename A>
void ClampedSwiGlu(size_t n, const A* g, const A* u, A* a) {
  using T = Compute<A>;
  const T limit = static_cast<T>(kSwiGluLimit);
  for (size_t i = 0; i < n; ++i) {
    const T h = std::min(Widen(g[i]), limit);
    const T up = std::max(std::min(Widen(u[i]), limit), -limit);
    Narrow((up + T{1}) * (h * RefSigmoid(h * static_cast<T>(kSwiGluAlpha))), a[i]);
  }
}

}  // namespace cambium::ops::ref
