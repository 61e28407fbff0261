// SPDX-License-Identifier: Apache-2.0
// Operands for attention from keys and values that are held in another type (kv_blocks.h): widened
// exactly, then rounded to the operand type T (float or BFloat16) to nearest even. Equal to
// kv_ref.h bit for bit on every instruction set.
#pragma once

#include <cstddef>

#include "tensor/ops/kv_blocks.h"

namespace cambium::ops {

// The panel of keys that begins at `position`, a multiple of 64: layout.PanelWidth(position) wide.
// keys: the head's memory. panel: that width times D elements, overwritten.
template <typename T>
void WidenKeys(const KvLayout& layout, const void* keys, size_t position, T* panel);

// Values of positions [begin, end), both even: for every 64 columns of D (the last of the rest,
// padded to 16) a panel with reduction over end - begin positions, one behind the other.
template <typename T>
void WidenValues(const KvLayout& layout, const void* values, size_t begin, size_t end, T* panels);

}  // namespace cambium::ops
