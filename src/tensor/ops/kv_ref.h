// SPDX-License-Identifier: Apache-2.0
// The definition of what attention sees of a key or value (kv_blocks.h): held in a type, widened,
// rounded to the operand type. attention_ref.h on such rows is the definition of attention with a
// KV cache of that type.
#pragma once

#include "tensor/ops/kv_held.h"

namespace cambium::ops::ref {

// x: D elements, replaced by what attention multiplies. T: float or BFloat16.
template <typename T>
void HoldRow(KvType type, size_t D, T* x) {
  if (type == KvType::kQ8_0) {
    for (size_t d = 0; d < D; d += kKvBlock) {
      const BlockQ8_0 block = HeldBlock(x + d);
      for (size_t i = 0; i < kKvBlock; ++i) {
        x[d + i] = FromFloat<T>(block.Scale(i) * static_cast<float>(block.Code(i)));
      }
    }
    return;
  }
  for (size_t d = 0; d < D; ++d) {
    const float value = ToFloat(x[d]);
    switch (type) {
      case KvType::kF32:
        x[d] = FromFloat<T>(Held<float>(value));
        break;
      case KvType::kBF16:
        x[d] = FromFloat<T>(ToFloat(Held<BFloat16>(value)));
        break;
      default:
        x[d] = FromFloat<T>(ToFloat(Held<Float16>(value)));
    }
  }
}

}  // namespace cambium::ops::ref
