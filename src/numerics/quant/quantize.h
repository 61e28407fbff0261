// SPDX-License-Identifier: Apache-2.0
// Floats to quantised blocks, as files hold them. The bytes are those of ggml's reference
// quantizers (ggml_quantize_chunk, without and with an importance matrix) on x86-64; the order of
// all float operations is fixed, so they are the same on every machine, in any mode of denormals,
// and however the rows are split over threads. Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <span>

#include "numerics/quant/quant_types.h"

namespace cambium {

// rows: whole rows of `columns` elements each, one after the other; columns is a multiple of the
// block size. type: writable (quant_types.h), else CHECK. bytes: exactly their blocks.
// importance: empty, or for each column the weight (at least 0, finite) that its squared errors
// have; used by the types for which UsesImportance.
// Elements that are infinite or NaN, or too large for an f16 scale, give blocks that do not stand
// for them: check what comes back where that matters.
void QuantizeRows(GgmlType type, std::span<const float> rows, uint64_t columns,
                  std::span<const float> importance, std::span<uint8_t> bytes);

bool UsesImportance(GgmlType type);

}  // namespace cambium
