// SPDX-License-Identifier: Apache-2.0
// Many rows times one panel of a format whose codes take many steps to come by: those with a scale
// for every 16 elements (Q2_K, Q3_K, Q6_K). A part of the panel is expanded to bytes once for all
// rows, and so is what the offset of the codes adds. The same integers as quant_tile-inl.h, so the
// same results. (Formats with a scale for 32 elements gain nothing: what is saved in steps is lost
// in reading four to two times the bytes.)

// NOLINTNEXTLINE(llvm-header-guard): per-target include guard
#if defined(CAMBIUM_NUMERICS_QUANT_QUANT_EXPANDED_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CAMBIUM_NUMERICS_QUANT_QUANT_EXPANDED_INL_H_
#undef CAMBIUM_NUMERICS_QUANT_QUANT_EXPANDED_INL_H_
#else
#define CAMBIUM_NUMERICS_QUANT_QUANT_EXPANDED_INL_H_
#endif

#include <utility>

#include "numerics/quant/quant_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Elements of K in an expanded part: 16 KiB of codes stay in the first-level cache beside the rows
// of a tile.
inline constexpr size_t kExpandedDepth = (size_t{16} << 10) / kQuantTileCols;

// A block of an expanded part. Everything is a row of 32 bits for each column of the tile:
//   codes          four bytes; 64 rows
//   scale          f32
//   minimum        f32, with minima
//   group scales   int32; a row for each group
//   pairs          two int16; a row for each pair of groups: what is multiplied with the sums of
//                  the activations: group minima, or - offset * group scale
template <class L>
struct Expanded {
  static constexpr size_t kRowBytes = 4 * kQuantTileCols;
  static constexpr size_t kScaleAt = L::kBlock / 4 * kRowBytes;
  static constexpr size_t kMinimumAt = kScaleAt + kRowBytes;
  static constexpr size_t kGroupScalesAt = kMinimumAt + (L::kHasMinimum ? kRowBytes : 0);
  static constexpr size_t kPairsAt = kGroupScalesAt + L::kGroups * kRowBytes;
  static constexpr size_t kBlockBytes = kPairsAt + L::kGroups / 2 * kRowBytes;
};

// The quads of a chunk, vector v of the tile.
template <class L, ByteProducts kProducts>
HWY_INLINE void ExpandQuads(const uint8_t* chunk, size_t v, uint8_t* out) {
  [&]<size_t... q>(std::index_sequence<q...>) CAMBIUM_TILE_LAMBDA {
    (hn::Store(QuadCodes<L, kProducts, q>(chunk, v), ByteTag(), out + q * Expanded<L>::kRowBytes),
     ...);
  }
  (std::make_index_sequence<8>());
}

