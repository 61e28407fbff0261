// SPDX-License-Identifier: Apache-2.0
// The blocks of the quantised formats, bit for bit: which bits of a block are an element's code,
// and which its scale. This is the definition that Dequantize, the tests and the kernels share.
//
//   kSize            elements of a block
//   kGroup           elements in a row that share a scale; divides kSize
//   Code(i)          the number stored for element i: an integer, in IQ1 one in eighths
//   Scale(g)         f32 scale of group g = i / kGroup
//   Offset(g)        f32 offset, only in the formats that have one
//
//   element i = Scale(g) * Code(i)                 both roundings are those of IEEE binary32,
//             = Scale(g) * Code(i) + Offset(g)     nothing is fused
//
// All members are bytes, so a block has no padding and may lie at any address; numbers of several
// bytes are little-endian. Any bytes are a valid block: indices are masked to the size of what they
// index, so no block can lead out of a table.
// Source: ggml 0.25.1, ggml-common.h (block_*) and ggml-quants.c (dequantize_row_*), whose floats
// these are. "Bits a..b" count from the lowest.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "numerics/float16.h"
#include "numerics/quant/iq_grids.h"
#include "numerics/quant/quant_types.h"

namespace cambium {

inline uint32_t Load16(const uint8_t* p) { return static_cast<uint32_t>(p[0] | (p[1] << 8)); }
inline uint32_t Load32(const uint8_t* p) { return Load16(p) | (Load16(p + 2) << 16); }
inline float LoadHalf(const uint8_t* p) {
  return ToFloat(Float16{static_cast<uint16_t>(Load16(p))});
}

// Element i of a run of 2 n elements whose first n are low nibbles and whose second n are the high
// nibbles of the same n bytes.
template <size_t n>
int SplitNibble(const uint8_t* bytes, size_t i) {
  return (bytes[i % n] >> (i / n * 4)) & 15;
}
// Nibble i, in the order of the bytes, low nibble first.
inline int Nibble(const uint8_t* bytes, size_t i) { return (bytes[i / 2] >> (i % 2 * 4)) & 15; }
inline int Bit(const uint8_t* bytes, size_t i) { return (bytes[i / 8] >> (i % 8)) & 1; }

// ---- Blocks of 32 with one scale --------------------------------------------------------------

struct BlockQ4_0 {
  static constexpr GgmlType kType = GgmlType::kQ4_0;
  static constexpr size_t kSize = 32, kGroup = 32;
  uint8_t d[2];    // f16 scale
  uint8_t qs[16];  // element i: low nibble of byte i, i + 16: its high nibble; 8 is zero
  int Code(size_t i) const { return SplitNibble<16>(qs, i) - 8; }
  float Scale(size_t) const { return LoadHalf(d); }
};

struct BlockQ4_1 {
  static constexpr GgmlType kType = GgmlType::kQ4_1;
  static constexpr size_t kSize = 32, kGroup = 32;
  uint8_t d[2];    // f16 scale
  uint8_t m[2];    // f16 minimum
  uint8_t qs[16];  // as in Q4_0; 0 is the minimum
  int Code(size_t i) const { return SplitNibble<16>(qs, i); }
  float Scale(size_t) const { return LoadHalf(d); }
  float Offset(size_t) const { return LoadHalf(m); }
};

struct BlockQ5_0 {
  static constexpr GgmlType kType = GgmlType::kQ5_0;
  static constexpr size_t kSize = 32, kGroup = 32;
  uint8_t d[2];    // f16 scale
  uint8_t qh[4];   // bit i: the fifth bit of element i
  uint8_t qs[16];  // low four bits, as in Q4_0; 16 is zero
  int Code(size_t i) const { return (SplitNibble<16>(qs, i) | (Bit(qh, i) << 4)) - 16; }
  float Scale(size_t) const { return LoadHalf(d); }
};

struct BlockQ5_1 {
  static constexpr GgmlType kType = GgmlType::kQ5_1;
  static constexpr size_t kSize = 32, kGroup = 32;
  uint8_t d[2];    // f16 scale
  uint8_t m[2];    // f16 minimum
  uint8_t qh[4];   // as in Q5_0
  uint8_t qs[16];  // as in Q5_0; 0 is the minimum
  int Code(size_t i) const { return SplitNibble<16>(qs, i) | (Bit(qh, i) << 4); }
  float Scale(size_t) const { return LoadHalf(d); }
  float Offset(size_t) const { return LoadHalf(m); }
};

struct BlockQ8_0 {
  static constexpr GgmlType kType = GgmlType::kQ8_0;
  static constexpr size_t kSize = 32, kGroup = 32;
  uint8_t d[2];   // f16 scale
  int8_t qs[32];  // -128 is never written by a quantizer, and read as any other
  int Code(size_t i) const { return qs[i]; }
  float Scale(size_t) const { return LoadHalf(d); }
};

// The sixteen values of a non-linear 4-bit code.
inline constexpr int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                          1,    13,   25,  38,  53,  69,  89,  113};

