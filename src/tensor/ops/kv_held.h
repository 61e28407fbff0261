// SPDX-License-Identifier: Apache-2.0
// One key or value as it is held (kv_blocks.h): the scalar conversions that the definition and the
// code that fills a cache have in common.
#pragma once

#include <cstddef>
#include <cstring>

#include "numerics/bfloat16.h"
#include "numerics/float16.h"
#include "numerics/quant/quantize_blocks.h"
#include "tensor/ops/kv_blocks.h"

namespace cambium::ops {

template <typename S>
S Held(float x) {
  return FromFloat<S>(x);
}
// Saturates: one key beyond the range must not become an infinity, of which a NaN comes.
template <>
inline Float16 Held<Float16>(float x) {
  constexpr float kLargest = 65504.0f;
  if (x > kLargest) x = kLargest;
  if (x < -kLargest) x = -kLargest;
  return ToFloat16(x);
}

// x: kKvBlock elements.
template <typename T>
BlockQ8_0 HeldBlock(const T* x) {
  float values[kKvBlock];
  for (size_t i = 0; i < kKvBlock; ++i) values[i] = ToFloat(x[i]);
  BlockQ8_0 block = {};
  QuantizeBlock(BlockInput{.x = values}, &block);
  return block;
}

}  // namespace cambium::ops
