// SPDX-License-Identifier: Apache-2.0
// HyperParameters in GGUF metadata ("llama.block_count", ...), and of tensors the factors of scaled
// RoPE. Source of keys and of what a missing key means: llama.cpp (src/llama-model.cpp and
// src/models/, September 2026).
#pragma once

#include "formats/gguf.h"
#include "formats/gguf_writer.h"
#include "formats/hyper_parameters.h"

namespace cambium {

// kUnsupported for other architectures and for settings of the known ones that this build does not
// compute, naming the key and its value; kCorruptData for missing keys and values that cannot be.
HyperParameters ReadGgufHyperParameters(const GgufFile& file);

// What a GGUF file's attention_scale is, which has no key: 0 (1 / sqrt(D)), but for the two largest
// Gemma models 1 / sqrt(C / H) (gemma_pytorch, config.py: query_pre_attn_scalar).
float GgufAttentionScale(const HyperParameters& parameters);

// general.architecture, general.type, general.name, general.file_type and the architecture's keys.
// type: of the matrices. RoPE factors are tensors and are the caller's to write; kLlama3 must have
// become kFactors. kUnsupported for what GGUF cannot say.
void WriteGgufHyperParameters(const HyperParameters& parameters, const std::string& model_name,
                              GgmlType type, GgufWriter* writer);

}  // namespace cambium