struct BlockIQ4_NL {
  static constexpr GgmlType kType = GgmlType::kIQ4_NL;
  static constexpr size_t kSize = 32, kGroup = 32;
  uint8_t d[2];    // f16 scale
  uint8_t qs[16];  // as in Q4_0, indices into kIq4Values
  int Code(size_t i) const { return kIq4Values[SplitNibble<16>(qs, i)]; }
  float Scale(size_t) const { return LoadHalf(d); }
};

// E2M1 (sign, two exponent bits, one mantissa bit) times two, so that all are integers; 8 is minus
// zero, which counts as zero. Source: OCP Microscaling Formats 1.0, section 5.3.3.
inline constexpr int8_t kFp4Values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// Half of an E8M0 scale: 2^(e - 128), exact, denormal below e = 2. 255 is NaN in the OCP format but
// here 2^127, as in ggml.
inline float HalfOfE8M0(uint8_t e) {
  return std::bit_cast<float>(e < 2 ? 0x200000u << e : (e - 1u) << 23);
}

struct BlockMXFP4 {
  static constexpr GgmlType kType = GgmlType::kMXFP4;
  static constexpr size_t kSize = 32, kGroup = 32;
  uint8_t e;       // E8M0 scale
  uint8_t qs[16];  // E2M1, nibbles as in Q4_0
  int Code(size_t i) const { return kFp4Values[SplitNibble<16>(qs, i)]; }
  float Scale(size_t) const { return HalfOfE8M0(e); }
};

// ---- Other blocks without superblocks ---------------------------------------------------------

// Half of an unsigned E4M3 scale: exponent bias 7, no infinities, 0x7f is 0. The highest bit does
// not count, save that 0xff is 480 where 0x7f is 0.
inline float HalfOfUE4M3(uint8_t x) {
  if (x == 0x7f) return 0.0f;
  const uint32_t exponent = (x >> 3) & 15u, mantissa = x & 7u;
  // A denormal is mantissa / 8 * 2^-6. All are normal binary32, hence exact.
  const float significand = static_cast<float>(exponent == 0 ? mantissa : 8 + mantissa);
  const uint32_t power = (exponent == 0 ? 1 : exponent) - 7 - 3 - 1 + 127;
  return significand * std::bit_cast<float>(power << 23);
}

struct BlockNVFP4 {
  static constexpr GgmlType kType = GgmlType::kNVFP4;
  static constexpr size_t kSize = 64, kGroup = 16;
  uint8_t d[4];    // E4M3 scale of each group
  uint8_t qs[32];  // E2M1; 8 bytes a group, nibbles split as in Q4_0
  int Code(size_t i) const { return kFp4Values[SplitNibble<8>(qs + i / 16 * 8, i % 16)]; }
  float Scale(size_t g) const { return HalfOfUE4M3(d[g]); }
};

struct BlockQ1_0 {
  static constexpr GgmlType kType = GgmlType::kQ1_0;
  static constexpr size_t kSize = 128, kGroup = 128;
  uint8_t d[2];    // f16 scale
  uint8_t qs[16];  // bit i: 1 is +1, 0 is -1
  int Code(size_t i) const { return 2 * Bit(qs, i) - 1; }
  float Scale(size_t) const { return LoadHalf(d); }
};

