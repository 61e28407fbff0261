// SPDX-License-Identifier: Apache-2.0
// HyperParameters in GGUF metadata ("llama.block_count", ...).
#pragma once

#include "formats/gguf.h"
#include "formats/gguf_writer.h"
#include "formats/hyper_parameters.h"

namespace cambium {

// kUnsupported for other architectures and for what the two families can have but this build does
// not compute (scaled RoPE, experts, sliding windows, per-layer head counts); kCorruptData for
// missing keys and values that cannot be.
HyperParameters ReadGgufHyperParameters(const GgufFile& file);

// general.architecture, general.type, general.name, general.file_type and the architecture's keys.
// type: of the matrices.
void WriteGgufHyperParameters(const HyperParameters& parameters, const std::string& model_name,
                              GgmlType type, GgufWriter* writer);

}  // namespace cambium
