// SPDX-License-Identifier: Apache-2.0
// IEEE 754 binary16, as files store it (GGUF F16, safetensors F16). A storage format only: all
// arithmetic is binary32. Conversions are integer arithmetic on the bits, so that they are the same
// on every instruction set and do not depend on the flush-denormals mode of the thread; subnormals
// are kept both ways. Rounding is to nearest even, out of range becomes infinity, a NaN stays a
// quiet NaN with the upper bits of its payload.
#pragma once

#include <bit>
#include <cstdint>

namespace cambium {

struct Float16 {
  uint16_t bits;
};
static_assert(sizeof(Float16) == 2);

inline float ToFloat(Float16 x) {
  const uint32_t sign = uint32_t{x.bits & 0x8000u} << 16;
  const uint32_t exponent = (x.bits >> 10) & 0x1fu;
  const uint32_t mantissa = x.bits & 0x3ffu;
  if (exponent == 31) {  // infinity, or NaN made quiet
    const uint32_t quiet = mantissa == 0 ? 0 : 0x400000u;
    return std::bit_cast<float>(sign | 0x7f800000u | quiet | (mantissa << 13));
  }
  if (exponent != 0) {
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
  }
  if (mantissa == 0) return std::bit_cast<float>(sign);
  // Subnormal: value = mantissa * 2^-24. Its leading one, at bit 31 - zeros, becomes the implicit
  // one of a normal binary32.
  const uint32_t zeros = static_cast<uint32_t>(std::countl_zero(mantissa));
  const uint32_t fraction = (mantissa << (zeros - 8)) & 0x7fffffu;
  return std::bit_cast<float>(sign | ((134 - zeros) << 23) | fraction);
}

inline Float16 ToFloat16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  uint32_t result;
  if (magnitude > 0x7f800000u) {  // NaN
    result = 0x7e00u | ((magnitude >> 13) & 0x3ffu);
  } else if (magnitude >= 0x477ff000u) {  // 65520 and above round to infinity
    result = 0x7c00u;
  } else if (magnitude >= 0x38800000u) {  // 2^-14: the smallest normal binary16
    const uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
    result = (rounded >> 13) - (112u << 10);
  } else if (magnitude <= 0x33000000u) {  // at most 2^-25: half of the smallest, ties to even: 0
    result = 0;
  } else {
    // Subnormal: the significand (with its implicit one) in units of 2^-24, shifted right by
    // 14 .. 24 and rounded to nearest even.
    const uint32_t shift = 126 - (magnitude >> 23);
    const uint32_t significand = (magnitude & 0x7fffffu) | 0x800000u;
    const uint32_t quotient = significand >> shift;
    const uint32_t rest = significand & ((1u << shift) - 1);
    const uint32_t half = 1u << (shift - 1);
    result = quotient + ((rest > half || (rest == half && (quotient & 1u) != 0)) ? 1u : 0u);
  }
  return {static_cast<uint16_t>(sign | result)};
}

}  // namespace cambium