struct BlockQ2_0 {
  static constexpr GgmlType kType = GgmlType::kQ2_0;
  static constexpr size_t kSize = 64, kGroup = 64;
  uint8_t d[2];    // f16 scale
  uint8_t qs[16];  // bits 2 (i mod 4) and above of byte i / 4; 0 to 3 are -1 to 2
  int Code(size_t i) const { return ((qs[i / 4] >> (i % 4 * 2)) & 3) - 1; }
  float Scale(size_t) const { return LoadHalf(d); }
};

// ---- Superblocks of 256: scales of groups are small integers times an f16 ---------------------

// Two bits of element i: the superblock has two halves of 128 elements and 32 bytes; in a half,
// byte j holds elements j, j + 32, j + 64, j + 96, from the lowest bits up.
inline int CrumbOf256(const uint8_t* bytes, size_t i) {
  return (bytes[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2)) & 3;
}

struct BlockQ2_K {
  static constexpr GgmlType kType = GgmlType::kQ2_K;
  static constexpr size_t kSize = 256, kGroup = 16;
  uint8_t scales[16];  // group g: bits 0..3 its scale, 4..7 its minimum
  uint8_t qs[64];      // two bits an element (CrumbOf256)
  uint8_t d[2];        // f16 of the scales
  uint8_t dmin[2];     // f16 of the minima, which are subtracted
  int Code(size_t i) const { return CrumbOf256(qs, i); }
  float Scale(size_t g) const { return LoadHalf(d) * static_cast<float>(scales[g] & 15); }
  float Offset(size_t g) const { return -(LoadHalf(dmin) * static_cast<float>(scales[g] >> 4)); }
};

struct BlockQ3_K {
  static constexpr GgmlType kType = GgmlType::kQ3_K;
  static constexpr size_t kSize = 256, kGroup = 16;
  uint8_t hmask[32];   // bit i / 32 of byte i mod 32: the third bit of element i
  uint8_t qs[64];      // the lower two bits (CrumbOf256); 4 is zero
  uint8_t scales[12];  // low four bits of group g: nibble g of the first 8 bytes, split;
                       // upper two: bits 2 (g / 4) and above of byte 8 + g mod 4; 32 is zero
  uint8_t d[2];        // f16 of the scales
  int Code(size_t i) const {
    return (CrumbOf256(qs, i) | (((hmask[i % 32] >> (i / 32)) & 1) << 2)) - 4;
  }
  int ScaleCode(size_t g) const {
    const int high = (scales[8 + g % 4] >> (g / 4 * 2)) & 3;
    return (SplitNibble<8>(scales, g) | (high << 4)) - 32;
  }
  float Scale(size_t g) const { return LoadHalf(d) * static_cast<float>(ScaleCode(g)); }
};

// The twelve bytes that hold eight 6-bit scales and eight 6-bit minima (Q4_K and Q5_K). Groups 0 to
// 3 have theirs in bits 0..5 of bytes g and g + 4. Groups 4 to 7 have the low four bits in the
// nibbles of byte g + 4 (scale low, minimum high), and the upper two in bits 6..7 of bytes g - 4
// (scale) and g (minimum).
struct SixBitPairs {
  uint8_t bytes[12];
  int Scale(size_t g) const {
    return g < 4 ? bytes[g] & 63 : (bytes[g + 4] & 15) | ((bytes[g - 4] >> 6) << 4);
  }
  int Minimum(size_t g) const {
    return g < 4 ? bytes[g + 4] & 63 : (bytes[g + 4] >> 4) | ((bytes[g] >> 6) << 4);
  }
};

struct BlockQ4_K {
  static constexpr GgmlType kType = GgmlType::kQ4_K;
  static constexpr size_t kSize = 256, kGroup = 32;
  uint8_t d[2];        // f16 of the scales
  uint8_t dmin[2];     // f16 of the minima, which are subtracted
  SixBitPairs scales;  // of the groups
  uint8_t qs[128];     // 32 bytes for each 64 elements, nibbles split
  int Code(size_t i) const { return SplitNibble<32>(qs + i / 64 * 32, i % 64); }
  float Scale(size_t g) const { return LoadHalf(d) * static_cast<float>(scales.Scale(g)); }
  float Offset(size_t g) const { return -(LoadHalf(dmin) * static_cast<float>(scales.Minimum(g))); }
};

