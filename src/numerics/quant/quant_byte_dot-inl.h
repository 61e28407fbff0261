// SPDX-License-Identifier: Apache-2.0
// Products of bytes, the one thing in which the instruction sets differ most: AddQuads adds, for
// some rows and columns, products of codes and activations to 32-bit lanes. All forms are exact, so
// all agree.
//
//   kDot       VPDPBUSD on x86 (unsigned by signed), SDOT on Arm (signed by signed)
//   kMatrix    SMMLA on Arm, eight products for each of two rows and two columns; single rows as
//              kDot. Arm Architecture Reference Manual, FEAT_I8MM.
//   kPortable  x86: VPMADDUBSW, which adds two products in 16 bits: exact as long as the unsigned
//              side is at most 127 (2 * 127 * 127 < 2^15), or 128 for the magnitude of a signed
//              code. Arm: products in 16 bits, added in pairs.
// Codes reach 255 only in formats with offset 128; there, all but VPDPBUSD take signed codes.
// Where many rows meet the same codes (quant_expanded-inl.h), codes are signed, and on x86 it is
// the activations that are unsigned: with 128 added.

// NOLINTNEXTLINE(llvm-header-guard): per-target include guard
#if defined(CAMBIUM_NUMERICS_QUANT_QUANT_BYTE_DOT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CAMBIUM_NUMERICS_QUANT_QUANT_BYTE_DOT_INL_H_
#undef CAMBIUM_NUMERICS_QUANT_QUANT_BYTE_DOT_INL_H_
#else
#define CAMBIUM_NUMERICS_QUANT_QUANT_BYTE_DOT_INL_H_
#endif

#include <hwy/highway.h>

#include <cstring>
#include <utility>

#include "numerics/quant/quant_layout.h"
#include "numerics/simd_target.h"
#include "numerics/tile_out-inl.h"

#ifndef CAMBIUM_TILE_LAMBDA
#define CAMBIUM_TILE_LAMBDA HWY_ATTR __attribute__((always_inline))
#endif

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using TileI = hn::RebindToSigned<TileF>;
using ByteTag = hn::Repartition<uint8_t, TileF>;
using ShortTag = hn::Repartition<int16_t, TileF>;
using VecI32 = hn::Vec<TileI>;
using VecU8 = hn::Vec<ByteTag>;
using VecI16 = hn::Vec<ShortTag>;

inline constexpr bool kOnArm = HWY_ARCH_ARM != 0;

// What is multiplied: codes plus kOffset, or signed codes, with signed activations; or signed codes
// with activations plus 128 (x86 only).
enum class CodeForm { kOffset, kSigned, kBiasedRows };

// The form in which the kernels read a panel.
template <class L, ByteProducts kProducts>
inline constexpr CodeForm kCodeForm = L::kOffset == 128 &&
                                              (kOnArm || kProducts == ByteProducts::kPortable)
                                          ? CodeForm::kSigned
                                          : CodeForm::kOffset;

struct CodeValues {
  uint8_t bytes[16];
};
constexpr CodeValues CodeValuesOf(CodeTable table, int offset) {
  CodeValues values = {};
  for (size_t i = 0; i < 16; ++i) {
    const int value = table == CodeTable::kIq4 ? kIq4Values[i] : kFp4Values[i];
    values.bytes[i] = static_cast<uint8_t>(value + offset);
  }
  return values;
}

HWY_INLINE VecU8 BroadcastQuad(const int8_t* x) {
  uint32_t word;
  std::memcpy(&word, x, sizeof(word));
  return hn::BitCast(ByteTag(), hn::Set(TileU(), word));
}

#if HWY_ARCH_X86

// Two products of bytes in each 16-bit lane, then pairs of them in 32 bits.
template <bool kSigned>
HWY_INLINE VecI32 PortableByteDot(VecI32 acc, VecU8 w, VecU8 x) {
#if HWY_TARGET == HWY_AVX3
  __m512i a = w.raw, b = x.raw;
  if constexpr (kSigned) {
    b = _mm512_mask_sub_epi8(b, _mm512_movepi8_mask(a), _mm512_setzero_si512(), b);
    a = _mm512_abs_epi8(a);
  }
  const __m512i pairs = _mm512_maddubs_epi16(a, b);
  const __m512i quads = _mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
  return VecI32{_mm512_add_epi32(acc.raw, quads)};
#else
  __m256i a = w.raw, b = x.raw;
  if constexpr (kSigned) {
    b = _mm256_sign_epi8(b, a);
    a = _mm256_abs_epi8(a);
  }
  const __m256i pairs = _mm256_maddubs_epi16(a, b);
  const __m256i quads = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
  return VecI32{_mm256_add_epi32(acc.raw, quads)};
#endif
}

