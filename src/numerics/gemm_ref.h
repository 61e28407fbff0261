// SPDX-License-Identifier: Apache-2.0
// The definition of a matrix product (gemm.h) as plain loops over unpacked operands. T: element
// type; Acc: float defines the bits, double checks gradients.
#pragma once

#include <cmath>
#include <cstddef>

#include "numerics/bfloat16.h"

namespace cambium::ref {

inline double Widen(double x) { return x; }
inline float Widen(float x) { return x; }
inline float Widen(BFloat16 x) { return ToFloat(x); }

// sum_k a[k * a_stride] * b[k * b_stride] in the contract's order, starting at init.
template <typename Acc, typename T>
Acc Dot(const T* a, size_t a_stride, const T* b, size_t b_stride, size_t K, Acc init) {
  Acc acc = init;
  for (size_t k = 0; k < K; k += 2) {
    const bool has_odd = k + 1 < K;
    const Acc a_odd = has_odd ? static_cast<Acc>(Widen(a[(k + 1) * a_stride])) : Acc{0};
    const Acc b_odd = has_odd ? static_cast<Acc>(Widen(b[(k + 1) * b_stride])) : Acc{0};
    acc = std::fma(a_odd, b_odd, acc);
    acc = std::fma(static_cast<Acc>(Widen(a[k * a_stride])),
                   static_cast<Acc>(Widen(b[k * b_stride])), acc);
  }
  return acc;
}

// C[m,n] (+)= sum_k A(m,k) B(n,k); strides select plain or transposed operands.
template <typename Acc, typename T>
void Gemm(size_t M, size_t N, size_t K, const T* a, size_t a_row, size_t a_col, const T* b,
          size_t b_row, size_t b_col, Acc* c, size_t c_row, bool load) {
  for (size_t m = 0; m < M; ++m) {
    for (size_t n = 0; n < N; ++n) {
      Acc* out = c + m * c_row + n;
      *out = Dot<Acc>(a + m * a_row, a_col, b + n * b_row, b_col, K, load ? *out : Acc{0});
    }
  }
}

}  // namespace cambium::ref