struct BlockQ5_K {
  static constexpr GgmlType kType = GgmlType::kQ5_K;
  static constexpr size_t kSize = 256, kGroup = 32;
  uint8_t d[2];        // f16 of the scales
  uint8_t dmin[2];     // f16 of the minima, which are subtracted
  SixBitPairs scales;  // of the groups
  uint8_t qh[32];      // bit i / 32 of byte i mod 32: the fifth bit of element i
  uint8_t qs[128];     // the lower four, as in Q4_K
  int Code(size_t i) const {
    return SplitNibble<32>(qs + i / 64 * 32, i % 64) | (((qh[i % 32] >> (i / 32)) & 1) << 4);
  }
  float Scale(size_t g) const { return LoadHalf(d) * static_cast<float>(scales.Scale(g)); }
  float Offset(size_t g) const { return -(LoadHalf(dmin) * static_cast<float>(scales.Minimum(g))); }
};

struct BlockQ6_K {
  static constexpr GgmlType kType = GgmlType::kQ6_K;
  static constexpr size_t kSize = 256, kGroup = 16;
  uint8_t ql[128];    // lower four bits; 64 bytes for each 128 elements, nibbles split
  uint8_t qh[64];     // upper two bits (CrumbOf256); 32 is zero
  int8_t scales[16];  // of the groups
  uint8_t d[2];       // f16 of the scales
  int Code(size_t i) const {
    return (SplitNibble<64>(ql + i / 128 * 64, i % 128) | (CrumbOf256(qh, i) << 4)) - 32;
  }
  float Scale(size_t g) const { return LoadHalf(d) * static_cast<float>(scales[g]); }
};

// What ggml makes of activations; no file holds it.
struct BlockQ8_K {
  static constexpr GgmlType kType = GgmlType::kQ8_K;
  static constexpr size_t kSize = 256, kGroup = 256;
  uint8_t d[4];      // f32 scale
  int8_t qs[256];    // codes
  uint8_t sums[32];  // i16 sum of the codes of each 16 elements
  int Code(size_t i) const { return qs[i]; }
  float Scale(size_t) const { return std::bit_cast<float>(Load32(d)); }
};

// ---- Ternary: -1, 0, 1 ------------------------------------------------------------------------

struct BlockTQ1_0 {
  static constexpr GgmlType kType = GgmlType::kTQ1_0;
  static constexpr size_t kSize = 256, kGroup = 256;
  uint8_t qs[48];  // five digits a byte: 32 bytes for elements 0..159 (element i: digit i / 32 of
                   // byte i mod 32), 16 for 160..239 (digit i / 16 of byte i mod 16, counted from
                   // there)
  uint8_t qh[4];   // four digits a byte, for elements 240..255 (digit i / 4 of byte i mod 4)
  uint8_t d[2];    // f16 scale
  // A byte is the base-3 fraction 0.abcde in units of 1/256, rounded up: multiplying by a power of
  // three modulo 256 drops the digits before, times three over 256 is the digit.
  static int Digit(uint8_t byte, size_t n) {
    constexpr uint8_t kPowers[5] = {1, 3, 9, 27, 81};
    const uint32_t rest = (byte * kPowers[n]) & 255u;
    return static_cast<int>((rest * 3) >> 8);
  }
  int Code(size_t i) const {
    if (i < 160) return Digit(qs[i % 32], i / 32) - 1;
    if (i < 240) return Digit(qs[32 + i % 16], (i - 160) / 16) - 1;
    return Digit(qh[i % 4], (i - 240) / 4) - 1;
  }
  float Scale(size_t) const { return LoadHalf(d); }
};

struct BlockTQ2_0 {
  static constexpr GgmlType kType = GgmlType::kTQ2_0;
  static constexpr size_t kSize = 256, kGroup = 256;
  uint8_t qs[64];  // two bits an element (CrumbOf256); 0 to 3 are -1 to 2
  uint8_t d[2];    // f16 scale
  int Code(size_t i) const { return CrumbOf256(qs, i) - 1; }
  float Scale(size_t) const { return LoadHalf(d); }
};

// ---- Code books -------------------------------------------------------------------------------

