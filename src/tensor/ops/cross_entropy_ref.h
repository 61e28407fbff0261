// SPDX-License-Identifier: Apache-2.0
// Reference of cross_entropy.h for one row; the float instantiation defines the bits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "numerics/math_ref.h"
#include "tensor/ops/ref_types.h"
#include "tensor/ops/softcap_ref.h"

namespace cambium::ops::ref {

// Returns the loss. softcap 0: none. dlogits null: loss only.
template <typename T, typename D>
T CrossEntropyRow(size_t V, T* logits, int32_t target, T softcap, T scale, D* dlogits) {
  if (target < 0) {
    for (size_t i = 0; i < V && dlogits != nullptr; ++i) Narrow(T{0}, dlogits[i]);
    return 0;
  }
  T* const z = logits;
  const bool capped = softcap > T{0};
  for (size_t i = 0; i < V && capped; ++i) z[i] = Softcap(z[i], softcap);
  T m = z[0];
  for (size_t i = 1; i < V; ++i) m = std::max(m, z[i]);
  const T z_target = z[target];
  const auto exp_term = [&](size_t i) {
    return RefExpNonPositive(z[i] - m, static_cast<T>(math::kSoftmaxLowest));
  };
  RowSum<T> sum;
  for (size_t i = 0; i < V; ++i) sum.Add(i, exp_term(i));
  const T s = sum.Tree();
  const T factor = scale / s;
  for (size_t i = 0; i < V; ++i) {
    const T e = exp_term(i);
    if (!capped) z[i] = e;
    if (dlogits == nullptr) continue;
    T d = e * factor;
    if (i == static_cast<size_t>(target)) d -= scale;
    Narrow(capped ? d * SoftcapSlope(z[i], softcap) : d, dlogits[i]);
  }
  return RefLog(s) - (z_target - m);
}

}  // namespace cambium::ops::ref
