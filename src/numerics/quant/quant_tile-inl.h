// SPDX-License-Identifier: Apache-2.0
// The micro-kernels of quant_gemm.h: a few rows of activations times a few vectors of columns of
// one panel, all of K in one go. Included per SIMD target.

// NOLINTNEXTLINE(llvm-header-guard): per-target include guard
#if defined(CAMBIUM_NUMERICS_QUANT_QUANT_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CAMBIUM_NUMERICS_QUANT_QUANT_TILE_INL_H_
#undef CAMBIUM_NUMERICS_QUANT_QUANT_TILE_INL_H_
#else
#define CAMBIUM_NUMERICS_QUANT_QUANT_TILE_INL_H_
#endif

#include <hwy/highway.h>

#include "numerics/quant/quant_byte_dot-inl.h"
#include "numerics/quant/quant_layout.h"
#include "numerics/quant/quant_panel.h"
#include "numerics/tile_out-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Sixteen f16 numbers or their like in as many lanes as a vector has; widening is exact.
template <bool kBf16>
HWY_INLINE TileVec LoadScales(const uint8_t* p) {
  const TileF df;
  if constexpr (kBf16) {
    const hn::Rebind<uint16_t, TileF> d16;
    const auto bits = hn::LoadU(d16, reinterpret_cast<const uint16_t*>(p));
    return hn::BitCast(df, hn::ShiftLeft<16>(hn::PromoteTo(TileU(), bits)));
  } else {
    const hn::Rebind<hwy::float16_t, TileF> d16;
    const auto halves =
        hn::LoadU(hn::Rebind<uint16_t, TileF>(), reinterpret_cast<const uint16_t*>(p));
    return hn::PromoteTo(df, hn::BitCast(d16, halves));
  }
}

// The codes of quad q (0 to 7) of a chunk, as the operand of ByteDot. chunk: at the tile's first
// column; v: vector of the tile.
template <class L, ByteProducts kProducts, size_t q>
HWY_INLINE VecU8 QuadCodes(const uint8_t* chunk, size_t v) {
  const TileU du;
  const ByteTag d8;
  constexpr size_t kLowPerByte = 8 / L::kLowBits;
  const uint8_t* low_at = chunk + q / kLowPerByte * L::kStepBytes + v * 4 * kVecLanes;
  auto codes = hn::LoadU(d8, low_at);
  if constexpr (L::kLowBits < 8) {
    constexpr size_t kShift = q % kLowPerByte * L::kLowBits;
    if constexpr (kShift > 0) {
      codes = hn::BitCast(d8, hn::ShiftRight<kShift>(hn::BitCast(du, codes)));
    }
    codes = hn::And(codes, hn::Set(d8, static_cast<uint8_t>((1u << L::kLowBits) - 1)));
  }
  if constexpr (L::kHighBits > 0) {
    constexpr size_t kHighPerByte = 8 / L::kHighBits;
    constexpr size_t kFrom = q % kHighPerByte * L::kHighBits;
    const uint8_t* high_at =
        chunk + L::kLowBytes + q / kHighPerByte * L::kStepBytes + v * 4 * kVecLanes;
    auto high = hn::BitCast(du, hn::LoadU(d8, high_at));
    if constexpr (kFrom > L::kLowBits) high = hn::ShiftRight<kFrom - L::kLowBits>(high);
    if constexpr (kFrom < L::kLowBits) high = hn::ShiftLeft<L::kLowBits - kFrom>(high);
    constexpr unsigned kMask = ((1u << L::kHighBits) - 1) << L::kLowBits;
    codes = hn::OrAnd(codes, hn::BitCast(d8, high), hn::Set(d8, static_cast<uint8_t>(kMask)));
  }
  if constexpr (L::kTable != CodeTable::kNone) {
    alignas(16) static constexpr CodeValues kValues =
        CodeValuesOf(L::kTable, kCodeForm<L, kProducts> == CodeForm::kSigned ? 0 : L::kOffset);
    codes = hn::TableLookupBytes(hn::LoadDup128(d8, kValues.bytes), codes);
  } else if constexpr (kCodeForm<L, kProducts> == CodeForm::kSigned) {
    codes = hn::Xor(codes, hn::Set(d8, uint8_t{0x80}));
  }
  return codes;
}

