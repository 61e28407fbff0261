// SPDX-License-Identifier: Apache-2.0
#include "numerics/convert.h"

#include <cstring>

#include "base/check.h"
#include "numerics/bfloat16.h"
#include "numerics/float16.h"

namespace cambium {
namespace {

template <typename T>
void ToFloats(std::span<const uint8_t> in, std::span<float> out) {
  CHECK(in.size() == out.size() * sizeof(T));
  for (size_t i = 0; i < out.size(); ++i) {
    T value;
    std::memcpy(&value, in.data() + i * sizeof(T), sizeof(T));
    out[i] = ToFloat(value);
  }
}

template <typename T, T (*kConvert)(float)>
void FromFloats(std::span<const float> in, std::span<uint8_t> out) {
  CHECK(out.size() == in.size() * sizeof(T));
  for (size_t i = 0; i < in.size(); ++i) {
    const T value = kConvert(in[i]);
    std::memcpy(out.data() + i * sizeof(T), &value, sizeof(T));
  }
}

}  // namespace

void Float16BytesToFloat(std::span<const uint8_t> in, std::span<float> out) {
  ToFloats<Float16>(in, out);
}

void BFloat16BytesToFloat(std::span<const uint8_t> in, std::span<float> out) {
  ToFloats<BFloat16>(in, out);
}

void FloatToFloat16Bytes(std::span<const float> in, std::span<uint8_t> out) {
  FromFloats<Float16, ToFloat16>(in, out);
}

void FloatToBFloat16Bytes(std::span<const float> in, std::span<uint8_t> out) {
  FromFloats<BFloat16, ToBFloat16>(in, out);
}

}  // namespace cambium