// Seven stored sign bits stand for eight: the number of minus signs is even.
inline int EvenSign(uint32_t seven, size_t j) {
  const uint32_t bits = j < 7 ? seven >> j : static_cast<uint32_t>(std::popcount(seven & 127u));
  return (bits & 1) != 0 ? -1 : 1;
}
inline int SignOf(uint32_t bits, size_t j) { return ((bits >> j) & 1) != 0 ? -1 : 1; }

struct BlockIQ2_XXS {
  static constexpr GgmlType kType = GgmlType::kIQ2_XXS;
  static constexpr size_t kSize = 256, kGroup = 32;
  uint8_t d[2];    // f16 scale
  uint8_t qs[64];  // 8 bytes a group: four indices for 8 elements each, then a u32 with their signs
                   // in bits 7 n and above, and the scale in bits 28..31
  uint32_t SignsAndScale(size_t g) const { return Load32(qs + 8 * g + 4); }
  int Code(size_t i) const {
    const size_t n = i % 32 / 8;
    return Iq2Level(kIq2XxsGrid[qs[i / 32 * 8 + n]], i % 8) *
           EvenSign(SignsAndScale(i / 32) >> (7 * n), i % 8);
  }
  float Scale(size_t g) const {
    return LoadHalf(d) * (0.5f + static_cast<float>(SignsAndScale(g) >> 28)) * 0.25f;
  }
};

struct BlockIQ2_XS {
  static constexpr GgmlType kType = GgmlType::kIQ2_XS;
  static constexpr size_t kSize = 256, kGroup = 16;
  uint8_t d[2];       // f16 scale
  uint8_t qs[64];     // u16 for 8 elements: bits 0..8 index, 9..15 signs
  uint8_t scales[8];  // nibble g (low first)
  int Code(size_t i) const {
    const uint32_t word = Load16(qs + i / 8 * 2);
    return Iq2Level(kIq2XsGrid[word & 511], i % 8) * EvenSign(word >> 9, i % 8);
  }
  float Scale(size_t g) const {
    return LoadHalf(d) * (0.5f + static_cast<float>(Nibble(scales, g))) * 0.25f;
  }
};

struct BlockIQ2_S {
  static constexpr GgmlType kType = GgmlType::kIQ2_S;
  static constexpr size_t kSize = 256, kGroup = 16;
  uint8_t d[2];       // f16 scale
  uint8_t qs[32];     // low 8 bits of an index for 8 elements
  uint8_t signs[32];  // of the same 8
  uint8_t qh[8];      // upper two bits of four indices
  uint8_t scales[8];  // nibble g (low first)
  int Code(size_t i) const {
    const uint32_t high = (qh[i / 32] >> (i % 32 / 8 * 2)) & 3u;
    return Iq2Level(kIq2SGrid[qs[i / 8] | (high << 8)], i % 8) * SignOf(signs[i / 8], i % 8);
  }
  float Scale(size_t g) const {
    return LoadHalf(d) * (0.5f + static_cast<float>(Nibble(scales, g))) * 0.25f;
  }
};

struct BlockIQ3_XXS {
  static constexpr GgmlType kType = GgmlType::kIQ3_XXS;
  static constexpr size_t kSize = 256, kGroup = 32;
  uint8_t d[2];                 // f16 scale
  uint8_t qs[64];               // an index for 4 elements
  uint8_t signs_and_scale[32];  // u32 a group, as in IQ2_XXS
  uint32_t SignsAndScale(size_t g) const { return Load32(signs_and_scale + 4 * g); }
  int Code(size_t i) const {
    return Iq3XxsLevel(kIq3XxsGrid[qs[i / 4]], i % 4) *
           EvenSign(SignsAndScale(i / 32) >> (i % 32 / 8 * 7), i % 8);
  }
  float Scale(size_t g) const {
    return LoadHalf(d) * (0.5f + static_cast<float>(SignsAndScale(g) >> 28)) * 0.5f;
  }
};

struct BlockIQ3_S {
  static constexpr GgmlType kType = GgmlType::kIQ3_S;
  static constexpr size_t kSize = 256, kGroup = 32;
  uint8_t d[2];       // f16 scale
  uint8_t qs[64];     // low 8 bits of an index for 4 elements
  uint8_t qh[8];      // bit n: the ninth bit of index n
  uint8_t signs[32];  // bit i
  uint8_t scales[4];  // nibble g (low first)
  int Code(size_t i) const {
    const size_t index = qs[i / 4] | (static_cast<uint32_t>(Bit(qh, i / 4)) << 8);
    return Iq3SLevel(kIq3SGrid[index], i % 4) * SignOf(signs[i / 8], i % 8);
  }
  float Scale(size_t g) const {
    return LoadHalf(d) * static_cast<float>(1 + 2 * Nibble(scales, g));
  }
};

