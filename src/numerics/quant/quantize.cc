// SPDX-License-Identifier: Apache-2.0
#include "numerics/quant/quantize.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/thread_pool.h"
#include "numerics/convert.h"
#include "numerics/quant/quantize_blocks.h"

namespace cambium {
namespace {

template <typename Block>
concept Quantizable = requires(const BlockInput& in, Block* block) {
  QuantizeBlock(in, block);
};

float MeanSquare(std::span<const float> row) {
  float sum = 0;
  for (const float x : row) sum += x * x;
  return sum / static_cast<float>(row.size());
}

template <typename Block>
void QuantizeRow(std::span<const float> row, std::span<const float> importance, uint8_t* out) {
  BlockInput in;
  if (!importance.empty()) in.row_mean_square = MeanSquare(row);
  for (size_t begin = 0; begin < row.size(); begin += Block::kSize) {
    in.x = row.subspan(begin, Block::kSize);
    if (!importance.empty()) in.weights = importance.subspan(begin, Block::kSize);
    Block block = {};
    QuantizeBlock(in, &block);
    std::memcpy(out, &block, sizeof(Block));
    out += sizeof(Block);
  }
}

}  // namespace

bool UsesImportance(GgmlType type) {
  switch (type) {
    case GgmlType::kQ4_0:
    case GgmlType::kQ4_1:
    case GgmlType::kQ5_0:
    case GgmlType::kQ5_1:
    case GgmlType::kQ2_K:
    case GgmlType::kQ3_K:
    case GgmlType::kQ4_K:
    case GgmlType::kQ5_K:
    case GgmlType::kQ6_K:
    case GgmlType::kIQ4_NL:
    case GgmlType::kIQ4_XS:
      return true;
    default:
      return false;
  }
}

void QuantizeRows(GgmlType type, std::span<const float> rows, uint64_t columns,
                  std::span<const float> importance, std::span<uint8_t> bytes) {
  const auto info = GgmlTypeInfoOf(type);
  CHECK(info && info->writable);
  CHECK(columns > 0 && columns % info->block_size == 0 && rows.size() % columns == 0);
  CHECK(bytes.size() == GgmlBytes(type, rows.size()));
  CHECK(importance.empty() || importance.size() == columns);
  if (rows.empty()) return;
  switch (type) {
    case GgmlType::kF32:
      std::memcpy(bytes.data(), rows.data(), bytes.size());
      return;
    case GgmlType::kF16:
      return FloatToFloat16Bytes(rows, bytes);
    case GgmlType::kBF16:
      return FloatToBFloat16Bytes(rows, bytes);
    default:
      break;
  }
  const ScopedKeepDenormals keep;
  VisitBlock(type, [&]<typename Block>(std::type_identity<Block>) {
    if constexpr (Quantizable<Block>) {
      const size_t row_bytes = columns / Block::kSize * sizeof(Block);
      for (size_t row = 0; row < rows.size() / columns; ++row) {
        QuantizeRow<Block>(rows.subspan(row * columns, columns), importance,
                           bytes.data() + row * row_bytes);
      }
    } else {
      CHECK(false);
    }
  });
}

}  // namespace cambium