// num_blocks blocks of a panel, the tile's columns from col on. out: num_blocks *
// Expanded<L>::kBlockBytes bytes, aligned to 64.
template <class L, ByteProducts kProducts>
HWY_NOINLINE void ExpandPart(const uint8_t* panel, size_t col, size_t num_blocks, uint8_t* out) {
  using E = Expanded<L>;
  const TileF df;
  const TileI di;
  const hn::Rebind<int8_t, TileI> d8;
  for (size_t b = 0; b < num_blocks; ++b, panel += L::kBlockBytes, out += E::kBlockBytes) {
    for (size_t v = 0; v < kQuantTileVecs; ++v) {
      const size_t lane = col + v * kVecLanes;
      uint8_t* at = out + v * 4 * kVecLanes;
      const auto ints = [&](size_t offset)
                            CAMBIUM_TILE_LAMBDA { return reinterpret_cast<int32_t*>(at + offset); };
      for (size_t c = 0; c < L::kBlock / 32; ++c) {
        ExpandQuads<L, kProducts>(panel + L::kChunksAt + c * L::kChunkBytes + 4 * col, v,
                                  at + 8 * c * E::kRowBytes);
      }
      hn::Store(LoadScales<false>(panel + L::kScaleAt + 2 * lane), df,
                reinterpret_cast<float*>(at + E::kScaleAt));
      if constexpr (L::kHasMinimum) {
        hn::Store(LoadScales<false>(panel + L::kMinimumAt + 2 * lane), df,
                  reinterpret_cast<float*>(at + E::kMinimumAt));
      }
      const auto scales = reinterpret_cast<const int8_t*>(panel + L::kGroupScaleAt) + lane;
      for (size_t p = 0; p < L::kGroups / 2; ++p) {
        const VecI32 even = hn::PromoteTo(di, hn::LoadU(d8, scales + 2 * p * L::kCols));
        const VecI32 odd = hn::PromoteTo(di, hn::LoadU(d8, scales + (2 * p + 1) * L::kCols));
        hn::Store(even, di, ints(E::kGroupScalesAt + 2 * p * E::kRowBytes));
        hn::Store(odd, di, ints(E::kGroupScalesAt + (2 * p + 1) * E::kRowBytes));
        VecI32 pair;
        if constexpr (L::kHasMinimum) {
          const uint8_t* minima = panel + L::kGroupMinimumAt + 2 * p * L::kCols + 2 * lane;
          pair = hn::BitCast(di, PairMinima(minima));
        } else {
          const VecI32 factor = hn::Set(di, -L::kOffset);
          const VecI32 low = hn::And(hn::Mul(even, factor), hn::Set(di, 0xffff));
          pair = hn::Or(low, hn::ShiftLeft<16>(hn::Mul(odd, factor)));
        }
        hn::Store(pair, di, ints(E::kPairsAt + p * E::kRowBytes));
      }
    }
  }
}

// A row of an expanded block, vector v.
HWY_INLINE VecI32 IntsAt(const uint8_t* row, size_t v) {
  return hn::Load(TileI(), reinterpret_cast<const int32_t*>(row) + v * kVecLanes);
}
HWY_INLINE TileVec FloatsAt(const uint8_t* row, size_t v) {
  return hn::Load(TileF(), reinterpret_cast<const float*>(row) + v * kVecLanes);
}

// sum += group scales * (codes * x) for one group. x: at the group; codes, scales: its rows.
template <class L, ByteProducts kProducts, size_t kRows, size_t kVecs>
HWY_INLINE void AddExpandedGroup(const int8_t* const (&x)[kRows], const uint8_t* codes,
                                 const uint8_t* scales, VecI32 (&sum)[kRows][kVecs]) {
  VecI32 dot[kRows][kVecs];
  HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
    HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) dot[r][v] = hn::Zero(TileI());
  }
  const auto quad = [&](size_t q, size_t v) CAMBIUM_TILE_LAMBDA {
    return hn::Load(ByteTag(), codes + q * Expanded<L>::kRowBytes + v * 4 * kVecLanes);
  };
  AddQuads<kProducts, false, 0, L::kGroup / 4>(x, quad, dot);
  HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
    const VecI32 scale = IntsAt(scales, v);
    HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
      sum[r][v] = hn::Add(sum[r][v], hn::Mul(dot[r][v], scale));
    }
  }
}

