// SPDX-License-Identifier: Apache-2.0
// Reference of layer_norm.h, one row at a time; the float instantiation defines the bits.
#pragma once

#include <cmath>
#include <cstddef>

#include "tensor/ops/ref_types.h"

namespace cambium::ops::ref {

// stats: m and r.
template <typename T, typename Y>
void LayerNormForwardRow(size_t C, const T* x, const T* w, const T* b, T eps, Y* y, T* stats) {
  RowSum<T> sum, squares;
  for (size_t i = 0; i < C; ++i) sum.Add(i, x[i]);
  const T m = sum.Tree() / static_cast<T>(C);
  for (size_t i = 0; i < C; ++i) squares.AddProduct(i, x[i] - m, x[i] - m);
  const T r = T{1} / std::sqrt(squares.Tree() / static_cast<T>(C) + eps);
  for (size_t i = 0; i < C; ++i) Narrow(std::fma((x[i] - m) * r, w[i], b[i]), y[i]);
  stats[0] = m;
  stats[1] = r;
}

template <typename T, typename DY>
void LayerNormBackwardRow(size_t C, const DY* dy, const T* x, const T* w, const T* stats, T* dx) {
  const T m = stats[0], r = stats[1];
  RowSum<T> sum, dot;
  for (size_t i = 0; i < C; ++i) {
    const T g = Widen(dy[i]) * w[i];
    sum.Add(i, g);
    dot.AddProduct(i, g, (x[i] - m) * r);
  }
  const T a = sum.Tree() / static_cast<T>(C), k = dot.Tree() / static_cast<T>(C);
  for (size_t i = 0; i < C; ++i) {
    const T h = (x[i] - m) * r;
    dx[i] = dx[i] + r * std::fma(-h, k, Widen(dy[i]) * w[i] - a);
  }
}

// The terms of one row inside its block.
template <typename T, typename DY>
void LayerNormWeightRow(size_t C, const DY* dy, const T* x, const T* stats, T* dw_block,
                        T* db_block) {
  for (size_t i = 0; i < C; ++i) {
    dw_block[i] = std::fma((x[i] - stats[0]) * stats[1], Widen(dy[i]), dw_block[i]);
    db_block[i] = db_block[i] + Widen(dy[i]);
  }
}

}  // namespace cambium::ops::ref
