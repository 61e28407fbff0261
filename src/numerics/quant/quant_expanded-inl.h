// SPDX-License-Identifier: Apache-2.0
// Many rows times one panel of a format whose codes take many steps to come by: those with a scale
// for every 16 elements (Q2_K, Q3_K, Q6_K). A part of the panel is expanded to bytes once for all
// rows. Codes with an offset become signed; where the instruction needs an unsigned side (x86), it
// is the activations, plus 128, and what that adds is a sum over weights alone, taken off once for
// all rows. The same integers as quant_tile-inl.h, so the same results. (Formats with a scale for
// 32 elements gain nothing: what is saved in steps is lost in reading four to two times the bytes.)

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
//   pairs          two int16, with minima; a row for each pair of groups: their minima
//   start          int32, where activations have 128 added: - 128 * sum(group scale * codes)
template <class L>
struct Expanded {
  static constexpr CodeForm kForm = L::kOffset == 0 ? CodeForm::kOffset
                                    : kOnArm        ? CodeForm::kSigned
                                                    : CodeForm::kBiasedRows;
  // VPMADDUBSW: 2 * 255 * 64 < 2^15.
  static_assert(L::kOffset <= 64);
  static constexpr size_t kRowBytes = 4 * kQuantTileCols;
  static constexpr size_t kScaleAt = L::kBlock / 4 * kRowBytes;
  static constexpr size_t kMinimumAt = kScaleAt + kRowBytes;
  static constexpr size_t kGroupScalesAt = kMinimumAt + (L::kHasMinimum ? kRowBytes : 0);
  static constexpr size_t kPairsAt = kGroupScalesAt + L::kGroups * kRowBytes;
  static constexpr size_t kStartAt = kPairsAt + (L::kHasMinimum ? L::kGroups / 2 * kRowBytes : 0);
  static constexpr size_t kBlockBytes = kStartAt + (kForm == CodeForm::kBiasedRows ? kRowBytes : 0);
};

// The quads of a chunk, vector v of the tile. sums[i] += the codes of half i, for each column,
// where they are asked for.
template <class L, ByteProducts kProducts>
HWY_INLINE void ExpandQuads(const uint8_t* chunk, size_t v, uint8_t* out, VecI32 (&sums)[2]) {
  const ByteTag d8;
  const auto expand = [&]<size_t q>(std::integral_constant<size_t, q>) CAMBIUM_TILE_LAMBDA {
    VecU8 codes = QuadCodes<L, kProducts, q>(chunk, v);
    if constexpr (Expanded<L>::kForm != CodeForm::kOffset) {
      codes = hn::Sub(codes, hn::Set(d8, static_cast<uint8_t>(L::kOffset)));
    }
    if constexpr (Expanded<L>::kForm == CodeForm::kBiasedRows) {
      const VecU8 ones = hn::Set(d8, uint8_t{1});
      sums[q / 4] = ByteDot<kProducts, CodeForm::kBiasedRows>(sums[q / 4], codes, ones);
    }
    hn::Store(codes, d8, out + q * Expanded<L>::kRowBytes);
  };
  [&]<size_t... q>(std::index_sequence<q...>) CAMBIUM_TILE_LAMBDA {
    (expand(std::integral_constant<size_t, q>()), ...);
  }
  (std::make_index_sequence<8>());
}

// num_blocks blocks of a panel, the tile's columns from col on. out: num_blocks *
// Expanded<L>::kBlockBytes bytes, aligned to 64.
template <class L, ByteProducts kProducts>
HWY_NOINLINE void ExpandPart(const uint8_t* panel, size_t col, size_t num_blocks, uint8_t* out) {
  using E = Expanded<L>;
  constexpr size_t kVecs = kQuantTileVecs;
  const TileF df;
  const TileI di;
  const hn::Rebind<int8_t, TileI> d8;
  const auto floats = [](uint8_t* row, size_t v) CAMBIUM_TILE_LAMBDA {
    return reinterpret_cast<float*>(row) + v * kVecLanes;
  };
  const auto ints = [](uint8_t* row, size_t v) CAMBIUM_TILE_LAMBDA {
    return reinterpret_cast<int32_t*>(row) + v * kVecLanes;
  };
  for (size_t b = 0; b < num_blocks; ++b, panel += L::kBlockBytes, out += E::kBlockBytes) {
    const auto group_scales = reinterpret_cast<const int8_t*>(panel + L::kGroupScaleAt) + col;
    VecI32 start[kVecs];
    HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) start[v] = hn::Zero(di);
    for (size_t c = 0; c < L::kBlock / 32; ++c) {
      const uint8_t* chunk = panel + L::kChunksAt + c * L::kChunkBytes + 4 * col;
      // The lines lie too far apart for the hardware to foresee them.
      HWY_UNROLL(16) for (size_t step = 0; step < L::kChunkBytes; step += L::kStepBytes) {
        HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
          __builtin_prefetch(chunk + 2 * L::kChunkBytes + step + v * 4 * kVecLanes, 0, 3);
        }
      }
      HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
        VecI32 sums[2] = {hn::Zero(di), hn::Zero(di)};
        ExpandQuads<L, kProducts>(chunk, v, out + 8 * c * E::kRowBytes + v * 4 * kVecLanes, sums);
        HWY_UNROLL(2) for (size_t i = 0; i < 2; ++i) {
          const size_t g = 2 * c + i;
          const VecI32 scale =
              hn::PromoteTo(di, hn::LoadU(d8, group_scales + g * L::kCols + v * kVecLanes));
          hn::Store(scale, di, ints(out + E::kGroupScalesAt + g * E::kRowBytes, v));
          start[v] = hn::Sub(start[v], hn::Mul(scale, sums[i]));
        }
      }
    }
    HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
      const size_t lane = col + v * kVecLanes;
      if constexpr (E::kForm == CodeForm::kBiasedRows) {
        hn::Store(hn::ShiftLeft<7>(start[v]), di, ints(out + E::kStartAt, v));
      }
      hn::Store(LoadScales<false>(panel + L::kScaleAt + 2 * lane), df,
                floats(out + E::kScaleAt, v));
      if constexpr (L::kHasMinimum) {
        hn::Store(LoadScales<false>(panel + L::kMinimumAt + 2 * lane), df,
                  floats(out + E::kMinimumAt, v));
        for (size_t p = 0; p < L::kGroups / 2; ++p) {
          const uint8_t* minima = panel + L::kGroupMinimumAt + 2 * p * L::kCols + 2 * lane;
          hn::Store(hn::BitCast(di, PairMinima(minima)), di,
                    ints(out + E::kPairsAt + p * E::kRowBytes, v));
        }
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
  AddQuads<kProducts, Expanded<L>::kForm, 0, L::kGroup / 4>(x, quad, dot);
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
    VecI32 sum[kRows][kVecs];
    HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
      VecI32 start = hn::Zero(TileI());
      if constexpr (E::kForm == CodeForm::kBiasedRows) start = IntsAt(block + E::kStartAt, v);
      HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) sum[r][v] = start;
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
      const auto pairs = [&](size_t p, size_t v) CAMBIUM_TILE_LAMBDA {
        return hn::BitCast(ShortTag(), IntsAt(block + E::kPairsAt + p * E::kRowBytes, v));
      };
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