// dot += codes * x for kCount quads of a chunk from kFirst on. x: rows at the chunk.
template <class L, ByteProducts kProducts, size_t kFirst, size_t kCount, size_t kRows, size_t kVecs>
HWY_INLINE void AddChunk(const int8_t* const (&x)[kRows], const uint8_t* chunk,
                         VecI32 (&dot)[kRows][kVecs]) {
  const auto codes = [&]<size_t q>(std::integral_constant<size_t, q>, size_t v)
                         CAMBIUM_TILE_LAMBDA { return QuadCodes<L, kProducts, q>(chunk, v); };
  AddQuads<kProducts, kCodeForm<L, kProducts>, kFirst, kCount>(x, codes, dot);
}

// - kOffset * (sum of x), or 0 where codes are what they stand for. A power of two, as a shift.
template <class L, ByteProducts kProducts>
HWY_INLINE VecI32 DotStart(const int32_t* negative_sum) {
  const TileI di;
  if constexpr (L::kOffset == 0 || kCodeForm<L, kProducts> == CodeForm::kSigned) {
    return hn::Zero(di);
  } else {
    constexpr int kShift = hwy::CeilLog2(static_cast<size_t>(L::kOffset));
    static_assert(1 << kShift == L::kOffset);
    return hn::ShiftLeft<kShift>(hn::Set(di, *negative_sum));
  }
}

// What a tile calls for while it computes: of the weights `distance` bytes behind those that it
// uses, the cache lines first, first + stride, ... of each block (in bytes). A panel is followed by
// the next one, so this runs on at its end. Hardware alone foresees too little: a single row was
// less than half as fast where scales lie apart from codes.
struct PanelPrefetch {
  size_t distance, first, stride;
  // Tiles that share a panel share the work; it comes into the second level, for the next part.
  static PanelPrefetch OfTile(size_t tile, size_t num_tiles, size_t part_bytes) {
    if (num_tiles == 1) return {4096, 0, 64};
    return {part_bytes, tile * 64, num_tiles * 64};
  }
  HWY_INLINE void operator()(const uint8_t* p, size_t size_bytes) const {
    if (stride == 64) {
      for (size_t i = 0; i < size_bytes; i += 64) __builtin_prefetch(p + distance + i, 0, 3);
    } else {
      for (size_t i = first; i < size_bytes; i += stride)
        __builtin_prefetch(p + distance + i, 0, 2);
    }
  }
};

// Calls for the cache lines from p on that hold size_bytes; returns where the next ones start.
HWY_INLINE const uint8_t* PrefetchTo2ndLevel(const uint8_t* p, size_t size_bytes) {
  for (const uint8_t* end = p + size_bytes; p < end; p += 64) __builtin_prefetch(p, 0, 2);
  return p;
}

// Blocks of 32. panel: at the tile's first column in the codes; col: that column.
template <class L, ByteProducts kProducts, size_t kRows, size_t kVecs>
HWY_INLINE void AccumulateBlocks(const ByteBlock32* const (&rows)[kRows], const uint8_t* panel,
                                 size_t col, size_t num_blocks, const PanelPrefetch& prefetch,
                                 TileVec (&acc)[kRows][kVecs]) {
  const TileF df;
  for (size_t b = 0; b < num_blocks; ++b, panel += L::kBlockBytes) {
    prefetch(panel, L::kBlockBytes);
    const int8_t* x[kRows];
    VecI32 dot[kRows][kVecs];
    HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
      x[r] = rows[r][b].codes;
      HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
        dot[r][v] = DotStart<L, kProducts>(&rows[r][b].negative_sum);
      }
    }
    const uint8_t* chunk = panel + L::kChunksAt + 4 * col;
    AddChunk<L, kProducts, 0, 8>(x, chunk, dot);
    TileVec scale[kVecs];
    HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
      scale[v] = LoadScales<L::kBf16Scale>(panel + L::kScaleAt + 2 * (col + v * kVecLanes));
    }
    HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
      const TileVec x_scale = hn::Set(df, rows[r][b].scale);
      HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
        acc[r][v] = hn::MulAdd(hn::ConvertTo(df, dot[r][v]), hn::Mul(scale[v], x_scale), acc[r][v]);
      }
    }
    if constexpr (L::kHasMinimum) {
      HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
        const TileVec minimum =
            LoadScales<false>(panel + L::kMinimumAt + 2 * (col + v * kVecLanes));
        HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
          acc[r][v] = hn::MulAdd(minimum, hn::Set(df, rows[r][b].scaled_sum), acc[r][v]);
        }
      }
    }
  }
}

