// SPDX-License-Identifier: Apache-2.0
// Reference of embedding.h; the float instantiation defines the bits.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace cambium::ops::ref {

template <typename T>
void EmbeddingForward(size_t num_tokens, size_t C, const T* table, const int32_t* tokens, T scale,
                      T* x) {
  for (size_t t = 0; t < num_tokens; ++t) {
    const T* row = table + static_cast<size_t>(tokens[t]) * C;
    for (size_t i = 0; i < C; ++i) x[t * C + i] = row[i] * scale;
  }
}

template <typename T>
void EmbeddingBackward(size_t num_tokens, size_t C, const T* dx, const int32_t* tokens, T scale,
                       T* dtable) {
  for (size_t t = 0; t < num_tokens; ++t) {
    T* row = dtable + static_cast<size_t>(tokens[t]) * C;
    for (size_t i = 0; i < C; ++i) row[i] = std::fma(dx[t * C + i], scale, row[i]);
  }
}

}  // namespace cambium::ops::ref