template <class L, ByteProducts kProducts, size_t kRows, size_t kVecs>
HWY_INLINE void AccumulateExpanded(const ByteBlock256* const (&rows)[kRows], const uint8_t* block,
                                   size_t num_blocks, TileVec (&acc)[kRows][kVecs]) {
  using E = Expanded<L>;
  const TileF df;
  for (size_t b = 0; b < num_blocks; ++b, block += E::kBlockBytes) {
    const ByteBlock256* x[kRows];
    HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) x[r] = rows[r] + b;
    const auto pairs = [&](size_t p, size_t v) CAMBIUM_TILE_LAMBDA {
      return hn::BitCast(ShortTag(), IntsAt(block + E::kPairsAt + p * E::kRowBytes, v));
    };
    VecI32 sum[kRows][kVecs];
    if constexpr (L::kHasMinimum) {
      HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
        HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) sum[r][v] = hn::Zero(TileI());
      }
    } else {
      SumPairs<kProducts, L::kGroups>(x, pairs, sum);
    }
    for (size_t g = 0; g < L::kGroups; ++g) {
      const int8_t* codes[kRows];
      HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) codes[r] = x[r]->codes + g * L::kGroup;
      AddExpandedGroup<L, kProducts>(codes, block + g * (L::kGroup / 4) * E::kRowBytes,
                                     block + E::kGroupScalesAt + g * E::kRowBytes, sum);
    }
    HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
      const TileVec scale = FloatsAt(block + E::kScaleAt, v);
      HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
        acc[r][v] = hn::MulAdd(hn::ConvertTo(df, sum[r][v]),
                               hn::Mul(scale, hn::Set(df, x[r]->scale)), acc[r][v]);
      }
    }
    if constexpr (L::kHasMinimum) {
      const auto minimum = [&](size_t v)
                               CAMBIUM_TILE_LAMBDA { return FloatsAt(block + E::kMinimumAt, v); };
      AddMinima<kProducts, L::kGroups>(x, pairs, minimum, acc);
    }
  }
}

template <class L, ByteProducts kProducts, size_t kRows>
HWY_NOINLINE void ExpandedTile(const ByteBlock256* x, size_t blocks_per_row, size_t num_rows,
                               const uint8_t* part, size_t num_blocks, const TileChains& chains,
                               const TileOut& out) {
  const ByteBlock256* rows[kRows];
  RowsOfTile(x, blocks_per_row, num_rows, rows);
  TileVec acc[kRows][kQuantTileVecs];
  chains.Start(num_rows, acc);
  AccumulateExpanded<L, kProducts>(rows, part, num_blocks, acc);
  chains.Finish(num_rows, acc, out);
}

// num_rows rows of x (at most kMaxQuantRows) times one panel.
template <class L, ByteProducts kProducts>
HWY_NOINLINE void ExpandedPanel(size_t num_rows, const ByteBlock256* x, size_t blocks_per_row,
                                const uint8_t* panel, const TileOut& out) {
  constexpr size_t kDepth = kExpandedDepth / L::kBlock;
  alignas(64) uint8_t expanded[kDepth * Expanded<L>::kBlockBytes];
  alignas(64) float partial[kMaxQuantRows * kQuantPanelCols];
  for (size_t begin = 0; begin < blocks_per_row || begin == 0; begin += kDepth) {
    const size_t num_blocks = std::min(kDepth, blocks_per_row - begin);
    const bool first = begin == 0, last = begin + num_blocks == blocks_per_row;
    const uint8_t* part = panel + begin * L::kBlockBytes;
    // The next part, or that of the next panel, comes a little with every tile.
    const size_t part_bytes = num_blocks * L::kBlockBytes;
    const uint8_t* next = part + part_bytes;
    for (size_t col = 0; col < out.num_cols; col += kQuantTileCols) {
      ExpandPart<L, kProducts>(part, col, num_blocks, expanded);
      for (size_t row = 0, rows; row < num_rows; row += rows) {
        rows = NextTileRows(num_rows - row);
        if (col == 0) next = PrefetchTo2ndLevel(next, rows * part_bytes / num_rows);
        const TileOut tile = TileOutAt(out, row, col);
        WithTileHeight(
            rows, [&]<size_t kRows>(std::integral_constant<size_t, kRows>) CAMBIUM_TILE_LAMBDA {
              ExpandedTile<L, kProducts, kRows>(
                  x + row * blocks_per_row + begin, blocks_per_row, rows, expanded, num_blocks,
                  {partial + row * kQuantPanelCols + col, first, last}, tile);
            });
      }
    }
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
