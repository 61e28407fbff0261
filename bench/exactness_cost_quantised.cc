// SPDX-License-Identifier: Apache-2.0
// What the fixed order of sums costs in products with quantised weights: the tile of Q4_K (and of
// Q4_0, whose float sums are eight times as many) in the contract's order against free orders of
// the same steps, interleaved. Integer sums are exact in any order, so only the float chain over
// the blocks of K is fixed.
//
//   contract    one chain of blocks, ascending
//   split k     two halves of K with chains of their own, added at the end
//   two sums    even and odd blocks in chains of their own, added at the end
//
// Build: cmake --build build/release --target bench_exactness_quantised. Run: pinned to one CPU.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "../bench/exactness_cost_quantised.cc"
#include <hwy/foreach_target.h>

#include "numerics/quant/quant_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {

inline constexpr size_t kRows = kQuantTileRows, kVecs = kQuantTileVecs;

template <size_t kTileRows, size_t kTileVecs>
HWY_INLINE void AddTo(const TileVec (&other)[kTileRows][kTileVecs],
                      TileVec (&acc)[kTileRows][kTileVecs]) {
  for (size_t r = 0; r < kTileRows; ++r) {
    for (size_t v = 0; v < kTileVecs; ++v) acc[r][v] = hn::Add(acc[r][v], other[r][v]);
  }
}

// One tile of kRows rows of x times the first columns of a panel; num_blocks is even.
template <class L, typename Block>
HWY_NOINLINE void TileInOrder(int order, const Block* x, size_t num_blocks, const uint8_t* panel,
                              const TileOut& out) {
  const PanelPrefetch prefetch = PanelPrefetch::OfTile(0, 1, 0);
  const Block* rows[kRows];
  RowsOfTile(x, num_blocks, kRows, rows);
  const TileChains chains = {nullptr, /*first=*/true, /*last=*/true};
  TileVec acc[kRows][kVecs];
  chains.Start(kRows, acc);
  if (order == 0) {
    AccumulateBlocks<L, ByteProducts::kDot>(rows, panel, 0, num_blocks, prefetch, acc);
  } else {
    TileVec other[kRows][kVecs];
    chains.Start(kRows, other);
    const size_t half = num_blocks / 2;
    const Block* from[kRows];
    if (order == 1) {
      AccumulateBlocks<L, ByteProducts::kDot>(rows, panel, 0, half, prefetch, acc);
      for (size_t r = 0; r < kRows; ++r) from[r] = rows[r] + half;
      AccumulateBlocks<L, ByteProducts::kDot>(from, panel + half * L::kBlockBytes, 0, half,
                                              prefetch, other);
    } else {
      for (size_t b = 0; b < num_blocks; b += 2) {
        for (size_t r = 0; r < kRows; ++r) from[r] = rows[r] + b;
        AccumulateBlocks<L, ByteProducts::kDot>(from, panel + b * L::kBlockBytes, 0, 1, prefetch,
                                                acc);
        for (size_t r = 0; r < kRows; ++r) from[r] = rows[r] + b + 1;
        AccumulateBlocks<L, ByteProducts::kDot>(from, panel + (b + 1) * L::kBlockBytes, 0, 1,
                                                prefetch, other);
      }
    }
    AddTo(other, acc);
  }
  chains.Finish(kRows, acc, out);
}

// Rows of a tile; c holds as many rows of kQuantPanelCols.
size_t TileRows() { return kRows; }

