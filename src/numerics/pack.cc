// SPDX-License-Identifier: Apache-2.0
// Packing of operands (layouts in gemm.h). Pure data movement and rounding: no order to keep.
#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "numerics/gemm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "numerics/pack.cc"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef CAMBIUM_NUMERICS_PACK_ONCE_
#define CAMBIUM_NUMERICS_PACK_ONCE_
namespace cambium {
// Where words of pairs go: panels of kPanelCols columns (the last of what is left of `padded`),
// panel_words apart, in each of them the pairs from first_pair on.
struct PanelPlace {
  size_t padded;
  size_t panel_words;
  size_t first_pair;
  uint32_t* out;
};
}  // namespace cambium
#endif

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Words4 = hn::FixedTag<uint32_t, 4>;

// The bf16 bits of 32-bit lanes that hold floats, in the upper half (lower half zero).
template <class D, class V>
HWY_INLINE V RoundToUpperHalf(D du, V bits) {
  const auto is_nan = hn::Gt(hn::And(bits, hn::Set(du, 0x7fffffffu)), hn::Set(du, 0x7f800000u));
  const auto even = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1u));
  const auto rounded = hn::Add(hn::Add(bits, hn::Set(du, 0x7fffu)), even);
  const auto quiet = hn::Or(bits, hn::Set(du, 0x400000u));
  return hn::And(hn::IfThenElse(is_nan, quiet, rounded), hn::Set(du, 0xffff0000u));
}

// One row of floats to bf16.
void RowToBF16(const float* HWY_RESTRICT source, size_t n, BFloat16* HWY_RESTRICT out) {
  const hn::ScalableTag<uint32_t> du;
  const hn::Rebind<uint16_t, decltype(du)> d16;
  const size_t lanes = hn::Lanes(du);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto bits = hn::LoadU(du, reinterpret_cast<const uint32_t*>(source + i));
    const auto half = hn::ShiftRight<16>(RoundToUpperHalf(du, bits));
    hn::StoreU(hn::TruncateTo(d16, half), d16, reinterpret_cast<uint16_t*>(out + i));
  }
  for (; i < n; ++i) out[i] = ToBFloat16(source[i]);
}

// out[i] = even[i] | odd[i] << 16 for bf16; pairs of rows side by side.
void InterleaveBF16(const BFloat16* HWY_RESTRICT even, const BFloat16* HWY_RESTRICT odd, size_t n,
                    uint32_t* HWY_RESTRICT out) {
  const hn::ScalableTag<uint32_t> du;
  const hn::Rebind<uint16_t, decltype(du)> d16;
  const size_t lanes = hn::Lanes(du);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto low = hn::PromoteTo(du, hn::LoadU(d16, reinterpret_cast<const uint16_t*>(even + i)));
    const auto high = hn::PromoteTo(du, hn::LoadU(d16, reinterpret_cast<const uint16_t*>(odd + i)));
    hn::StoreU(hn::Or(low, hn::ShiftLeft<16>(high)), du, out + i);
  }
  for (; i < n; ++i) out[i] = even[i].bits | uint32_t{odd[i].bits} << 16;
}

// The same from floats, rounding.
void InterleaveF32(const float* HWY_RESTRICT even, const float* HWY_RESTRICT odd, size_t n,
                   uint32_t* HWY_RESTRICT out) {
  const hn::ScalableTag<uint32_t> du;
  const size_t lanes = hn::Lanes(du);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto low =
        RoundToUpperHalf(du, hn::LoadU(du, reinterpret_cast<const uint32_t*>(even + i)));
    const auto high =
        RoundToUpperHalf(du, hn::LoadU(du, reinterpret_cast<const uint32_t*>(odd + i)));
    hn::StoreU(hn::Or(hn::ShiftRight<16>(low), high), du, out + i);
  }
  for (; i < n; ++i) {
    out[i] = ToBFloat16(even[i]).bits | uint32_t{ToBFloat16(odd[i]).bits} << 16;
  }
}

