// SPDX-License-Identifier: Apache-2.0
// Reference of bias.h; the float instantiation defines the bits.
#pragma once

#include <cstddef>

#include "tensor/ops/ref_types.h"

namespace cambium::ops::ref {

template <typename Y, typename B>
void BiasForward(size_t N, size_t C, Y* y, const B* b) {
  for (size_t n = 0; n < N; ++n) {
    for (size_t i = 0; i < C; ++i) Narrow(Widen(y[n * C + i]) + b[i], y[n * C + i]);
  }
}

template <typename Y, typename B>
void BiasBackward(size_t N, size_t C, const Y* dy, B* db) {
  for (size_t n = 0; n < N; ++n) {
    for (size_t i = 0; i < C; ++i) db[i] = db[i] + Widen(dy[n * C + i]);
  }
}

}  // namespace cambium::ops::ref