template <ByteProducts kProducts, CodeForm kForm>
HWY_INLINE VecI32 ByteDot(VecI32 acc, VecU8 w, VecU8 x) {
  if constexpr (kForm == CodeForm::kBiasedRows) {
    return ByteDot<kProducts, CodeForm::kOffset>(acc, x, w);
  } else if constexpr (kProducts != ByteProducts::kPortable) {
#if HWY_TARGET == HWY_AVX3
    asm("vpdpbusd %2, %1, %0" : "+v"(acc.raw) : "v"(w.raw), "v"(x.raw));
#else
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(acc.raw) : "x"(w.raw), "x"(x.raw));
#endif
    return acc;
  } else {
    return PortableByteDot<kForm == CodeForm::kSigned>(acc, w, x);
  }
}

// acc += a * b in pairs of 16-bit lanes.
template <ByteProducts kProducts>
HWY_INLINE VecI32 AddPairProducts(VecI32 acc, VecI16 a, VecI16 b) {
#if HWY_TARGET == HWY_AVX3
  if constexpr (kProducts != ByteProducts::kPortable) {
    asm("vpdpwssd %2, %1, %0" : "+v"(acc.raw) : "v"(a.raw), "v"(b.raw));
    return acc;
  }
  return VecI32{_mm512_add_epi32(acc.raw, _mm512_madd_epi16(a.raw, b.raw))};
#else
  return VecI32{_mm256_add_epi32(acc.raw, _mm256_madd_epi16(a.raw, b.raw))};
#endif
}

#elif HWY_ARCH_ARM

template <ByteProducts kProducts, CodeForm kForm>
HWY_INLINE VecI32 ByteDot(VecI32 acc, VecU8 w, VecU8 x) {
  const int8x16_t a = vreinterpretq_s8_u8(w.raw), b = vreinterpretq_s8_u8(x.raw);
  if constexpr (kProducts != ByteProducts::kPortable) {
    // Not in the instructions that the file is compiled for; only run where the CPU has it.
    asm(".arch armv8.2-a+dotprod+crypto\n\tsdot %0.4s, %1.16b, %2.16b"
        : "+w"(acc.raw)
        : "w"(a), "w"(b));
    return acc;
  } else {
    const int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(a), vget_low_s8(b)));
    const int32x4_t high = vpaddlq_s16(vmull_high_s8(a, b));
    return VecI32{vaddq_s32(acc.raw, vpaddq_s32(low, high))};
  }
}

// Lanes of two rows a and b, columns 0 to 3, and the form of SMMLA: a0 a1 b0 b1 and a2 a3 b2 b3.
// Its own inverse.
HWY_INLINE void ExchangeHalves(VecI32& a, VecI32& b) {
  const int64x2_t wide_a = vreinterpretq_s64_s32(a.raw), wide_b = vreinterpretq_s64_s32(b.raw);
  a.raw = vreinterpretq_s32_s64(vzip1q_s64(wide_a, wide_b));
  b.raw = vreinterpretq_s32_s64(vzip2q_s64(wide_a, wide_b));
}

// acc += the products of rows (eight bytes of each of two) and columns (eight bytes of each of
// two).
HWY_INLINE VecI32 MatrixDot(VecI32 acc, VecU8 rows, VecU8 columns) {
  asm(".arch armv8.2-a+dotprod+i8mm+crypto\n\tsmmla %0.4s, %1.16b, %2.16b"
      : "+w"(acc.raw)
      : "w"(rows.raw), "w"(columns.raw));
  return acc;
}

// Eight bytes of each of two rows.
HWY_INLINE VecU8 TwoRows(const int8_t* a, const int8_t* b) {
  return VecU8{vcombine_u8(vreinterpret_u8_s8(vld1_s8(a)), vreinterpret_u8_s8(vld1_s8(b)))};
}

template <ByteProducts kProducts>
HWY_INLINE VecI32 AddPairProducts(VecI32 acc, VecI16 a, VecI16 b) {
  const int32x4_t low = vmull_s16(vget_low_s16(a.raw), vget_low_s16(b.raw));
  const int32x4_t high = vmull_high_s16(a.raw, b.raw);
  return VecI32{vaddq_s32(acc.raw, vpaddq_s32(low, high))};
}