// sum += group_scale * dot for one group.
template <class L, size_t kRows, size_t kVecs>
HWY_INLINE void AddGroup(const uint8_t* panel, size_t col, size_t group,
                         VecI32 (&dot)[kRows][kVecs], VecI32 (&sum)[kRows][kVecs]) {
  const TileI di;
  const hn::Rebind<int8_t, TileI> d8;
  HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
    const int8_t* at = reinterpret_cast<const int8_t*>(panel + L::kGroupScaleAt) +
                       group * L::kCols + col + v * kVecLanes;
    const VecI32 scale = hn::PromoteTo(di, hn::LoadU(d8, at));
    HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
      sum[r][v] = hn::Add(sum[r][v], hn::Mul(dot[r][v], scale));
    }
  }
}

// sum = sum over pairs p of groups of (pairs(p, v)) * (sums of x over the two groups)
template <ByteProducts kProducts, size_t kGroups, size_t kRows, size_t kVecs, typename Pairs>
HWY_INLINE void SumPairs(const ByteBlock256* const (&x)[kRows], const Pairs& pairs,
                         VecI32 (&sum)[kRows][kVecs]) {
  HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
    HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) sum[r][v] = hn::Zero(TileI());
  }
  for (size_t p = 0; p < kGroups / 2; ++p) {
    HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
      const VecI16 pair = pairs(p, v);
      HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
        const int16_t* sums = kGroups == 16 ? x[r]->sums16 : x[r]->sums32;
        sum[r][v] = PairDot<kProducts>(sum[r][v], pair, sums + 2 * p);
      }
    }
  }
}

// acc = fma(-float(sum of group_minimum * sum_x), minimum * scale_x, acc). minima(p, v): those of
// the groups of pair p; minimum(v).
template <ByteProducts kProducts, size_t kGroups, size_t kRows, size_t kVecs, typename Minima,
          typename Minimum>
HWY_INLINE void AddMinima(const ByteBlock256* const (&x)[kRows], const Minima& minima,
                          const Minimum& minimum, TileVec (&acc)[kRows][kVecs]) {
  const TileF df;
  VecI32 sum[kRows][kVecs];
  SumPairs<kProducts, kGroups>(x, minima, sum);
  HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
    const TileVec scale = minimum(v);
    HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
      acc[r][v] = hn::NegMulAdd(hn::ConvertTo(df, sum[r][v]),
                                hn::Mul(scale, hn::Set(df, x[r]->scale)), acc[r][v]);
    }
  }
}

