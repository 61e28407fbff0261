// SPDX-License-Identifier: Apache-2.0
// Keys and values of one sequence in one layer, laid out for the attention kernels: what a KV cache
// holds, and what training makes for the length of a step. Owns the layout; not the memory.
//
// Positions are grouped in splits of kSplitPositions. What a kv head's split holds depends on
// whether keys and values are held in the type that attention multiplies (the operand type).
//   Held as operands: keys are four panels of 64 positions, packed as a B operand with reduction
//   over D (gemm.h, PackRows); values are one panel per 64 columns of D, packed with reduction over
//   positions (PackColumns).
//   Held otherwise: keys are four panels of 64 positions, D rows of 64 elements each; values are a
//   row of D elements (padded to 16) per position. In Q8_0 the elements of a key panel are bytes,
//   followed by the f16 scales, D / 32 rows of 64; a row of values is D / 32 of ggml's blocks.
//   kv_widen.h makes operands of them, panel by panel.
// Memory ends where the room does, a multiple of 16 positions: the last panel of keys is as wide,
// and the value panels of the last split are as deep, as the room leaves them.
// Memory need not be initialized. The kernels multiply whole lanes of 16 positions, those behind
// the last one by +0: the first position of 16 that is written makes the others zero.
//
// What is held is a rounding of every key and value by itself (kv_ref.h is the definition):
//   F32    as it is
//   BF16   to nearest even
//   F16    to nearest even; beyond +-65504: +-65504
//   Q8_0   blocks of 32 along D: scale amax / 127 as f16, bytes as ggml's quantize_row_q8_0 rounds
//          them (numerics/quant/quantize_blocks.h)
// Attention multiplies what is held, widened exactly and then rounded to the operand type (nearest
// even), for keys of the pass that wrote them as for those of earlier ones.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "numerics/gemm.h"
#include "tensor/tensor.h"

namespace cambium::ops {

// Numerics rule 6: sums run inside a split of this many absolute positions, then over splits.
inline constexpr size_t kSplitPositions = 256;

inline size_t NumSplits(size_t positions) {
  return (positions + kSplitPositions - 1) / kSplitPositions;
}

enum class KvType : uint8_t { kF32, kBF16, kF16, kQ8_0 };

inline constexpr size_t kKvBlock = 32;  // elements of a Q8_0 block

const char* KvTypeName(KvType type);  // "f32", "bf16", "f16", "q8_0"
std::optional<KvType> FindKvType(std::string_view name);
inline KvType KvTypeOf(DType dtype) { return dtype == DType::kF32 ? KvType::kF32 : KvType::kBF16; }
// Throws kUnsupported where heads of this size cannot be held in the type.
void RequireKvType(KvType type, size_t head_dim);

struct KvLayout {
  KvType type = KvType::kF32;
  DType operand = DType::kF32;
  size_t head_dim = 0;  // D, even
  size_t room = 0;      // positions that there is memory for, a multiple of kLaneCols

  bool held_as_operands() const { return type == KvTypeOf(operand); }
  // Of the panel of keys, and of the split of values, that begins at `position`.
  size_t PanelWidth(size_t position) const { return std::min(kPanelCols, room - position); }
  size_t SplitDepth(size_t position) const { return std::min(kSplitPositions, room - position); }
  // Of one position of one kv head: what begins at position p lies at p times this.
  size_t KeyPositionBytes() const;
  size_t ValuePositionBytes() const;
  // Of one kv head, multiples of 64.
  size_t KeyBytes() const { return RoundUp(room * KeyPositionBytes(), 64); }
  size_t ValueBytes() const { return RoundUp(room * ValuePositionBytes(), 64); }
};

// The room that `positions` need.
inline size_t KvRoom(size_t positions) { return RoundUp(positions, kLaneCols); }

// Writes positions [first, first + count) of one head; k and v: [count, D] with row strides, in the
// operand type T. keys, values: the head's memory. All positions before `first` were written.
template <typename T>
void AppendKeys(const KvLayout& layout, const T* k, size_t row_stride, size_t first, size_t count,
                void* keys);
template <typename T>
void AppendValues(const KvLayout& layout, const T* v, size_t row_stride, size_t first, size_t count,
                  void* values);

}  // namespace cambium::ops
