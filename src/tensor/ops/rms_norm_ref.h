// SPDX-License-Identifier: Apache-2.0
// Reference of rms_norm.h. One row at a time, so that the caller decides where rows lie; the float
// instantiation defines the bits.
#pragma once

#include <cmath>
#include <cstddef>

#include "tensor/ops/ref_types.h"

namespace cambium::ops::ref {

// w may be null (1). Returns r.
template <typename X, typename W, typename Y>
Compute<X> RmsNormForwardRow(size_t C, const X* x, const W* w, Compute<X> eps, Y* y) {
  using T = Compute<X>;
  RowSum<T> squares;
  for (size_t i = 0; i < C; ++i) squares.AddProduct(i, Widen(x[i]), Widen(x[i]));
  const T r = T{1} / std::sqrt(squares.Tree() / static_cast<T>(C) + eps);
  for (size_t i = 0; i < C; ++i) {
    const T scaled = Widen(x[i]) * r;
    Narrow(w == nullptr ? scaled : scaled * w[i], y[i]);
  }
  return r;
}

// dx of one row; `accumulate` adds to dx.
template <typename DY, typename X, typename W, typename DX>
void RmsNormBackwardRow(size_t C, const DY* dy, const X* x, const W* w, Compute<X> r,
                        bool accumulate, DX* dx) {
  using T = Compute<X>;
  const auto g = [&](size_t i) { return w == nullptr ? Widen(dy[i]) : Widen(dy[i]) * w[i]; };
  RowSum<T> dot;
  for (size_t i = 0; i < C; ++i) dot.AddProduct(i, g(i), Widen(x[i]));
  const T k = dot.Tree() / static_cast<T>(C) * (r * r);
  for (size_t i = 0; i < C; ++i) {
    const T value = r * std::fma(-Widen(x[i]), k, g(i));
    Narrow(accumulate ? Widen(dx[i]) + value : value, dx[i]);
  }
}

// The term of one row inside its block: sum = fma(x r, dy, sum).
template <typename DY, typename X, typename W>
void RmsNormWeightRow(size_t C, const DY* dy, const X* x, Compute<X> r, W* block_sum) {
  for (size_t i = 0; i < C; ++i) {
    block_sum[i] = std::fma(Widen(x[i]) * r, Widen(dy[i]), block_sum[i]);
  }
}

}  // namespace cambium::ops::ref
