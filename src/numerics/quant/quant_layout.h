// SPDX-License-Identifier: Apache-2.0
// How PackQuant lays out weights, and how the kernels of quant_gemm.h find them again. Internal to
// those two.
//
// A panel is W = kQuantPanelCols rows of the matrix (columns of the result); it holds, for every
// block of K:
//   scales        W x 16 bits: f16, in MXFP4 bf16 (a power of two beyond f16)
//   minima        W x f16                             formats with minima
//   group scales  for every group: W x int8           blocks of 256
//   group minima  for every pair of groups: W x two uint8    blocks of 256 with minima
//   chunks of 32 elements; a chunk is:
//     low bits:   8, 4 or 2 a code; steps of 4 W bytes, in which byte 4 c + j belongs to column c
//                 and holds element 4 q + j of the chunk for every quad q of the step: 1, 2 or 4
//                 quads, from the lowest bits up
//     high bits:  1 or 2 a code, in steps alike: 8 or 4 quads
// A code is Code(i) + kOffset, or its index in the table of the format (kTable). Columns beyond N
// have scales 0.
#pragma once

#include "numerics/quant/integer_view.h"
#include "numerics/quant/quant_gemm.h"

namespace cambium {

// Table of 16 values, each plus kOffset; kNone: codes are numbers.
enum class CodeTable { kNone, kIq4, kFp4 };

template <size_t kLow, size_t kHigh, CodeTable kCodeTable = CodeTable::kNone>
struct CodeBits {
  static constexpr size_t kLowBits = kLow, kHighBits = kHigh;
  static constexpr CodeTable kTable = kCodeTable;
};

template <typename Block>
struct CodeBitsOf;
template <>
struct CodeBitsOf<BlockQ4_0> : CodeBits<4, 0> {};
template <>
struct CodeBitsOf<BlockQ4_1> : CodeBits<4, 0> {};
template <>
struct CodeBitsOf<BlockQ5_0> : CodeBits<4, 1> {};
template <>
struct CodeBitsOf<BlockQ5_1> : CodeBits<4, 1> {};
template <>
struct CodeBitsOf<BlockQ8_0> : CodeBits<8, 0> {};
template <>
struct CodeBitsOf<BlockIQ4_NL> : CodeBits<4, 0, CodeTable::kIq4> {};
template <>
struct CodeBitsOf<BlockMXFP4> : CodeBits<4, 0, CodeTable::kFp4> {};
template <>
struct CodeBitsOf<BlockQ2_K> : CodeBits<2, 0> {};
template <>
struct CodeBitsOf<BlockQ3_K> : CodeBits<2, 1> {};
template <>
struct CodeBitsOf<BlockQ4_K> : CodeBits<4, 0> {};
template <>
struct CodeBitsOf<BlockQ5_K> : CodeBits<4, 1> {};
template <>
struct CodeBitsOf<BlockQ6_K> : CodeBits<4, 2> {};
template <>
struct CodeBitsOf<BlockIQ4_XS> : CodeBits<4, 0, CodeTable::kIq4> {};

template <typename Block>
struct QuantLayout : IntegerView<Block>, CodeBitsOf<Block> {
  using View = IntegerView<Block>;
  using Bits = CodeBitsOf<Block>;
  static constexpr size_t kCols = kQuantPanelCols;
  static constexpr size_t kBlock = Block::kSize;
  static constexpr bool kGrouped = kBlock == 256;
  static constexpr size_t kGroups = kBlock / View::kGroup;
  static constexpr bool kBf16Scale = std::is_same_v<Block, BlockMXFP4>;

  static constexpr size_t kStepBytes = 4 * kCols;
  static constexpr size_t kLowBytes = Bits::kLowBits * kStepBytes;  // of a chunk
  static constexpr size_t kHighBytes = Bits::kHighBits * kStepBytes;
  static constexpr size_t kChunkBytes = kLowBytes + kHighBytes;

  static constexpr size_t kScaleAt = 0;
  static constexpr size_t kMinimumAt = 2 * kCols;
  static constexpr size_t kGroupScaleAt = kMinimumAt + (View::kHasMinimum ? 2 * kCols : 0);
  static constexpr size_t kGroupMinimumAt = kGroupScaleAt + (kGrouped ? kGroups * kCols : 0);
  static constexpr size_t kChunksAt =
      kGroupMinimumAt + (kGrouped && View::kHasMinimum ? kGroups * kCols : 0);
  static constexpr size_t kBlockBytes = kChunksAt + kBlock / 32 * kChunkBytes;
  static_assert(kChunksAt % 64 == 0 && kBlockBytes % 64 == 0);
};

}  // namespace cambium
