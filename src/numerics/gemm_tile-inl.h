// SPDX-License-Identifier: Apache-2.0
// The micro-kernel: one tile of up to 6 rows x 64 columns, all of K in one go (gemm.h has the
// contract). Included per SIMD target by gemm.cc and by the attention kernels.
//
// 6 x 4 vectors of 16 use 24 accumulators; four loads of B and six broadcasts of A feed 24 multiply
// instructions, so a core with two loads per cycle is never short of operands.

// NOLINTNEXTLINE(llvm-header-guard): per-target include guard
#if defined(CAMBIUM_NUMERICS_GEMM_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CAMBIUM_NUMERICS_GEMM_TILE_INL_H_
#undef CAMBIUM_NUMERICS_GEMM_TILE_INL_H_
#else
#define CAMBIUM_NUMERICS_GEMM_TILE_INL_H_
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <cstring>
#include <type_traits>

#include "numerics/bfloat16.h"
#include "numerics/float16.h"
#include "numerics/gemm.h"
#include "numerics/tile_out-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Groups of 16 columns that a tile covers: what the registers hold.
inline constexpr size_t kMaxTileGroups = kVecsPer16 == 1 ? 4 : 1;

// acc = fma(a.odd, b.odd, acc); acc = fma(a.even, b.even, acc) for two bf16 per 32-bit lane.
template <bool kBf16Dot>
HWY_INLINE TileVec DotPair(hn::Vec<TileU> a, hn::Vec<TileU> b, TileVec acc) {
  const TileU du;
  const TileF df;
#if HWY_TARGET == HWY_AVX3
  if constexpr (kBf16Dot) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(acc.raw) : "v"(a.raw), "v"(b.raw));
    return acc;
  }
#endif
  const auto high = hn::Set(du, 0xffff0000u);
  acc = hn::MulAdd(hn::BitCast(df, hn::And(a, high)), hn::BitCast(df, hn::And(b, high)), acc);
  return hn::MulAdd(hn::BitCast(df, hn::ShiftLeft<16>(a)), hn::BitCast(df, hn::ShiftLeft<16>(b)),
                    acc);
}

// The elements of A that go with B's: halves are only stored, and widened exactly where they are
// used.
template <typename T>
using ElementOfA = std::conditional_t<std::is_same_v<T, Float16>, float, T>;

HWY_INLINE TileVec LoadElements(const float* p) { return hn::LoadU(TileF(), p); }
HWY_INLINE TileVec LoadElements(const Float16* p) {
  const hn::Rebind<hwy::float16_t, TileF> d16;
  const auto bits = hn::LoadU(hn::Rebind<uint16_t, TileF>(), &p->bits);
  return hn::PromoteTo(TileF(), hn::BitCast(d16, bits));
}

// One pair of K for the whole tile. a: first row's pair; b: the panel's pair, group 0.
template <typename T, bool kBf16Dot, size_t kRows, size_t kGroups>
HWY_INLINE void TilePair(const char* a, size_t a_row_bytes, const T* b, size_t b_odd,
                         TileVec (&acc)[kRows][kGroups * kVecsPer16]) {
  const TileF df;
  constexpr size_t kVecs = kGroups * kVecsPer16;
  if constexpr (!std::is_same_v<T, BFloat16>) {
    TileVec vb[kVecs];
    for (const size_t odd : {size_t{1}, size_t{0}}) {
      HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
        vb[v] = LoadElements(b + odd * b_odd + v * kVecLanes);
      }
      HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
        float element;
        std::memcpy(&element, a + r * a_row_bytes + odd * sizeof(float), sizeof(element));
        const TileVec va = hn::Set(df, element);
        HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
          acc[r][v] = hn::MulAdd(va, vb[v], acc[r][v]);
        }
      }
    }
  } else {
    (void)b_odd;
    const TileU du;
    hn::Vec<TileU> vb[kVecs];
    HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
      vb[v] = hn::LoadU(du, reinterpret_cast<const uint32_t*>(b) + v * kVecLanes);
    }
    HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
      uint32_t word;
      std::memcpy(&word, a + r * a_row_bytes, sizeof(word));
      const auto va = hn::Set(du, word);
      HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
        acc[r][v] = DotPair<kBf16Dot>(va, vb[v], acc[r][v]);
      }
    }
  }
}

