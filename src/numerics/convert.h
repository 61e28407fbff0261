// SPDX-License-Identifier: Apache-2.0
// Whole arrays between binary32 and the 16-bit formats that files store. `in` and `out` have the
// same number of elements and do not overlap. The 16-bit side is bytes, little-endian, at any
// alignment, because it lies in files.
#pragma once

#include <cstdint>
#include <span>

namespace cambium {

void Float16BytesToFloat(std::span<const uint8_t> in, std::span<float> out);
void BFloat16BytesToFloat(std::span<const uint8_t> in, std::span<float> out);
void FloatToFloat16Bytes(std::span<const float> in, std::span<uint8_t> out);
void FloatToBFloat16Bytes(std::span<const float> in, std::span<uint8_t> out);

}  // namespace cambium
