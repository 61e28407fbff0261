// SPDX-License-Identifier: Apache-2.0
// References of elementwise.h; the float instantiations define the bits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "tensor/ops/ref_types.h"

namespace cambium::ops::ref {

template <typename A, typename B, typename Y>
void Add(size_t n, const A* a, const B* b, Y* y) {
  for (size_t i = 0; i < n; ++i) Narrow(Widen(a[i]) + Widen(b[i]), y[i]);
}

template <typename X, typename Y>
void Scale(size_t n, const X* x, Compute<X> factor, Y* y) {
  for (size_t i = 0; i < n; ++i) Narrow(Widen(x[i]) * factor, y[i]);
}

template <typename X, typename Y>
void Cast(size_t n, const X* x, Y* y) {
  for (size_t i = 0; i < n; ++i) Narrow(Widen(x[i]), y[i]);
}

template <typename X>
double SumSquares(size_t n, const X* x, size_t block) {
  double total = 0;
  for (size_t begin = 0; begin < n; begin += block) {
    RowSum<Compute<X>> sum;
    const size_t size = std::min(block, n - begin);
    for (size_t i = 0; i < size; ++i) {
      sum.AddProduct(i, Widen(x[begin + i]), Widen(x[begin + i]));
    }
    total += static_cast<double>(sum.Tree());
  }
  return total;
}

template <typename X>
bool HasNonFinite(size_t n, const X* x) {
  bool found = false;
  for (size_t i = 0; i < n; ++i) found |= !std::isfinite(Widen(x[i]));
  return found;
}

}  // namespace cambium::ops::ref
