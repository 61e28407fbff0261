// SPDX-License-Identifier: Apache-2.0
// The code books of the IQ1, IQ2 and IQ3 formats: an index in a block stands for 8 (IQ1, IQ2) or 4
// (IQ3) small numbers. They are part of the formats and were found by search, not by a formula.
// An entry holds its numbers as digits from the lowest bits up: 2 bits each in the books of 8,
// where digit n is the level {8, 25, 43}[n] (IQ2) or n - 1 (IQ1); 3 bits each in the books of 4,
// where it is the level {4, 12, 20, 28, 36, 44, 52, 62}[n] (IQ3_XXS) or 2 n + 1 (IQ3_S). Source:
// ggml 0.25.1, ggml-common.h (iq*_grid), re-coded. Thread safety: constants.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cambium {

extern const uint16_t kIq2XxsGrid[256];
extern const uint16_t kIq2XsGrid[512];
extern const uint16_t kIq2SGrid[1024];
extern const uint16_t kIq3XxsGrid[256];
extern const uint16_t kIq3SGrid[512];
extern const uint16_t kIq1SGrid[2048];

// Number j of an entry.
inline int Iq2Level(uint16_t entry, size_t j) {
  constexpr uint8_t kLevels[4] = {8, 25, 43, 0};
  return kLevels[(entry >> (2 * j)) & 3];
}
inline int Iq3XxsLevel(uint16_t entry, size_t j) {
  constexpr uint8_t kLevels[8] = {4, 12, 20, 28, 36, 44, 52, 62};
  return kLevels[(entry >> (3 * j)) & 7];
}
inline int Iq3SLevel(uint16_t entry, size_t j) { return 2 * ((entry >> (3 * j)) & 7) + 1; }
inline int Iq1Level(uint16_t entry, size_t j) { return ((entry >> (2 * j)) & 3) - 1; }

}  // namespace cambium