// Blocks of 256. As above.
template <class L, ByteProducts kProducts, size_t kRows, size_t kVecs>
HWY_INLINE void AccumulateBlocks(const ByteBlock256* const (&rows)[kRows], const uint8_t* panel,
                                 size_t col, size_t num_blocks, const PanelPrefetch& prefetch,
                                 TileVec (&acc)[kRows][kVecs]) {
  const TileF df;
  const TileI di;
  for (size_t b = 0; b < num_blocks; ++b, panel += L::kBlockBytes) {
    prefetch(panel, L::kBlockBytes);
    const ByteBlock256* block[kRows];
    const int8_t* x[kRows];
    VecI32 sum[kRows][kVecs];
    HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
      block[r] = rows[r] + b;
      HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) sum[r][v] = hn::Zero(di);
    }
    const uint8_t* chunk = panel + L::kChunksAt + 4 * col;
    for (size_t c = 0; c < 8; ++c, chunk += L::kChunkBytes) {
      HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) x[r] = block[r]->codes + 32 * c;
      VecI32 dot[kRows][kVecs];
      const auto start = [&](size_t group) CAMBIUM_TILE_LAMBDA {
        HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
          const int32_t* sums =
              L::kGroups == 16 ? block[r]->negative_sums16 : block[r]->negative_sums32;
          HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
            dot[r][v] = DotStart<L, kProducts>(sums + group);
          }
        }
      };
      if constexpr (L::kGroups == 16) {
        start(2 * c);
        AddChunk<L, kProducts, 0, 4>(x, chunk, dot);
        AddGroup<L>(panel, col, 2 * c, dot, sum);
        start(2 * c + 1);
        AddChunk<L, kProducts, 4, 4>(x, chunk, dot);
        AddGroup<L>(panel, col, 2 * c + 1, dot, sum);
      } else {
        start(c);
        AddChunk<L, kProducts, 0, 8>(x, chunk, dot);
        AddGroup<L>(panel, col, c, dot, sum);
      }
    }
    HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
      const TileVec scale = LoadScales<false>(panel + L::kScaleAt + 2 * (col + v * kVecLanes));
      HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
        acc[r][v] = hn::MulAdd(hn::ConvertTo(df, sum[r][v]),
                               hn::Mul(scale, hn::Set(df, block[r]->scale)), acc[r][v]);
      }
    }
    if constexpr (L::kHasMinimum) {
      AddMinima<kProducts, L::kGroups>(
          block,
          [&](size_t p, size_t v) CAMBIUM_TILE_LAMBDA {
            return PairMinima(panel + L::kGroupMinimumAt + 2 * p * L::kCols +
                              2 * (col + v * kVecLanes));
          },
          [&](size_t v) CAMBIUM_TILE_LAMBDA {
            return LoadScales<false>(panel + L::kMinimumAt + 2 * (col + v * kVecLanes));
          },
          acc);
    }
  }
}

// Where the chains of a tile are kept from one part of K to the next: rows of kQuantPanelCols, at
// the tile's first column. first: they start at 0; last: they end in the output.
struct TileChains {
  float* partial;
  bool first, last;

  template <size_t kRows, size_t kVecs>
  HWY_INLINE void Start(size_t num_rows, TileVec (&acc)[kRows][kVecs]) const {
    const TileF df;
    HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
      HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) acc[r][v] = hn::Zero(df);
    }
    if (first) return;
    HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
      const float* row = partial + std::min(r, num_rows - 1) * kQuantPanelCols;
      HWY_UNROLL(8)
      for (size_t v = 0; v < kVecs; ++v) acc[r][v] = hn::LoadU(df, row + v * kVecLanes);
    }
  }
  template <size_t kRows, size_t kVecs>
  HWY_INLINE void Finish(size_t num_rows, TileVec (&acc)[kRows][kVecs], const TileOut& out) const {
    if (last) return StoreTile<false>(acc, out, num_rows);
    const TileOut chain = {GemmStore::kF32, nullptr,         nullptr,
                           partial,         kQuantPanelCols, kVecs * kVecLanes};
    StoreTile<false>(acc, chain, num_rows);
  }
};

// The rows of a tile; those missing (from num_rows on) repeat the last.
template <size_t kRows, typename Block>
HWY_INLINE void RowsOfTile(const Block* x, size_t blocks_per_row, size_t num_rows,
                           const Block* (&rows)[kRows]) {
  for (size_t r = 0; r < kRows; ++r) rows[r] = x + std::min(r, num_rows - 1) * blocks_per_row;
}

// One tile: num_rows rows of x (up to kRows), num_blocks blocks of K.
template <class L, ByteProducts kProducts, size_t kRows, size_t kVecs, typename Block>
HWY_NOINLINE void QuantTile(const Block* x, size_t blocks_per_row, size_t num_rows,
                            const uint8_t* panel, size_t col, size_t num_blocks,
                            const TileChains& chains, const PanelPrefetch& prefetch,
                            const TileOut& out) {
  const Block* rows[kRows];
  RowsOfTile(x, blocks_per_row, num_rows, rows);
  TileVec acc[kRows][kVecs];
  chains.Start(num_rows, acc);
  AccumulateBlocks<L, kProducts>(rows, panel, col, num_blocks, prefetch, acc);
  chains.Finish(num_rows, acc, out);
}

