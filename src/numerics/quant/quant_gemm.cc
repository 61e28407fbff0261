// SPDX-License-Identifier: Apache-2.0
#include "numerics/quant/quant_gemm.h"

#include <algorithm>

#include "base/check.h"
#include "numerics/quant/quant_panel.h"
#include "numerics/simd_target.h"

namespace cambium {
namespace {

// Bytes of activations per block of rows: half of a 1 MiB second-level cache.
constexpr size_t kBlockBytesX = size_t{512} << 10;

}  // namespace

template <typename Block>
void QuantGemm(size_t M, const QuantizedRows<Block>& x, const PackedQuant& w, const GemmOutput& c,
               ThreadPool& pool) {
  CHECK(c.init == GemmInit::kZero && x.K == w.K && ActivationBlockSize(w.type) == Block::kSize);
  if (M == 0 || w.N == 0) return;
  const size_t blocks_per_row = x.blocks_per_row();
  const size_t row_bytes = std::max<size_t>(blocks_per_row * sizeof(Block), 1);
  const size_t max_rows = std::clamp<size_t>(kBlockBytesX / row_bytes / 12 * 12, 12, kMaxQuantRows);
  // Blocks of like size, in whole tiles of every instruction set.
  constexpr size_t kTileMultiple = 12;
  const size_t wanted_blocks = (M + max_rows - 1) / max_rows;
  const size_t block_rows = RoundUp((M + wanted_blocks - 1) / wanted_blocks, kTileMultiple);
  const size_t num_row_blocks = (M + block_rows - 1) / block_rows;
  const size_t num_panels = (w.N + kQuantPanelCols - 1) / kQuantPanelCols;
  const size_t panel_bytes = PackedQuantBytes(w.type, w.N, w.K) / num_panels;
  const size_t element_bytes = c.store == GemmStore::kBF16 ? sizeof(BFloat16) : sizeof(float);
  const ByteProducts products = ActiveByteProducts();
  pool.ParallelFor(num_row_blocks * num_panels, [&](size_t task, size_t) {
    // Panels vary fastest: the block of activations stays in the second-level cache.
    const size_t row_block = task / num_panels, panel = task % num_panels;
    const size_t row = row_block * block_rows;
    const size_t rows = std::min(block_rows, M - row);
    const size_t col = panel * kQuantPanelCols;
    GemmOutput out = c;
    out.data = static_cast<char*>(c.data) + (row * c.row_stride + col) * element_bytes;
    if (c.residual != nullptr) out.residual = c.residual + row * c.row_stride + col;
    RunQuantPanel(w.type, products, rows, x.data + row * blocks_per_row, blocks_per_row,
                  w.data + panel * panel_bytes, out, std::min(kQuantPanelCols, w.N - col));
  });
}

template void QuantGemm<ByteBlock32>(size_t, const QuantizedRows<ByteBlock32>&, const PackedQuant&,
                                     const GemmOutput&, ThreadPool&);
template void QuantGemm<ByteBlock256>(size_t, const QuantizedRows<ByteBlock256>&,
                                      const PackedQuant&, const GemmOutput&, ThreadPool&);

}  // namespace cambium