// A code of IQ1 is -1, 0 or 1 plus or minus an eighth.
inline constexpr float kIq1Delta = 0.125f;

struct BlockIQ1_S {
  static constexpr GgmlType kType = GgmlType::kIQ1_S;
  static constexpr size_t kSize = 256, kGroup = 32;
  uint8_t d[2];    // f16 scale
  uint8_t qs[32];  // low 8 bits of an index for 8 elements
  uint8_t qh[16];  // u16 a group: bits 0..11 the upper three bits of four indices, 12..14 the
                   // scale, 15: the eighth is subtracted
  float Code(size_t i) const {
    const uint32_t high = Load16(qh + i / 32 * 2);
    const uint32_t index = qs[i / 8] | (((high >> (i % 32 / 8 * 3)) & 7) << 8);
    return static_cast<float>(Iq1Level(kIq1SGrid[index], i % 8)) +
           ((high & 0x8000) != 0 ? -kIq1Delta : kIq1Delta);
  }
  float Scale(size_t g) const {
    const uint32_t code = (Load16(qh + 2 * g) >> 12) & 7;
    return LoadHalf(d) * static_cast<float>(2 * code + 1);
  }
};

struct BlockIQ1_M {
  static constexpr GgmlType kType = GgmlType::kIQ1_M;
  static constexpr size_t kSize = 256, kGroup = 16;
  uint8_t qs[32];     // low 8 bits of an index for 8 elements
  uint8_t qh[16];     // a nibble for each index: its upper three bits, then as bit 15 of IQ1_S
  uint8_t scales[8];  // four u16: three bits a group in bits 0..11; bits 12..15 of the four are the
                      // nibbles of the f16 scale, lowest first
  float Code(size_t i) const {
    const int high = Nibble(qh, i / 8);
    const size_t index = qs[i / 8] | (static_cast<uint32_t>(high & 7) << 8);
    return static_cast<float>(Iq1Level(kIq1SGrid[index], i % 8)) +
           ((high & 8) != 0 ? -kIq1Delta : kIq1Delta);
  }
  float SuperScale() const {
    uint32_t bits = 0;
    for (size_t n = 0; n < 4; ++n) bits |= (Load16(scales + 2 * n) >> 12) << (4 * n);
    return ToFloat(Float16{static_cast<uint16_t>(bits)});
  }
  float Scale(size_t g) const {
    const uint32_t code = (Load16(scales + g / 4 * 2) >> (g % 4 * 3)) & 7;
    return SuperScale() * static_cast<float>(2 * code + 1);
  }
};

struct BlockIQ4_XS {
  static constexpr GgmlType kType = GgmlType::kIQ4_XS;
  static constexpr size_t kSize = 256, kGroup = 32;
  uint8_t d[2];         // f16 of the scales
  uint8_t scales_h[2];  // u16: bits 2 g and 2 g + 1 are the upper two bits of the scale of group g
  uint8_t scales_l[4];  // nibble g (low first): the lower four; 32 is zero
  uint8_t qs[128];      // 16 bytes a group, nibbles split, indices into kIq4Values
  int Code(size_t i) const { return kIq4Values[SplitNibble<16>(qs + i / 32 * 16, i % 32)]; }
  int ScaleCode(size_t g) const {
    const int high = static_cast<int>((Load16(scales_h) >> (2 * g)) & 3);
    return (Nibble(scales_l, g) | (high << 4)) - 32;
  }
  float Scale(size_t g) const { return LoadHalf(d) * static_cast<float>(ScaleCode(g)); }
};

// ---- All of them ------------------------------------------------------------------------------

