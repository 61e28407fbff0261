// SPDX-License-Identifier: Apache-2.0
#include "formats/hf_mxfp4.h"

#include <cmath>

#include "base/check.h"

namespace cambium {
namespace {

// Sign, two bits of exponent, one of mantissa.
constexpr float kE2M1[16] = {0.0f,  0.5f,  1.0f,  1.5f,  2.0f,  3.0f,  4.0f,  6.0f,
                             -0.0f, -0.5f, -1.0f, -1.5f, -2.0f, -3.0f, -4.0f, -6.0f};

}  // namespace

void DequantizeHfMxfp4(std::span<const uint8_t> blocks, std::span<const uint8_t> scales,
                       std::span<float> out) {
  CHECK(out.size() == 32 * scales.size() && blocks.size() == 16 * scales.size());
  for (size_t b = 0; b < scales.size(); ++b) {
    const float scale = std::ldexp(1.0f, static_cast<int>(scales[b]) - 127);
    for (size_t i = 0; i < 16; ++i) {
      const uint8_t pair = blocks[16 * b + i];
      out[32 * b + 2 * i] = kE2M1[pair & 15] * scale;
      out[32 * b + 2 * i + 1] = kE2M1[pair >> 4] * scale;
    }
  }
}

}  // namespace cambium
