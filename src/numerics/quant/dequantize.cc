// SPDX-License-Identifier: Apache-2.0
#include "numerics/quant/dequantize.h"

#include <cstring>

#include "base/check.h"
#include "base/thread_pool.h"
#include "numerics/convert.h"
#include "numerics/quant/quant_blocks.h"

namespace cambium {
namespace {

template <typename Block>
concept HasOffset = requires(const Block& block) {
  block.Offset(0);
};

template <typename Block>
void DequantizeBlocks(std::span<const uint8_t> bytes, float* out) {
  for (size_t begin = 0; begin < bytes.size(); begin += sizeof(Block)) {
    Block block;
    std::memcpy(&block, bytes.data() + begin, sizeof(Block));
    for (size_t g = 0; g < Block::kSize / Block::kGroup; ++g) {
      const float scale = block.Scale(g);
      float offset = 0.0f;
      if constexpr (HasOffset<Block>) offset = block.Offset(g);
      for (size_t i = g * Block::kGroup; i < (g + 1) * Block::kGroup; ++i) {
        const float value = scale * static_cast<float>(block.Code(i));
        // Not a + 0 where there is none: that would lose the sign of a zero.
        if constexpr (HasOffset<Block>) {
          out[i] = value + offset;
        } else {
          out[i] = value;
        }
      }
    }
    out += Block::kSize;
  }
}

}  // namespace

uint64_t QuantBlocks::size() const {
  const auto info = GgmlTypeInfoOf(type);
  CHECK(info && bytes.size() % info->block_bytes == 0);
  return bytes.size() / info->block_bytes * info->block_size;
}

void Dequantize(GgmlType type, std::span<const uint8_t> bytes, std::span<float> out) {
  CHECK(IsReadable(type) && bytes.size() == GgmlBytes(type, out.size()));
  switch (type) {
    case GgmlType::kF32:
      if (!out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
      return;
    case GgmlType::kF16:
      return Float16BytesToFloat(bytes, out);
    case GgmlType::kBF16:
      return BFloat16BytesToFloat(bytes, out);
    default:
      break;
  }
  const ScopedKeepDenormals keep;
  CHECK(VisitBlock(type, [&]<typename Block>(std::type_identity<Block>) {
    static_assert(Block::kSize % Block::kGroup == 0);
    DequantizeBlocks<Block>(bytes, out.data());
  }));
}

}  // namespace cambium
