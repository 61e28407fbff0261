// SPDX-License-Identifier: Apache-2.0
// The formats that run through the integer contract (quant_gemm.h), as integers: what packing and
// the reference need of a block of quant_blocks.h.
//
//   Activations  ByteBlock32 (one f32 scale per 32) or ByteBlock256
//   kGroup       elements that share an integer scale (blocks of 32: the whole block)
//   kOffset      Code(i) + kOffset is in [0, 255]
//   GroupScale(block, g), GroupMinimum(block, g)   integers; blocks of 256 only
//   Scale(block), Minimum(block)   f32: element = Scale * GroupScale * Code - Minimum *
//   GroupMinimum
//                                  in blocks of 256, Scale * Code + Minimum in blocks of 32
#pragma once

#include "numerics/quant/quant_blocks.h"
#include "numerics/quant/quantized_rows.h"

namespace cambium {

template <typename Block>
struct IntegerView;  // only for the formats below

template <typename Block, int kOffsetValue, bool kHasMinimumValue>
struct View32 {
  using Activations = ByteBlock32;
  static constexpr size_t kGroup = 32;
  static constexpr int kOffset = kOffsetValue;
  static constexpr bool kHasMinimum = kHasMinimumValue;
  static float Scale(const Block& block) { return block.Scale(0); }
  static float Minimum(const Block& block) {
    if constexpr (kHasMinimum) {
      return block.Offset(0);
    } else {
      return 0.0f;
    }
  }
};

template <>
struct IntegerView<BlockQ4_0> : View32<BlockQ4_0, 8, false> {};
template <>
struct IntegerView<BlockQ4_1> : View32<BlockQ4_1, 0, true> {};
template <>
struct IntegerView<BlockQ5_0> : View32<BlockQ5_0, 16, false> {};
template <>
struct IntegerView<BlockQ5_1> : View32<BlockQ5_1, 0, true> {};
template <>
struct IntegerView<BlockQ8_0> : View32<BlockQ8_0, 128, false> {};
template <>
struct IntegerView<BlockIQ4_NL> : View32<BlockIQ4_NL, 128, false> {};
template <>
struct IntegerView<BlockMXFP4> : View32<BlockMXFP4, 16, false> {};

template <typename Block, size_t kGroupValue, int kOffsetValue, bool kHasMinimumValue>
struct View256 {
  using Activations = ByteBlock256;
  static constexpr size_t kGroup = kGroupValue;
  static constexpr int kOffset = kOffsetValue;
  static constexpr bool kHasMinimum = kHasMinimumValue;
  static float Scale(const Block& block) { return LoadHalf(block.d); }
  static float Minimum(const Block& block) {
    if constexpr (kHasMinimum) {
      return LoadHalf(block.dmin);
    } else {
      return 0.0f;
    }
  }
  static int GroupMinimum(const Block&, size_t) { return 0; }
};

template <>
struct IntegerView<BlockQ2_K> : View256<BlockQ2_K, 16, 0, true> {
  static int GroupScale(const BlockQ2_K& block, size_t g) { return block.scales[g] & 15; }
  static int GroupMinimum(const BlockQ2_K& block, size_t g) { return block.scales[g] >> 4; }
};
template <>
struct IntegerView<BlockQ3_K> : View256<BlockQ3_K, 16, 4, false> {
  static int GroupScale(const BlockQ3_K& block, size_t g) { return block.ScaleCode(g); }
};
template <>
struct IntegerView<BlockQ4_K> : View256<BlockQ4_K, 32, 0, true> {
  static int GroupScale(const BlockQ4_K& block, size_t g) { return block.scales.Scale(g); }
  static int GroupMinimum(const BlockQ4_K& block, size_t g) { return block.scales.Minimum(g); }
};
template <>
struct IntegerView<BlockQ5_K> : View256<BlockQ5_K, 32, 0, true> {
  static int GroupScale(const BlockQ5_K& block, size_t g) { return block.scales.Scale(g); }
  static int GroupMinimum(const BlockQ5_K& block, size_t g) { return block.scales.Minimum(g); }
};
template <>
struct IntegerView<BlockQ6_K> : View256<BlockQ6_K, 16, 32, false> {
  static int GroupScale(const BlockQ6_K& block, size_t g) { return block.scales[g]; }
};
template <>
struct IntegerView<BlockIQ4_XS> : View256<BlockIQ4_XS, 32, 128, false> {
  static int GroupScale(const BlockIQ4_XS& block, size_t g) { return block.ScaleCode(g); }
};

template <typename Block>
concept HasIntegerView = requires {
  IntegerView<Block>::kOffset;
};

// Calls fn(type_identity<Block>) when `type` runs through the integer contract; else false.
template <typename Fn>
bool VisitIntegerFormat(GgmlType type, const Fn& fn) {
  bool found = false;
  VisitBlock(type, [&]<typename Block>(std::type_identity<Block> block) {
    if constexpr (HasIntegerView<Block>) {
      fn(block);
      found = true;
    }
  });
  return found;
}

}  // namespace cambium
