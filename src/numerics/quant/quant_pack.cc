// SPDX-License-Identifier: Apache-2.0
// Weights from the blocks of a file to the panels of quant_layout.h.
#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "numerics/quant/quant_gemm.h"
#include "numerics/quant/quant_layout.h"

namespace cambium {
namespace {

// The number that is stored for element i of a block.
template <typename Block>
uint8_t StoredCode(const Block& block, size_t i) {
  using Layout = QuantLayout<Block>;
  const int code = block.Code(i);
  if constexpr (Layout::kTable == CodeTable::kNone) {
    return static_cast<uint8_t>(code + Layout::kOffset);
  } else {
    const int8_t(&table)[16] = Layout::kTable == CodeTable::kIq4 ? kIq4Values : kFp4Values;
    return static_cast<uint8_t>(std::find(std::begin(table), std::end(table), code) - table);
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

// One block of column `col` into a zeroed block of the panel.
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
  constexpr size_t kLowPerByte = 8 / Layout::kLowBits;
  constexpr unsigned kLowMask = (1u << Layout::kLowBits) - 1;
  for (size_t i = 0; i < Block::kSize; ++i) {
    const unsigned code = StoredCode(block, i);
    uint8_t* chunk = out + Layout::kChunksAt + i / 32 * Layout::kChunkBytes;
    const size_t quad = i % 32 / 4, byte = 4 * col + i % 4;
    uint8_t& low = chunk[quad / kLowPerByte * Layout::kStepBytes + byte];
    low = static_cast<uint8_t>(low | (code & kLowMask) << (quad % kLowPerByte * Layout::kLowBits));
    if constexpr (Layout::kHighBits > 0) {
      constexpr size_t kHighPerByte = 8 / Layout::kHighBits;
      uint8_t& high = chunk[Layout::kLowBytes + quad / kHighPerByte * Layout::kStepBytes + byte];
      high = static_cast<uint8_t>(high | (code >> Layout::kLowBits)
                                             << (quad % kHighPerByte * Layout::kHighBits));
    }
  }
}

template <typename Block>
void PackPanel(const uint8_t* blocks, size_t first, size_t N, size_t blocks_per_row,
               std::span<const uint32_t> row_order, uint8_t* panel) {
  using Layout = QuantLayout<Block>;
  std::memset(panel, 0, blocks_per_row * Layout::kBlockBytes);
  for (size_t col = 0; col < std::min(Layout::kCols, N - first); ++col) {
    const size_t n = row_order.empty() ? first + col : row_order[first + col];
    const uint8_t* row = blocks + n * blocks_per_row * sizeof(Block);
    for (size_t b = 0; b < blocks_per_row; ++b) {
      Block block;
      std::memcpy(&block, row + b * sizeof(Block), sizeof(Block));
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
