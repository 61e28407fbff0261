// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/kv_blocks.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/error.h"
#include "tensor/ops/kv_held.h"

namespace cambium::ops {
namespace {

constexpr const char* kNames[] = {"f32", "bf16", "f16", "q8_0"};

size_t ElementBytes(KvType type) { return type == KvType::kF32 ? 4 : 2; }

// Element (row, pair, odd) of a panel of `width` columns at pair p, column c.
template <typename T>
size_t PanelIndex(size_t width, size_t pair, size_t col, size_t odd) {
  if constexpr (sizeof(T) == 4) return (2 * pair + odd) * width + col;
  return 2 * (pair * width + col) + odd;
}

template <typename T>
void AppendOperandKeys(const KvLayout& layout, const T* k, size_t row_stride, size_t first,
                       size_t count, T* keys) {
  const size_t D = layout.head_dim;
  size_t done = 0;
  while (done < count) {
    const size_t position = first + done;
    const size_t lane = position % kPanelCols;
    const size_t width = layout.PanelWidth(position - lane);
    T* panel = keys + (position - lane) * D;
    const T* source = k + done * row_stride;
    const size_t rows = std::min(kPanelCols - lane, count - done);
    if (lane == 0) {
      // The rest of the panel has not been written yet and becomes zero.
      PackPanelFromRows(source, rows, D, row_stride, width, panel);
    } else {
      for (size_t r = 0; r < rows; ++r) {
        for (size_t d = 0; d < D; ++d) {
          panel[PanelIndex<T>(width, d / 2, lane + r, d % 2)] = source[r * row_stride + d];
        }
      }
    }
    done += rows;
  }
}

template <typename T>
void AppendOperandValues(const KvLayout& layout, const T* v, size_t row_stride, size_t first,
                         size_t count, T* values) {
  const size_t D = layout.head_dim;
  const size_t padded = RoundUp(D, kLaneCols);
  size_t done = 0;
  while (done < count) {
    const size_t position = first + done;
    const size_t offset = position % kSplitPositions;
    const size_t depth = layout.SplitDepth(position - offset);
    T* split = values + (position - offset) * padded;
    const T* source = v + done * row_stride;
    // A whole even run goes by pairs; a single odd start fills the second half of its pair.
    const size_t rows = offset % 2 != 0 ? 1 : std::min(kSplitPositions - offset, count - done);
    for (size_t col = 0; col < D; col += kPanelCols) {
      const size_t width = std::min(kPanelCols, padded - col);
      const size_t cols = std::min(width, D - col);
      T* panel = split + col * depth;
      if (offset % 2 == 0) {
        PackPanelFromColumns(source + col, rows, cols, row_stride, width, panel + offset * width);
      } else {
        for (size_t c = 0; c < cols; ++c) {
          panel[PanelIndex<T>(width, offset / 2, c, 1)] = source[col + c];
        }
      }
    }
    done += rows;
  }
}

// Positions [first, end), of one split.
template <typename T>
void ZeroOperandValues(const KvLayout& layout, size_t first, size_t end, T* values) {
  const size_t D = layout.head_dim;
  const size_t padded = RoundUp(D, kLaneCols);
  const size_t split = first / kSplitPositions * kSplitPositions;
  for (size_t col = 0; col < D; col += kPanelCols) {
    const size_t width = std::min(kPanelCols, padded - col);
    T* panel = values + split * padded + col * layout.SplitDepth(split);
    for (size_t position = first; position < end; ++position) {
      const size_t offset = position - split;
      for (size_t c = 0; c < width; ++c) {
        panel[PanelIndex<T>(width, offset / 2, c, offset % 2)] = T{};
      }
    }
  }
}

// One key into lane `lane` of its panel of `width`.
template <typename S, typename T>
void HoldKey(const T* k, size_t D, size_t lane, size_t width, void* panel) {
  S* out = static_cast<S*>(panel) + lane;
  for (size_t d = 0; d < D; ++d) out[d * width] = Held<S>(ToFloat(k[d]));
}

template <typename T>
void HoldKeyBytes(const T* k, size_t D, size_t lane, size_t width, void* panel) {
  int8_t* codes = static_cast<int8_t*>(panel) + lane;
  uint8_t* scales = static_cast<uint8_t*>(panel) + width * D + lane * sizeof(BlockQ8_0::d);
  for (size_t d = 0; d < D; d += kKvBlock) {
    const BlockQ8_0 block = HeldBlock(k + d);
    for (size_t i = 0; i < kKvBlock; ++i) codes[(d + i) * width] = block.qs[i];
    std::memcpy(scales + d / kKvBlock * width * sizeof block.d, block.d, sizeof block.d);
  }
}

template <typename S, typename T>
void HoldValue(const T* v, size_t D, size_t position, void* values) {
  S* out = static_cast<S*>(values) + position * RoundUp(D, kLaneCols);
  for (size_t d = 0; d < D; ++d) out[d] = Held<S>(ToFloat(v[d]));
  std::fill(out + D, out + RoundUp(D, kLaneCols), S{});
}

template <typename T>
void HoldValueBytes(const T* v, size_t D, size_t position, void* values) {
  BlockQ8_0* out = static_cast<BlockQ8_0*>(values) + position * (D / kKvBlock);
  for (size_t d = 0; d < D; d += kKvBlock) out[d / kKvBlock] = HeldBlock(v + d);
}

template <typename T>
void HoldValues(const KvLayout& layout, const T* v, size_t row_stride, size_t first, size_t count,
                void* values) {
  const size_t D = layout.head_dim;
  for (size_t i = 0; i < count; ++i) {
    const T* source = v + i * row_stride;
    switch (layout.type) {
      case KvType::kF32:
        HoldValue<float>(source, D, first + i, values);
        break;
      case KvType::kBF16:
        HoldValue<BFloat16>(source, D, first + i, values);
        break;
      case KvType::kF16:
        HoldValue<Float16>(source, D, first + i, values);
        break;
      case KvType::kQ8_0:
        HoldValueBytes(source, D, first + i, values);
        break;
    }
  }
}

}  // namespace

const char* KvTypeName(KvType type) { return kNames[static_cast<size_t>(type)]; }

std::optional<KvType> FindKvType(std::string_view name) {
  for (const KvType type : {KvType::kF32, KvType::kBF16, KvType::kF16, KvType::kQ8_0}) {
    if (name == KvTypeName(type)) return type;
  }
  return std::nullopt;
}

void RequireKvType(KvType type, size_t head_dim) {
  if (type == KvType::kQ8_0 && head_dim % kKvBlock != 0) {
    Fail(ErrorCode::kUnsupported,
         "a KV cache in q8_0 holds blocks of {}, and this model's heads have {} elements: use "
         "f16, bf16 or f32",
         kKvBlock, head_dim);
  }
}

size_t KvLayout::KeyPositionBytes() const {
  if (type == KvType::kQ8_0) return head_dim / kKvBlock * sizeof(BlockQ8_0);
  return head_dim * ElementBytes(type);
}

size_t KvLayout::ValuePositionBytes() const {
  if (type == KvType::kQ8_0) return KeyPositionBytes();
  return RoundUp(head_dim, kLaneCols) * ElementBytes(type);
}

template <typename T>
void AppendKeys(const KvLayout& layout, const T* k, size_t row_stride, size_t first, size_t count,
                void* keys) {
  const size_t D = layout.head_dim;
  CHECK(D % 2 == 0 && layout.operand == DTypeOf<T>());
  CHECK(layout.room % kLaneCols == 0 && first + count <= layout.room);
  if (layout.held_as_operands()) {
    return AppendOperandKeys(layout, k, row_stride, first, count, static_cast<T*>(keys));
  }
  for (size_t i = 0; i < count; ++i) {
    const size_t position = first + i, lane = position % kPanelCols;
    const size_t width = layout.PanelWidth(position - lane);
    char* panel = static_cast<char*>(keys) + (position - lane) * layout.KeyPositionBytes();
    if (lane == 0) std::memset(panel, 0, width * layout.KeyPositionBytes());
    const T* source = k + i * row_stride;
    switch (layout.type) {
      case KvType::kF32:
        HoldKey<float>(source, D, lane, width, panel);
        break;
      case KvType::kBF16:
        HoldKey<BFloat16>(source, D, lane, width, panel);
        break;
      case KvType::kF16:
        HoldKey<Float16>(source, D, lane, width, panel);
        break;
      case KvType::kQ8_0:
        HoldKeyBytes(source, D, lane, width, panel);
        break;
    }
  }
}

template <typename T>
void AppendValues(const KvLayout& layout, const T* v, size_t row_stride, size_t first, size_t count,
                  void* values) {
  CHECK(layout.room % kLaneCols == 0 && first + count <= layout.room);
  if (layout.held_as_operands()) {
    AppendOperandValues(layout, v, row_stride, first, count, static_cast<T*>(values));
  } else {
    HoldValues(layout, v, row_stride, first, count, values);
  }
  // Where [first, end) begins the lanes that `end` lies in, the rest of them was never written.
  const size_t end = first + count;
  if (end % kLaneCols == 0 || end / kLaneCols * kLaneCols < first) return;
  const size_t zero_end = RoundUp(end, kLaneCols);
  if (layout.held_as_operands()) {
    ZeroOperandValues(layout, end, zero_end, static_cast<T*>(values));
  } else {
    const size_t row_bytes = layout.ValuePositionBytes();
    std::memset(static_cast<char*>(values) + end * row_bytes, 0, (zero_end - end) * row_bytes);
  }
}

template void AppendKeys(const KvLayout&, const float*, size_t, size_t, size_t, void*);
template void AppendKeys(const KvLayout&, const BFloat16*, size_t, size_t, size_t, void*);
template void AppendValues(const KvLayout&, const float*, size_t, size_t, size_t, void*);
template void AppendValues(const KvLayout&, const BFloat16*, size_t, size_t, size_t, void*);

}  // namespace cambium::ops
