// SPDX-License-Identifier: Apache-2.0
// One block of each format from its elements: what QuantizeRows is made of. x has Block::kSize
// elements. weights: of the errors of these elements, or empty. row_mean_square: of the row that
// they are from; used with weights only. Thread safety: pure functions.
#pragma once

#include <span>

#include "numerics/quant/quant_blocks.h"

namespace cambium {

struct BlockInput {
  std::span<const float> x;
  std::span<const float> weights;
  float row_mean_square = 0;
};

void QuantizeBlock(const BlockInput& in, BlockQ4_0* block);
void QuantizeBlock(const BlockInput& in, BlockQ4_1* block);
void QuantizeBlock(const BlockInput& in, BlockQ5_0* block);
void QuantizeBlock(const BlockInput& in, BlockQ5_1* block);
void QuantizeBlock(const BlockInput& in, BlockQ8_0* block);
void QuantizeBlock(const BlockInput& in, BlockMXFP4* block);
void QuantizeBlock(const BlockInput& in, BlockNVFP4* block);
void QuantizeBlock(const BlockInput& in, BlockQ1_0* block);
void QuantizeBlock(const BlockInput& in, BlockQ2_0* block);
void QuantizeBlock(const BlockInput& in, BlockTQ1_0* block);
void QuantizeBlock(const BlockInput& in, BlockTQ2_0* block);
void QuantizeBlock(const BlockInput& in, BlockQ2_K* block);
void QuantizeBlock(const BlockInput& in, BlockQ3_K* block);
void QuantizeBlock(const BlockInput& in, BlockQ4_K* block);
void QuantizeBlock(const BlockInput& in, BlockQ5_K* block);
void QuantizeBlock(const BlockInput& in, BlockQ6_K* block);
void QuantizeBlock(const BlockInput& in, BlockIQ4_NL* block);
void QuantizeBlock(const BlockInput& in, BlockIQ4_XS* block);

inline void StoreHalf(float value, uint8_t* bytes) {
  const uint16_t bits = ToFloat16(value).bits;
  bytes[0] = static_cast<uint8_t>(bits);
  bytes[1] = static_cast<uint8_t>(bits >> 8);
}

// The inverse of SplitNibble: sets nibble i of a run of 2 n that was zero.
template <size_t n>
void StoreSplitNibble(int code, uint8_t* bytes, size_t i) {
  bytes[i % n] = static_cast<uint8_t>(bytes[i % n] | ((code & 15) << (i / n * 4)));
}
// The inverse of CrumbOf256.
inline void StoreCrumbOf256(int code, uint8_t* bytes, size_t i) {
  uint8_t& byte = bytes[i / 128 * 32 + i % 32];
  byte = static_cast<uint8_t>(byte | ((code & 3) << (i % 128 / 32 * 2)));
}

// Index into kIq4Values of the value nearest to x.
uint8_t NearestIq4(float x);

}  // namespace cambium
