// SPDX-License-Identifier: Apache-2.0
// bfloat16: the upper 16 bits of a binary32. Conversion rounds to nearest even on the bits, so that
// it is the same on every instruction set; a NaN stays a quiet NaN.
#pragma once

#include <bit>
#include <cstdint>

namespace cambium {

struct BFloat16 {
  uint16_t bits;
};
static_assert(sizeof(BFloat16) == 2);

inline float ToFloat(BFloat16 x) { return std::bit_cast<float>(uint32_t{x.bits} << 16); }
inline float ToFloat(float x) { return x; }

inline BFloat16 ToBFloat16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return {static_cast<uint16_t>((bits >> 16) | 0x40u)};
  return {static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

// Rounds to the element type of an activation and back: ref code for "stored as T".
template <typename T>
T FromFloat(float x);
template <>
inline float FromFloat<float>(float x) {
  return x;
}
template <>
inline BFloat16 FromFloat<BFloat16>(float x) {
  return ToBFloat16(x);
}

}  // namespace cambium
