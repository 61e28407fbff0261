// SPDX-License-Identifier: Apache-2.0
// Reference of rope.h for one head of one token; the float instantiation defines the bits.
#pragma once

#include <cmath>
#include <cstddef>

#include "tensor/ops/ref_types.h"

namespace cambium::ops::ref {

// cosines, sines: [n_rot / 2] of the token's position. direction: 1 forward, -1 backward.
template <typename X, typename Table>
void RopeHead(size_t n_rot, bool interleaved, const Table* cosines, const Table* sines,
              int direction, X* x) {
  const size_t half = n_rot / 2;
  for (size_t i = 0; i < half; ++i) {
    X& first = interleaved ? x[2 * i] : x[i];
    X& second = interleaved ? x[2 * i + 1] : x[i + half];
    const Table c = cosines[i];
    const Table s = direction > 0 ? sines[i] : -sines[i];
    const auto x0 = Widen(first);
    const auto x1 = Widen(second);
    Narrow(std::fma(x0, c, -(x1 * s)), first);
    Narrow(std::fma(x0, s, x1 * c), second);
  }
}

}  // namespace cambium::ops::ref