// A: pair p of row r at a + r * a_row_bytes + p * a_pair_bytes. b: the panel's first pair at the
// tile's first group; b_pair: elements from one pair to the next (2 * panel width).
template <typename T, bool kBf16Dot, size_t kRows, size_t kGroups>
HWY_NOINLINE void Tile(const char* a, size_t a_row_bytes, size_t a_pair_bytes, const T* b,
                       size_t b_pair, size_t K, const TileOut& out) {
  const TileF df;
  constexpr size_t kVecs = kGroups * kVecsPer16;
  constexpr size_t kCols = kGroups * kLaneCols;
  TileVec acc[kRows][kVecs];
  const bool ragged = out.num_cols < kCols;
  alignas(64) float edge[kRows][kCols];
  if (out.init == nullptr) {
    HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
      HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) acc[r][v] = hn::Zero(df);
    }
  } else {
    if (ragged) {
      for (size_t r = 0; r < kRows; ++r) {
        for (size_t c = 0; c < kCols; ++c) {
          edge[r][c] = c < out.num_cols ? out.init[r * out.row_stride + c] : 0.0f;
        }
      }
    }
    const float* init = ragged ? edge[0] : out.init;
    const size_t stride = ragged ? kCols : out.row_stride;
    HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
      HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
        acc[r][v] = hn::LoadU(df, init + r * stride + v * kVecLanes);
      }
    }
  }

  const size_t b_odd = b_pair / 2;
  const size_t num_pairs = K / 2;
  for (size_t p = 0; p < num_pairs; ++p) {
    TilePair<T, kBf16Dot, kRows, kGroups>(a, a_row_bytes, b, b_odd, acc);
    a += a_pair_bytes;
    b += b_pair;
  }
  if (K % 2 != 0) {
    using A = ElementOfA<T>;
    A last[kRows][2] = {};
    for (size_t r = 0; r < kRows; ++r) std::memcpy(&last[r][0], a + r * a_row_bytes, sizeof(A));
    TilePair<T, kBf16Dot, kRows, kGroups>(reinterpret_cast<const char*>(last), 2 * sizeof(A), b,
                                          b_odd, acc);
  }

  StoreTile<kBf16Dot>(acc, out);
}

template <typename T>
using TileFn = void (*)(const char*, size_t, size_t, const T*, size_t, size_t, const TileOut&);

template <typename T, bool kBf16Dot, size_t kGroups>
TileFn<T> TileForRows(size_t rows) {
  static constexpr TileFn<T> kTiles[kTileRows] = {
      Tile<T, kBf16Dot, 1, kGroups>, Tile<T, kBf16Dot, 2, kGroups>, Tile<T, kBf16Dot, 3, kGroups>,
      Tile<T, kBf16Dot, 4, kGroups>, Tile<T, kBf16Dot, 5, kGroups>, Tile<T, kBf16Dot, 6, kGroups>};
  return kTiles[rows - 1];
}

template <typename T, bool kBf16Dot>
TileFn<T> TileFor(size_t rows, size_t groups) {
  if constexpr (kMaxTileGroups == 4) {
    if (groups == 4) return TileForRows<T, kBf16Dot, 4>(rows);
    if (groups == 3) return TileForRows<T, kBf16Dot, 3>(rows);
    if (groups == 2) return TileForRows<T, kBf16Dot, 2>(rows);
  }
  return TileForRows<T, kBf16Dot, 1>(rows);
}

// Below this depth a tile is over before a prefetch arrives, and its output is mostly at hand.
inline constexpr size_t kPrefetchDepth = 128;

// Calls for the lines of C that the next tile will read or overwrite.
HWY_INLINE void PrefetchOutput(const char* c, size_t rows, size_t row_bytes, size_t num_bytes) {
  for (size_t r = 0; r < rows; ++r) {
    for (size_t b = 0; b < num_bytes; b += 64) hwy::Prefetch(c + r * row_bytes + b);
  }
}

// A block of rows times one panel, all tiles of it. panel: pair 0 of the panel; panel_cols: its
// padded width. out.num_cols: valid columns of the panel (up to panel_cols).
// a: OperandA whose data points at the block's first row, which starts a tile.
template <typename T, bool kBf16Dot>
void PanelRows(size_t num_rows, const OperandA& a, const T* panel, size_t panel_cols, size_t K,
               const TileOut& out) {
  const size_t element_bytes = out.store == GemmStore::kBF16 ? sizeof(BFloat16) : sizeof(float);
  for (size_t col = 0; col < panel_cols; col += kMaxTileGroups * kLaneCols) {
    if (out.num_cols <= col) break;
    const size_t needed = (out.num_cols - col + kLaneCols - 1) / kLaneCols;
    const size_t groups = std::min(kMaxTileGroups, needed);
    // Panels of f32 and f16 hold w even elements, then w odd ones: a group starts at its column in
    // both.
    const size_t step = std::is_same_v<T, BFloat16> ? 2 : 1;
    for (size_t row = 0; row < num_rows; row += kTileRows) {
      const size_t rows = std::min(kTileRows, num_rows - row);
      const size_t offset = row * out.row_stride + col;
      // Every field by itself: copying what was just written in parts waits for memory.
      const TileOut tile = {out.store,
                            out.init == nullptr ? nullptr : out.init + offset,
                            out.residual == nullptr ? nullptr : out.residual + offset,
                            static_cast<char*>(out.data) + offset * element_bytes,
                            out.row_stride,
                            std::min(out.num_cols - col, groups * kLaneCols)};
      if (K >= kPrefetchDepth && row + kTileRows < num_rows) {
        const size_t row_bytes = out.row_stride * element_bytes;
        PrefetchOutput(static_cast<const char*>(tile.data) + kTileRows * row_bytes,
                       std::min(kTileRows, num_rows - row - kTileRows), row_bytes,
                       tile.num_cols * element_bytes);
      }
      TileFor<T, kBf16Dot>(rows, groups)(
          static_cast<const char*>(a.data) + row / kTileRows * a.tile_stride_bytes,
          a.row_stride_bytes, a.pair_stride_bytes, panel + col * step, 2 * panel_cols, K, tile);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