void Tile(GgmlType type, int order, const void* x, size_t num_blocks, const uint8_t* panel,
          float* c) {
  const TileOut out = {GemmStore::kF32, nullptr, nullptr, c, kQuantPanelCols, kQuantTileCols};
  if (type == GgmlType::kQ4_K) {
    TileInOrder<QuantLayout<BlockQ4_K>>(order, static_cast<const ByteBlock256*>(x), num_blocks,
                                        panel, out);
  } else {
    TileInOrder<QuantLayout<BlockQ4_0>>(order, static_cast<const ByteBlock32*>(x), num_blocks,
                                        panel, out);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <cstdio>
#include <cstring>
#include <vector>

#include "base/stopwatch.h"
#include "numerics/simd_target.h"

namespace cambium {

HWY_EXPORT(TileRows);
HWY_EXPORT(Tile);

namespace {

template <typename Block>
int Compare(GgmlType type, const char* name, size_t K) {
  ThreadPool pool(1);
  const ScopedFlushDenormals flush;
  const size_t rows = HWY_DYNAMIC_DISPATCH(TileRows)();
  const size_t num_blocks = K / Block::kSize;
  Scratch memory[3];
  float* x = memory[0].Get<float>(rows * K);
  for (size_t i = 0; i < rows * K; ++i) x[i] = static_cast<float>(i * 37 % 101) * 0.02f - 1;
  Block* blocks = memory[1].Get<Block>(rows * num_blocks);
  const QuantizedRows<Block> quantised = QuantizeToBytes(x, rows, K, K, blocks, pool);
  const size_t block_bytes = type == GgmlType::kQ4_K ? sizeof(BlockQ4_K) : sizeof(BlockQ4_0);
  std::vector<uint8_t> weights(kQuantPanelCols * num_blocks * block_bytes);
  for (size_t i = 0; i < weights.size(); ++i) {
    weights[i] = static_cast<uint8_t>((i * 2654435761u >> 13) & 0x3b);
  }
  uint8_t* packed = memory[2].Get<uint8_t>(PackedQuantBytes(type, kQuantPanelCols, K));
  const PackedQuant w = PackQuant(type, weights.data(), kQuantPanelCols, K, {}, packed, pool);
  std::vector<float> expected(rows * kQuantPanelCols), c(rows * kQuantPanelCols);
  QuantGemm(rows, quantised, w, {.data = expected.data(), .row_stride = kQuantPanelCols}, pool);

  constexpr const char* kNames[] = {"contract", "free: split k", "free: two sums"};
  std::vector<double> seconds[3];
  const size_t calls = (size_t{1} << 27) / (rows * kQuantPanelCols * K) + 1;
  for (int round = 0; round < 201; ++round) {
    for (int order = 0; order < 3; ++order) {
      const Clock::time_point begin = Clock::now();
      for (size_t i = 0; i < calls; ++i) {
        HWY_DYNAMIC_DISPATCH(Tile)(type, order, blocks, num_blocks, packed, c.data());
      }
      seconds[order].push_back(SecondsSince(begin));
      // The first columns are the tile's.
      if (order == 0 && std::memcmp(c.data(), expected.data(), 8 * sizeof(float)) != 0) {
        std::printf("the contract's tile here has other bits than QuantGemm\n");
        return 1;
      }
    }
  }
  const double contract = Median(seconds[0]);
  for (int order = 0; order < 3; ++order) {
    std::printf("%s  k %5zu  %-16s %8.3f us  contract / this = %.4f\n", name, K, kNames[order],
                Median(seconds[order]) / static_cast<double>(calls) * 1e6,
                contract / Median(seconds[order]));
  }
  return 0;
}

int Main() {
  if (ActiveByteProducts() != ByteProducts::kDot) {
    std::printf("this machine has no products of bytes\n");
    return 0;
  }
  std::printf("one tile, one thread; medians of interleaved rounds\n");
  int failed = 0;
  for (const size_t K : {size_t{2048}, size_t{5632}}) {
    failed |= Compare<ByteBlock256>(GgmlType::kQ4_K, "Q4_K", K);
    failed |= Compare<ByteBlock32>(GgmlType::kQ4_0, "Q4_0", K);
  }
  return failed;
}

}  // namespace
}  // namespace cambium

int main() { return cambium::Main(); }

#endif  // HWY_ONCE
