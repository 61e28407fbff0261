// SPDX-License-Identifier: Apache-2.0
// What the references share: they are templates over the storage types of their arguments and
// compute in float for f32 and bf16 storage (which defines the bits) and in double for double
// storage (which gradient checks use).
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

#include "numerics/bfloat16.h"

namespace cambium::ops {

inline float Widen(float x) { return x; }
inline float Widen(BFloat16 x) { return ToFloat(x); }
inline double Widen(double x) { return x; }

inline void Narrow(float x, float& out) { out = x; }
inline void Narrow(float x, BFloat16& out) { out = ToBFloat16(x); }
inline void Narrow(double x, double& out) { out = x; }

// The type that a reference computes in for storage type A.
template <typename A>
using Compute = decltype(Widen(A{}));

// Rule 4 of the numerics contract: element i goes into partial sum i mod 16 in ascending order,
// then the tree 8, 4, 2, 1.
template <typename T>
struct RowSum {
  std::array<T, 16> partial{};
  // partial += a * b, rounded once.
  void AddProduct(size_t i, T a, T b) { partial[i % 16] = std::fma(a, b, partial[i % 16]); }
  void Add(size_t i, T a) { partial[i % 16] += a; }
  T Tree() const {
    std::array<T, 16> tree = partial;
    for (size_t half = 8; half > 0; half /= 2) {
      for (size_t i = 0; i < half; ++i) tree[i] += tree[i + half];
    }
    return tree[0];
  }
};

}  // namespace cambium::ops
