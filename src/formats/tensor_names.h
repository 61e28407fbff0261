// SPDX-License-Identifier: Apache-2.0
// The tensors of the Llama and Qwen3 families under their two names, GGUF ("blk.0.attn_q.weight")
// and Hugging Face ("model.layers.0.self_attn.q_proj.weight"), and the one difference in their
// content: RoPE rotates pairs of rows of Q and K, and files of the GGUF architecture "llama" keep
// the two rows of a pair next to each other (2i, 2i + 1), while Hugging Face keeps them half a head
// apart (i, i + D/2). "qwen3" files are in the Hugging Face order. All else is bit for bit the
// same.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/hyper_parameters.h"

namespace cambium {

// nullopt: no tensor of these families.
std::optional<std::string> GgufToHfName(std::string_view gguf_name);
std::optional<std::string> HfToGgufName(std::string_view hf_name);

// Heads whose rows a GGUF file of this family keeps in pair order: num_heads for attn_q.weight,
// num_kv_heads for attn_k.weight of the Llama family; 0 for all other tensors.
uint64_t HeadsInPairOrder(const HyperParameters& parameters, std::string_view gguf_name);

// For a matrix in GGUF's order (pairs): the rows of the file in Hugging Face's order (halves).
std::vector<uint32_t> RowsOfPairOrder(uint64_t num_heads, uint64_t head_dim);

// Reorders the rows of [num_heads * head_dim, columns] from Hugging Face's order (halves) to GGUF's
// (pairs), and back. in and out do not overlap.
void RopeHalvesToPairs(std::span<const float> in, std::span<float> out, uint64_t num_heads,
                       uint64_t head_dim);
void RopePairsToHalves(std::span<const float> in, std::span<float> out, uint64_t num_heads,
                       uint64_t head_dim);

}  // namespace cambium