#if HWY_MAX_BYTES >= 64
// 16 rows and 4 columns: what is stored are whole lines of a cache.
HWY_INLINE void Transpose16x4(const uint32_t* HWY_RESTRICT in, size_t in_stride,
                              uint32_t* HWY_RESTRICT out, size_t out_stride) {
  const Words4 d4;
  const hn::FixedTag<uint32_t, 8> d8;
  const hn::FixedTag<uint32_t, 16> d16;
  const hn::RepartitionToWide<decltype(d16)> d2;
  const auto row = [&](size_t r) HWY_ATTR { return hn::LoadU(d4, in + r * in_stride); };
  const auto rows = [&](size_t r) HWY_ATTR {
    return hn::Combine(d16, hn::Combine(d8, row(r + 12), row(r + 8)),
                       hn::Combine(d8, row(r + 4), row(r)));
  };
  const auto v0 = rows(0), v1 = rows(1), v2 = rows(2), v3 = rows(3);
  const auto a = hn::BitCast(d2, hn::InterleaveLower(d16, v0, v1));
  const auto b = hn::BitCast(d2, hn::InterleaveLower(d16, v2, v3));
  const auto e = hn::BitCast(d2, hn::InterleaveUpper(d16, v0, v1));
  const auto f = hn::BitCast(d2, hn::InterleaveUpper(d16, v2, v3));
  hn::StoreU(hn::BitCast(d16, hn::InterleaveLower(d2, a, b)), d16, out);
  hn::StoreU(hn::BitCast(d16, hn::InterleaveUpper(d2, a, b)), d16, out + out_stride);
  hn::StoreU(hn::BitCast(d16, hn::InterleaveLower(d2, e, f)), d16, out + 2 * out_stride);
  hn::StoreU(hn::BitCast(d16, hn::InterleaveUpper(d2, e, f)), d16, out + 3 * out_stride);
}
#endif

// Transposes 32-bit words: out[c * out_stride + r] = in[r * in_stride + c], r < rows, c < cols.
void TransposeWords(const uint32_t* HWY_RESTRICT in, size_t in_stride, size_t rows, size_t cols,
                    uint32_t* HWY_RESTRICT out, size_t out_stride) {
  const Words4 d4;
  const hn::RepartitionToWide<Words4> d2;
  const size_t rows4 = rows / 4 * 4;
  const size_t cols4 = cols / 4 * 4;
  size_t first = 0;
#if HWY_MAX_BYTES >= 64
  // Along the rows: going down them, rows a power of two apart would push each other's lines out.
  for (; first + 16 <= rows; first += 16) {
    for (size_t c = 0; c < cols4; c += 4) {
      Transpose16x4(in + first * in_stride + c, in_stride, out + c * out_stride + first,
                    out_stride);
    }
  }
#endif
  for (size_t c = 0; c < cols4; c += 4) {
    for (size_t r = first; r < rows4; r += 4) {
      const uint32_t* p = in + r * in_stride + c;
      const auto v0 = hn::LoadU(d4, p);
      const auto v1 = hn::LoadU(d4, p + in_stride);
      const auto v2 = hn::LoadU(d4, p + 2 * in_stride);
      const auto v3 = hn::LoadU(d4, p + 3 * in_stride);
      const auto a = hn::BitCast(d2, hn::InterleaveLower(d4, v0, v1));
      const auto b = hn::BitCast(d2, hn::InterleaveLower(d4, v2, v3));
      const auto e = hn::BitCast(d2, hn::InterleaveUpper(d4, v0, v1));
      const auto f = hn::BitCast(d2, hn::InterleaveUpper(d4, v2, v3));
      uint32_t* q = out + c * out_stride + r;
      hn::StoreU(hn::BitCast(d4, hn::InterleaveLower(d2, a, b)), d4, q);
      hn::StoreU(hn::BitCast(d4, hn::InterleaveUpper(d2, a, b)), d4, q + out_stride);
      hn::StoreU(hn::BitCast(d4, hn::InterleaveLower(d2, e, f)), d4, q + 2 * out_stride);
      hn::StoreU(hn::BitCast(d4, hn::InterleaveUpper(d2, e, f)), d4, q + 3 * out_stride);
    }
  }
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = r < rows4 ? cols4 : 0; c < cols; ++c) {
      std::memcpy(out + c * out_stride + r, in + r * in_stride + c, sizeof(uint32_t));
    }
  }
}

// Source rows 2p and 2p + 1 (beyond K: zeros) to pair p of all panels of cols columns.
template <typename S>
HWY_INLINE void InterleaveRows(const S* source, size_t K, size_t cols, size_t row_stride,
                               const PanelPlace& place) {
  for (size_t k = 0; k < K; k += 2) {
    for (size_t col = 0; col < place.padded; col += kPanelCols) {
      const size_t width = std::min(kPanelCols, place.padded - col);
      const size_t n = std::min(width, cols - col);
      const S* even = source + k * row_stride + col;
      uint32_t* out =
          place.out + col / kPanelCols * place.panel_words + (place.first_pair + k / 2) * width;
      if (k + 1 < K) {
        if constexpr (std::is_same_v<S, float>) {
          InterleaveF32(even, even + row_stride, n, out);
        } else {
          InterleaveBF16(even, even + row_stride, n, out);
        }
      } else {
        for (size_t i = 0; i < n; ++i) {
          if constexpr (std::is_same_v<S, float>) {
            out[i] = ToBFloat16(even[i]).bits;
          } else {
            out[i] = even[i].bits;
          }
        }
      }
      for (size_t i = n; i < width; ++i) out[i] = 0;
    }
  }
}