// Rows and columns of a tile: what the registers hold beside the codes of a quad.
inline constexpr size_t kQuantTileVecs = HWY_MAX_BYTES == 64 ? 2 : HWY_MAX_BYTES == 32 ? 2 : 4;
inline constexpr size_t kQuantTileCols = kQuantTileVecs * kVecLanes;
inline constexpr size_t kQuantTileRows = HWY_MAX_BYTES == 64 ? 6 : 3;

// Elements of K that one pass over the rows takes: a panel's part stays in a first-level cache of
// 32 to 48 KiB beside a tile's rows.
inline constexpr size_t kQuantDepth = 1024;

// Rows of the next tile when `left` are left: heights that there are kernels for, but for an odd
// rest, of which a row is computed twice.
constexpr size_t NextTileRows(size_t left) {
  if (kQuantTileRows == 6 && (left == 7 || left == 8)) return 4;
  if (kQuantTileRows == 3 && left == 4) return 2;
  return std::min(left, kQuantTileRows);
}

// Calls run with the height of the next tile as a constant. Few heights, to have little code: a
// tile of 3 or 5 rows computes one twice.
template <typename Run>
HWY_INLINE void WithTileHeight(size_t rows, const Run& run) {
  if (rows == 1) {
    run(std::integral_constant<size_t, 1>());
  } else if (rows == 2) {
    run(std::integral_constant<size_t, 2>());
  } else if (kQuantTileRows == 3) {
    run(std::integral_constant<size_t, 3>());
  } else if (rows <= 4) {
    run(std::integral_constant<size_t, 4>());
  } else {
    run(std::integral_constant<size_t, 6>());
  }
}

// The part of a panel's output that a tile at (row, col) writes.
HWY_INLINE TileOut TileOutAt(const TileOut& out, size_t row, size_t col) {
  const size_t element_bytes = out.store == GemmStore::kBF16 ? sizeof(BFloat16) : sizeof(float);
  const size_t offset = row * out.row_stride + col;
  TileOut tile = out;
  tile.num_cols = std::min(out.num_cols - col, kQuantTileCols);
  if (out.residual != nullptr) tile.residual = out.residual + offset;
  tile.data = static_cast<char*>(out.data) + offset * element_bytes;
  return tile;
}

// num_rows rows of x (at most kMaxQuantRows) times one panel, tile by tile.
template <class L, ByteProducts kProducts, typename Block>
HWY_NOINLINE void QuantPanel(size_t num_rows, const Block* x, size_t blocks_per_row,
                             const uint8_t* panel, const TileOut& out) {
  size_t num_tiles = 0;
  for (size_t row = 0; row < num_rows; row += NextTileRows(num_rows - row)) ++num_tiles;
  // Few rows use the panel once, whatever its size.
  const size_t depth =
      num_tiles == 1 ? std::max<size_t>(blocks_per_row, 1) : kQuantDepth / L::kBlock;
  alignas(64) float partial[kMaxQuantRows * kQuantPanelCols];
  for (size_t begin = 0; begin < blocks_per_row || begin == 0; begin += depth) {
    const size_t num_blocks = std::min(depth, blocks_per_row - begin);
    const bool first = begin == 0, last = begin + num_blocks == blocks_per_row;
    const uint8_t* part = panel + begin * L::kBlockBytes;
    for (size_t t = 0, row = 0; t < num_tiles; ++t) {
      const auto prefetch = PanelPrefetch::OfTile(t, num_tiles, num_blocks * L::kBlockBytes);
      const size_t rows = NextTileRows(num_rows - row);
      for (size_t col = 0; col < out.num_cols; col += kQuantTileCols) {
        const TileOut tile = TileOutAt(out, row, col);
        WithTileHeight(
            rows, [&]<size_t kRows>(std::integral_constant<size_t, kRows>) CAMBIUM_TILE_LAMBDA {
              QuantTile<L, kProducts, kRows, kQuantTileVecs>(
                  x + row * blocks_per_row + begin, blocks_per_row, rows, part, col, num_blocks,
                  {partial + row * kQuantPanelCols + col, first, last}, prefetch, tile);
            });
      }
      row += rows;
    }
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
