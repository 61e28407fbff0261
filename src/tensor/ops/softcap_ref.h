// SPDX-License-Identifier: Apache-2.0
// Reference of softcap.h; the float instantiation defines the bits.
#pragma once

#include <cmath>
#include <cstddef>

#include "numerics/math_ref.h"

namespace cambium::ops::ref {

template <typename T>
T Softcap(T x, T c) {
  return c * RefTanh(x / c);
}
// The derivative at x, from y = Softcap(x, c).
template <typename T>
T SoftcapSlope(T y, T c) {
  const T t = y / c;
  return std::fma(-t, t, T{1});
}

template <typename T>
void SoftcapForward(size_t n, const T* x, T c, T* y) {
  for (size_t i = 0; i < n; ++i) y[i] = Softcap(x[i], c);
}
template <typename T>
void SoftcapBackward(size_t n, const T* dy, const T* y, T c, T* dx) {
  for (size_t i = 0; i < n; ++i) dx[i] = dy[i] * SoftcapSlope(y[i], c);
}

}  // namespace cambium::ops::ref