void InterleaveRowsF32(const float* source, size_t K, size_t cols, size_t row_stride,
                       const PanelPlace& place) {
  InterleaveRows(source, K, cols, row_stride, place);
}
void InterleaveRowsBF16(const BFloat16* source, size_t K, size_t cols, size_t row_stride,
                        const PanelPlace& place) {
  InterleaveRows(source, K, cols, row_stride, place);
}

}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium {
namespace {

HWY_EXPORT(RowToBF16);
HWY_EXPORT(InterleaveRowsF32);
HWY_EXPORT(InterleaveRowsBF16);
HWY_EXPORT(TransposeWords);

size_t NumPanels(size_t N) { return (N + kPanelCols - 1) / kPanelCols; }

// Calls fn(panel column, padded width, valid width) for every panel, in parallel.
template <typename Fn>
void ForPanels(size_t N, ThreadPool& pool, const Fn& fn) {
  const size_t padded = RoundUp(N, kLaneCols);
  pool.ParallelFor(NumPanels(N), [&](size_t panel, size_t) {
    const size_t col = panel * kPanelCols;
    fn(col, std::min(kPanelCols, padded - col), std::min(kPanelCols, N - col));
  });
}

void RowsToWords(const float* source, size_t K, size_t cols, size_t row_stride,
                 const PanelPlace& place) {
  HWY_DYNAMIC_DISPATCH(InterleaveRowsF32)(source, K, cols, row_stride, place);
}
void RowsToWords(const BFloat16* source, size_t K, size_t cols, size_t row_stride,
                 const PanelPlace& place) {
  HWY_DYNAMIC_DISPATCH(InterleaveRowsBF16)(source, K, cols, row_stride, place);
}

// Rows that need rounding, or whose words do not lie whole in memory: by way of a strip.
template <typename S>
void RowsToPanelByStrips(const S* source, size_t rows, size_t K, size_t row_stride, size_t width,
                         uint32_t* out) {
  // A strip of K fits the first-level cache beside the panel's lines.
  constexpr size_t kStrip = 128;
  BFloat16 strip[kPanelCols * kStrip];
  for (size_t k = 0; k < K; k += kStrip) {
    const size_t n = std::min(kStrip, K - k);
    const size_t words = (n + 1) / 2;
    for (size_t r = 0; r < rows; ++r) {
      BFloat16* row = strip + r * kStrip;
      // The next strip: a few lines of every row are too short a run for the hardware to foresee.
      const size_t next = std::min(K, k + 2 * kStrip) - std::min(K, k + kStrip);
      for (size_t i = 0; i < next; i += 64 / sizeof(S)) {
        hwy::Prefetch(source + r * row_stride + k + kStrip + i);
      }
      if constexpr (std::is_same_v<S, float>) {
        HWY_DYNAMIC_DISPATCH(RowToBF16)(source + r * row_stride + k, n, row);
      } else {
        std::memcpy(row, source + r * row_stride + k, n * sizeof(BFloat16));
      }
      if (n % 2 != 0) row[n] = {0};
    }
    uint32_t* pair = out + k / 2 * width;
    HWY_DYNAMIC_DISPATCH(TransposeWords)
    (reinterpret_cast<const uint32_t*>(strip), kStrip / 2, rows, words, pair, width);
  }
}

// Source rows [rows, K] to a bf16 panel: words transposed, the odd element and missing rows zero.
template <typename S>
void RowsToPanel(const S* source, size_t rows, size_t K, size_t row_stride, size_t width,
                 uint32_t* out) {
  if (std::is_same_v<S, BFloat16> && K % 2 == 0 && row_stride % 2 == 0) {
    HWY_DYNAMIC_DISPATCH(TransposeWords)
    (reinterpret_cast<const uint32_t*>(source), row_stride / 2, rows, K / 2, out, width);
  } else {
    RowsToPanelByStrips(source, rows, K, row_stride, width, out);
  }
  if (rows < width) {
    for (size_t p = 0; p < (K + 1) / 2; ++p) std::fill_n(out + p * width + rows, width - rows, 0u);
  }
}

void RowsToPanel(const float* source, size_t rows, size_t K, size_t row_stride, size_t width,
                 float* out) {
  const size_t K_even = RoundUp(K, 2);
  HWY_DYNAMIC_DISPATCH(TransposeWords)
  (reinterpret_cast<const uint32_t*>(source), row_stride, rows, K, reinterpret_cast<uint32_t*>(out),
   width);
  for (size_t k = 0; k < K_even; ++k) {
    const size_t valid = k < K ? rows : 0;
    std::fill_n(out + k * width + valid, width - valid, 0.0f);
  }
}

// Source rows [K, N] to the pairs of all panels from pair begin / 2 on; K_even is the panels'
// depth.
void ColumnsToPanels(const float* source, size_t K, size_t N, size_t row_stride, size_t padded,
                     size_t begin, size_t K_even, float* packed) {
  for (size_t k = begin; k < begin + RoundUp(K, 2); ++k) {
    for (size_t col = 0; col < padded; col += kPanelCols) {
      const size_t width = std::min(kPanelCols, padded - col);
      float* out = packed + col * K_even + k * width;
      const size_t valid = k < begin + K ? std::min(width, N - col) : 0;
      if (valid > 0) std::copy_n(source + (k - begin) * row_stride + col, valid, out);
      std::fill_n(out + valid, width - valid, 0.0f);
    }
  }
}

template <typename S>
void ColumnsToPanels(const S* source, size_t K, size_t N, size_t row_stride, size_t padded,
                     size_t begin, size_t K_even, BFloat16* packed) {
  RowsToWords(source, K, N, row_stride,
              {.padded = padded,
               .panel_words = kPanelCols * K_even / 2,
               .first_pair = begin / 2,
               .out = reinterpret_cast<uint32_t*>(packed)});
}

}  // namespace

template <typename S, typename T>
PackedB<T> PackRows(const S* source, size_t N, size_t K, size_t row_stride, T* packed,
                    ThreadPool& pool) {
  const size_t K_even = RoundUp(K, 2);
  ForPanels(N, pool, [&](size_t col, size_t width, size_t valid) {
    T* panel = packed + col * K_even;
    if constexpr (std::is_same_v<T, float>) {
      RowsToPanel(source + col * row_stride, valid, K, row_stride, width, panel);
    } else {
      RowsToPanel(source + col * row_stride, valid, K, row_stride, width,
                  reinterpret_cast<uint32_t*>(panel));
    }
  });
  return {packed, N, K};
}

template <typename S, typename T>
PackedB<T> PackColumns(const S* source, size_t K, size_t N, size_t row_stride, T* packed,
                       ThreadPool& pool) {
  const size_t K_even = RoundUp(K, 2);
  const size_t padded = RoundUp(N, kLaneCols);
  // Whole source rows are read in order and dealt out to all panels: panel by panel, memory would
  // be read in pieces of a few cache lines a row apart.
  constexpr size_t kGrainK = 32;
  pool.ParallelRanges(K, kGrainK, [&](size_t begin, size_t end, size_t) {
    ColumnsToPanels(source + begin * row_stride, end - begin, N, row_stride, padded, begin, K_even,
                    packed);
  });
  return {packed, N, K};
}

template <>
void PackPanelFromRows(const float* source, size_t rows, size_t K, size_t row_stride, size_t width,
                       float* panel) {
  RowsToPanel(source, rows, K, row_stride, width, panel);
}
template <>
void PackPanelFromRows(const BFloat16* source, size_t rows, size_t K, size_t row_stride,
                       size_t width, BFloat16* panel) {
  RowsToPanel(source, rows, K, row_stride, width, reinterpret_cast<uint32_t*>(panel));
}
template <typename T>
void PackPanelFromColumns(const T* source, size_t K, size_t cols, size_t row_stride, size_t width,
                          T* panel) {
  ColumnsToPanels(source, K, cols, row_stride, width, 0, RoundUp(K, 2), panel);
}
template void PackPanelFromColumns(const float*, size_t, size_t, size_t, size_t, float*);
template void PackPanelFromColumns(const BFloat16*, size_t, size_t, size_t, size_t, BFloat16*);

template PackedB<float> PackRows(const float*, size_t, size_t, size_t, float*, ThreadPool&);
template PackedB<BFloat16> PackRows(const float*, size_t, size_t, size_t, BFloat16*, ThreadPool&);
template PackedB<BFloat16> PackRows(const BFloat16*, size_t, size_t, size_t, BFloat16*,
                                    ThreadPool&);
template PackedB<float> PackColumns(const float*, size_t, size_t, size_t, float*, ThreadPool&);
template PackedB<BFloat16> PackColumns(const float*, size_t, size_t, size_t, BFloat16*,
                                       ThreadPool&);
template PackedB<BFloat16> PackColumns(const BFloat16*, size_t, size_t, size_t, BFloat16*,
                                       ThreadPool&);

namespace {

// Bytes of one packed tile of a transposed A; the 8 bytes are overrun by 32-byte stores of 24.
template <typename T>
size_t TransposedTileBytes(size_t K) {
  return RoundUp(RoundUp(K, 2) * kTileRows * sizeof(T) + 8, 64);
}

// Pairs [begin, end) of K of all tiles; begin is even, end is even or K.
void TransposeRange(const float* source, size_t begin, size_t end, size_t K, size_t M,
                    size_t row_stride, size_t tile_bytes, float* packed) {
  for (size_t k = begin; k < RoundUp(end, 2); ++k) {
    for (size_t m = 0; m < M; ++m) {
      float* tile = packed + m / kTileRows * (tile_bytes / sizeof(float));
      tile[(k / 2 * kTileRows + m % kTileRows) * 2 + k % 2] =
          k < K ? source[k * row_stride + m] : 0.0f;
    }
  }
}

void TransposeRange(const BFloat16* source, size_t begin, size_t end, size_t K, size_t M,
                    size_t row_stride, size_t tile_bytes, BFloat16* packed) {
  constexpr size_t kStripTiles = 64;
  constexpr size_t kPairBytes = kTileRows * sizeof(uint32_t);
  const size_t num_tiles = (M + kTileRows - 1) / kTileRows;
  char* base = reinterpret_cast<char*>(packed);
  // Whole source rows are read in order; a row's words are dealt out to all tiles.
  uint32_t words[kStripTiles * kTileRows + 8] = {};
  for (size_t k = begin; k < end; k += 2) {
    // A copy of 32 bytes where 24 belong spills into the next pair's place, which is written
    // later, but for the last pair of a range: that place may belong to another thread.
    const bool last = k + 2 >= end;
    for (size_t tile = 0; tile < num_tiles; tile += kStripTiles) {
      const size_t col = tile * kTileRows;
      const size_t cols = std::min(kStripTiles * kTileRows, M - col);
      RowsToWords(source + k * row_stride + col, std::min<size_t>(2, K - k), cols, row_stride,
                  {.padded = cols, .panel_words = kPanelCols, .first_pair = 0, .out = words});
      char* out = base + tile * tile_bytes + k / 2 * kPairBytes;
      const size_t tiles = (cols + kTileRows - 1) / kTileRows;
      for (size_t t = 0; t < tiles; ++t) {
        if (last) {
          std::memcpy(out + t * tile_bytes, words + t * kTileRows, kPairBytes);
        } else {
          std::memcpy(out + t * tile_bytes, words + t * kTileRows, 32);
        }
      }
    }
  }
}

template <typename T>
OperandA TransposedOperand(const T* packed, size_t K) {
  return {packed, TransposedTileBytes<T>(K), 2 * sizeof(T), 2 * kTileRows * sizeof(T)};
}

}  // namespace

size_t TransposedSize(size_t M, size_t K) {
  // The same count of elements serves both types: the padding is reckoned for the smaller one.
  const size_t tiles = (M + kTileRows - 1) / kTileRows;
  return tiles * (TransposedTileBytes<BFloat16>(K) / sizeof(BFloat16) + 64);
}

template <typename T>
OperandA PackTransposedA(const T* source, size_t K, size_t M, size_t row_stride, T* packed,
                         ThreadPool& pool) {
  // Even, and wide enough that threads rarely share a cache line.
  constexpr size_t kGrainK = 32;
  const size_t tile_bytes = TransposedTileBytes<T>(K);
  pool.ParallelRanges(K, kGrainK, [&](size_t begin, size_t end, size_t) {
    TransposeRange(source, begin, end, K, M, row_stride, tile_bytes, packed);
  });
  return TransposedOperand(packed, K);
}

template OperandA PackTransposedA(const float*, size_t, size_t, size_t, float*, ThreadPool&);
template OperandA PackTransposedA(const BFloat16*, size_t, size_t, size_t, BFloat16*, ThreadPool&);

}  // namespace cambium
#endif  // HWY_ONCE
