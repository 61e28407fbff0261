// SPDX-License-Identifier: Apache-2.0
// Weights from the blocks of a file to the panels of quant_layout.h.
#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "numerics/quant/quant_gemm.h"
#include "numerics/quant/quant_layout.h"

namespace cambium {
namespace {

// out[0..n): low nibbles of n bytes; out[n..2 n): their high nibbles.
template <size_t n>
void SplitNibbles(const uint8_t* bytes, uint8_t* out) {
  for (size_t i = 0; i < n; ++i) out[i] = bytes[i] & 15;
  for (size_t i = 0; i < n; ++i) out[n + i] = bytes[i] >> 4;
}

// Adds bit i / 32 of byte i mod 32 to out[i], at `position`.
void AddBitPlanes(const uint8_t* bytes, unsigned position, uint8_t* out) {
  for (size_t plane = 0; plane < 8; ++plane) {
    for (size_t i = 0; i < 32; ++i) {
      const unsigned bit = (bytes[i] >> plane) & 1u;
      out[plane * 32 + i] = static_cast<uint8_t>(out[plane * 32 + i] | bit << position);
    }
  }
}

// Adds CrumbOf256 to out[i], at `position`.
void AddCrumbs(const uint8_t* bytes, unsigned position, uint8_t* out) {
  for (size_t half = 0; half < 2; ++half) {
    for (unsigned plane = 0; plane < 4; ++plane) {
      uint8_t* to = out + half * 128 + plane * 32;
      for (size_t i = 0; i < 32; ++i) {
        const unsigned crumb = (bytes[half * 32 + i] >> (2 * plane)) & 3u;
        to[i] = static_cast<uint8_t>(to[i] | crumb << position);
      }
    }
  }
}

// The numbers that are stored for the elements of a block: Code(i) + kOffset, or its index in the
// table. The same by Code(i) alone would be right and ten times as slow; the tests compare.
template <typename Block>
void StoredCodes(const Block& block, uint8_t* out) {
  if constexpr (std::is_same_v<Block, BlockQ8_0>) {
    for (size_t i = 0; i < 32; ++i) out[i] = static_cast<uint8_t>(block.qs[i] + 128);
  } else if constexpr (Block::kSize == 32) {
    SplitNibbles<16>(block.qs, out);
    if constexpr (requires { block.qh; }) {
      const uint32_t bits = Load32(block.qh);
      for (size_t i = 0; i < 32; ++i) {
        out[i] = static_cast<uint8_t>(out[i] | ((bits >> i) & 1u) << 4);
      }
    }
  } else if constexpr (std::is_same_v<Block, BlockQ2_K> || std::is_same_v<Block, BlockQ3_K>) {
    std::memset(out, 0, 256);
    AddCrumbs(block.qs, 0, out);
    if constexpr (requires { block.hmask; }) AddBitPlanes(block.hmask, 2, out);
  } else if constexpr (std::is_same_v<Block, BlockQ6_K>) {
    for (size_t i = 0; i < 2; ++i) SplitNibbles<64>(block.ql + i * 64, out + i * 128);
    AddCrumbs(block.qh, 4, out);
  } else if constexpr (std::is_same_v<Block, BlockIQ4_XS>) {
    for (size_t i = 0; i < 8; ++i) SplitNibbles<16>(block.qs + i * 16, out + i * 32);
  } else {
    for (size_t i = 0; i < 4; ++i) SplitNibbles<32>(block.qs + i * 32, out + i * 64);
    if constexpr (requires { block.qh; }) AddBitPlanes(block.qh, 4, out);
  }
}

void Store16(uint32_t bits, uint8_t* out) {
  out[0] = static_cast<uint8_t>(bits);
  out[1] = static_cast<uint8_t>(bits >> 8);
}

template <typename Block>
uint32_t ScaleBits(const Block& block) {
  if constexpr (QuantLayout<Block>::kBf16Scale) {
    return ToBFloat16(block.Scale(0)).bits;  // exact: a power of two
  } else {
    return Load16(block.d);
  }
}

template <typename Block>
uint32_t MinimumBits(const Block& block) {
  if constexpr (requires { block.dmin; }) {
    return Load16(block.dmin);
  } else {
    return Load16(block.m);
  }
}

// One block of column `col` into a block of the panel.
template <typename Block>
void PackBlock(const Block& block, size_t col, uint8_t* out) {
  using Layout = QuantLayout<Block>;
  Store16(ScaleBits(block), out + Layout::kScaleAt + 2 * col);
  if constexpr (Layout::kHasMinimum) {
    Store16(MinimumBits(block), out + Layout::kMinimumAt + 2 * col);
  }
  if constexpr (Layout::kGrouped) {
    for (size_t g = 0; g < Layout::kGroups; ++g) {
      out[Layout::kGroupScaleAt + g * Layout::kCols + col] =
          static_cast<uint8_t>(Layout::GroupScale(block, g));
      if constexpr (Layout::kHasMinimum) {
        out[Layout::kGroupMinimumAt + g / 2 * 2 * Layout::kCols + 2 * col + g % 2] =
            static_cast<uint8_t>(Layout::GroupMinimum(block, g));
      }
    }
  }
  // Quads as words of four bytes.
  uint8_t codes[Block::kSize];
  StoredCodes(block, codes);
  constexpr uint32_t kEachByte = 0x01010101;
  constexpr uint32_t kLowMask = ((1u << Layout::kLowBits) - 1) * kEachByte;
  const auto pack_steps = [&](const uint8_t* quads, unsigned bits, unsigned shift, uint32_t mask,
                              uint8_t* steps) {
    const size_t per_byte = 8 / bits;
    for (size_t step = 0; step < bits; ++step) {
      uint32_t word = 0;
      for (size_t q = 0; q < per_byte; ++q) {
        const uint32_t quad = (Load32(quads + 4 * (step * per_byte + q)) >> shift) & mask;
        word |= quad << (q * bits);
      }
      std::memcpy(steps + step * Layout::kStepBytes + 4 * col, &word, sizeof(word));
    }
  };
  for (size_t c = 0; c < Block::kSize / 32; ++c) {
    uint8_t* chunk = out + Layout::kChunksAt + c * Layout::kChunkBytes;
    pack_steps(codes + 32 * c, Layout::kLowBits, 0, kLowMask, chunk);
    if constexpr (Layout::kHighBits > 0) {
      constexpr uint32_t kHighMask = ((1u << Layout::kHighBits) - 1) * kEachByte;
      pack_steps(codes + 32 * c, Layout::kHighBits, Layout::kLowBits, kHighMask,
                 chunk + Layout::kLowBytes);
    }
  }
}

template <typename Block>
void PackPanel(const uint8_t* blocks, size_t first, size_t N, size_t blocks_per_row,
               std::span<const uint32_t> row_order, uint8_t* panel) {
  using Layout = QuantLayout<Block>;
  const size_t num_cols = std::min(Layout::kCols, N - first);
  if (num_cols < Layout::kCols) std::memset(panel, 0, blocks_per_row * Layout::kBlockBytes);
  const uint8_t* rows[Layout::kCols];
  for (size_t col = 0; col < num_cols; ++col) {
    const size_t n = row_order.empty() ? first + col : row_order[first + col];
    rows[col] = blocks + n * blocks_per_row * sizeof(Block);
  }
  for (size_t b = 0; b < blocks_per_row; ++b) {
    for (size_t col = 0; col < num_cols; ++col) {
      Block block;
      std::memcpy(&block, rows[col] + b * sizeof(Block), sizeof(Block));
      PackBlock(block, col, panel + b * Layout::kBlockBytes);
    }
  }
}

}  // namespace

bool HasIntegerKernel(GgmlType type) {
  return VisitIntegerFormat(type, [](auto) {});
}

size_t ActivationBlockSize(GgmlType type) {
  size_t size = 0;
  CHECK(VisitIntegerFormat(
      type, [&]<typename Block>(std::type_identity<Block>) { size = Block::kSize; }));
  return size;
}

size_t PackedQuantBytes(GgmlType type, size_t N, size_t K) {
  size_t bytes = 0;
  CHECK(VisitIntegerFormat(type, [&]<typename Block>(std::type_identity<Block>) {
    const size_t panels = (N + kQuantPanelCols - 1) / kQuantPanelCols;
    bytes = panels * (K / Block::kSize) * QuantLayout<Block>::kBlockBytes;
  }));
  return bytes;
}

PackedQuant PackQuant(GgmlType type, const uint8_t* blocks, size_t N, size_t K,
                      std::span<const uint32_t> row_order, uint8_t* packed, ThreadPool& pool) {
  CHECK(row_order.empty() || row_order.size() == N);
  CHECK(VisitIntegerFormat(type, [&]<typename Block>(std::type_identity<Block>) {
    CHECK(K % Block::kSize == 0);
    const size_t blocks_per_row = K / Block::kSize;
    const size_t panel_bytes = blocks_per_row * QuantLayout<Block>::kBlockBytes;
    const size_t num_panels = (N + kQuantPanelCols - 1) / kQuantPanelCols;
    pool.ParallelFor(num_panels, [&](size_t p, size_t) {
      PackPanel<Block>(blocks, p * kQuantPanelCols, N, blocks_per_row, row_order,
                       packed + p * panel_bytes);
    });
  }));
  return {type, packed, N, K};
}

}  // namespace cambium