// Calls fn(Block{}) with the block of `type`; false when the type has none here.
template <typename Fn>
bool VisitBlock(GgmlType type, const Fn& fn) {
  const auto visit = [&]<typename... Blocks>(std::type_identity<Blocks>...) {
    return ((type == Blocks::kType ? (fn(std::type_identity<Blocks>{}), true) : false) || ...);
  };
  using std::type_identity;
  return visit(
      type_identity<BlockQ4_0>{}, type_identity<BlockQ4_1>{}, type_identity<BlockQ5_0>{},
      type_identity<BlockQ5_1>{}, type_identity<BlockQ8_0>{}, type_identity<BlockQ2_K>{},
      type_identity<BlockQ3_K>{}, type_identity<BlockQ4_K>{}, type_identity<BlockQ5_K>{},
      type_identity<BlockQ6_K>{}, type_identity<BlockQ8_K>{}, type_identity<BlockIQ1_S>{},
      type_identity<BlockIQ1_M>{}, type_identity<BlockIQ2_XXS>{}, type_identity<BlockIQ2_XS>{},
      type_identity<BlockIQ2_S>{}, type_identity<BlockIQ3_XXS>{}, type_identity<BlockIQ3_S>{},
      type_identity<BlockIQ4_NL>{}, type_identity<BlockIQ4_XS>{}, type_identity<BlockTQ1_0>{},
      type_identity<BlockTQ2_0>{}, type_identity<BlockMXFP4>{}, type_identity<BlockNVFP4>{},
      type_identity<BlockQ1_0>{}, type_identity<BlockQ2_0>{});
}

static_assert(sizeof(BlockQ4_0) == 18 && alignof(BlockQ4_0) == 1);
static_assert(sizeof(BlockQ4_1) == 20 && alignof(BlockQ4_1) == 1);
static_assert(sizeof(BlockQ5_0) == 22 && alignof(BlockQ5_0) == 1);
static_assert(sizeof(BlockQ5_1) == 24 && alignof(BlockQ5_1) == 1);
static_assert(sizeof(BlockQ8_0) == 34 && alignof(BlockQ8_0) == 1);
static_assert(sizeof(BlockIQ4_NL) == 18 && alignof(BlockIQ4_NL) == 1);
static_assert(sizeof(BlockMXFP4) == 17 && alignof(BlockMXFP4) == 1);
static_assert(sizeof(BlockNVFP4) == 36 && alignof(BlockNVFP4) == 1);
static_assert(sizeof(BlockQ1_0) == 18 && alignof(BlockQ1_0) == 1);
static_assert(sizeof(BlockQ2_0) == 18 && alignof(BlockQ2_0) == 1);
static_assert(sizeof(BlockQ2_K) == 84 && alignof(BlockQ2_K) == 1);
static_assert(sizeof(BlockQ3_K) == 110 && alignof(BlockQ3_K) == 1);
static_assert(sizeof(BlockQ4_K) == 144 && alignof(BlockQ4_K) == 1);
static_assert(sizeof(BlockQ5_K) == 176 && alignof(BlockQ5_K) == 1);
static_assert(sizeof(BlockQ6_K) == 210 && alignof(BlockQ6_K) == 1);
static_assert(sizeof(BlockQ8_K) == 292 && alignof(BlockQ8_K) == 1);
static_assert(sizeof(BlockTQ1_0) == 54 && alignof(BlockTQ1_0) == 1);
static_assert(sizeof(BlockTQ2_0) == 66 && alignof(BlockTQ2_0) == 1);
static_assert(sizeof(BlockIQ2_XXS) == 66 && alignof(BlockIQ2_XXS) == 1);
static_assert(sizeof(BlockIQ2_XS) == 74 && alignof(BlockIQ2_XS) == 1);
static_assert(sizeof(BlockIQ2_S) == 82 && alignof(BlockIQ2_S) == 1);
static_assert(sizeof(BlockIQ3_XXS) == 98 && alignof(BlockIQ3_XXS) == 1);
static_assert(sizeof(BlockIQ3_S) == 110 && alignof(BlockIQ3_S) == 1);
static_assert(sizeof(BlockIQ1_S) == 50 && alignof(BlockIQ1_S) == 1);
static_assert(sizeof(BlockIQ1_M) == 56 && alignof(BlockIQ1_M) == 1);
static_assert(sizeof(BlockIQ4_XS) == 136 && alignof(BlockIQ4_XS) == 1);

}  // namespace cambium