#endif

// dot += codes of quad q * x, for all rows and vectors. x: rows at quad 0. w: the quad's codes.
template <ByteProducts kProducts, CodeForm kForm, size_t kFirstRow, size_t kRows, size_t kVecs>
HWY_INLINE void AddQuad(const int8_t* const (&x)[kRows], size_t q, const VecU8 (&w)[kVecs],
                        VecI32 (&dot)[kRows][kVecs]) {
  HWY_UNROLL(8) for (size_t r = kFirstRow; r < kRows; ++r) {
    VecU8 xq = BroadcastQuad(x[r] + 4 * q);
    if constexpr (kForm == CodeForm::kBiasedRows) {
      xq = hn::Xor(xq, hn::Set(ByteTag(), uint8_t{0x80}));
    }
    HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
      dot[r][v] = ByteDot<kProducts, kForm>(dot[r][v], w[v], xq);
    }
  }
}

// The same for kCount quads (an even number) from kFirst on. codes(q, v): those of quad q (an
// integral constant), vector v.
template <ByteProducts kProducts, CodeForm kForm, size_t kFirst, size_t kCount, size_t kRows,
          size_t kVecs, typename Codes>
HWY_INLINE void AddQuads(const int8_t* const (&x)[kRows], const Codes& codes,
                         VecI32 (&dot)[kRows][kVecs]) {
  constexpr bool kMatrix = kProducts == ByteProducts::kMatrix;
  constexpr size_t kPairedRows = kMatrix ? kRows / 2 * 2 : 0;
#if HWY_ARCH_ARM
  HWY_UNROLL(8) for (size_t r = 0; r < kPairedRows; r += 2) {
    HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) ExchangeHalves(dot[r][v], dot[r + 1][v]);
  }
#endif
  const auto two = [&]<size_t q>(std::integral_constant<size_t, q>) CAMBIUM_TILE_LAMBDA {
    VecU8 even[kVecs], odd[kVecs];
    HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
      even[v] = codes(std::integral_constant<size_t, q>(), v);
    }
    AddQuad<kProducts, kForm, kPairedRows>(x, q, even, dot);
    HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
      odd[v] = codes(std::integral_constant<size_t, q + 1>(), v);
    }
    AddQuad<kProducts, kForm, kPairedRows>(x, q + 1, odd, dot);
#if HWY_ARCH_ARM
    // Of each column the bytes of both quads.
    const TileU du;
    HWY_UNROLL(8) for (size_t v = 0; kMatrix && v < kVecs; ++v) {
      const auto a = hn::BitCast(du, even[v]), b = hn::BitCast(du, odd[v]);
      const VecU8 low = hn::BitCast(ByteTag(), hn::InterleaveLower(a, b));
      const VecU8 high = hn::BitCast(ByteTag(), hn::InterleaveUpper(du, a, b));
      HWY_UNROLL(8) for (size_t r = 0; r < kPairedRows; r += 2) {
        const VecU8 rows = TwoRows(x[r] + 4 * q, x[r + 1] + 4 * q);
        dot[r][v] = MatrixDot(dot[r][v], rows, low);
        dot[r + 1][v] = MatrixDot(dot[r + 1][v], rows, high);
      }
    }
#endif
  };
  [&]<size_t... i>(std::index_sequence<i...>) CAMBIUM_TILE_LAMBDA {
    (two(std::integral_constant<size_t, kFirst + 2 * i>()), ...);
  }
  (std::make_index_sequence<kCount / 2>());
#if HWY_ARCH_ARM
  HWY_UNROLL(8) for (size_t r = 0; r < kPairedRows; r += 2) {
    HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) ExchangeHalves(dot[r][v], dot[r + 1][v]);
  }
#endif
}

// Two minima a column, as 16-bit lanes.
HWY_INLINE VecI16 PairMinima(const uint8_t* p) {
  const hn::Rebind<uint8_t, ShortTag> d8;
  return hn::PromoteTo(ShortTag(), hn::LoadU(d8, p));
}

template <ByteProducts kProducts>
HWY_INLINE VecI32 PairDot(VecI32 acc, VecI16 minima, const int16_t* sums) {
  uint32_t word;
  std::memcpy(&word, sums, sizeof(word));
  return AddPairProducts<kProducts>(acc, minima, hn::BitCast(ShortTag(), hn::Set(TileU(), word)));
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
