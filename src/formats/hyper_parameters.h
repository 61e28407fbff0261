// SPDX-License-Identifier: Apache-2.0
// The shape and constants of a decoder-only model of the Llama and Qwen3 families as files state
// them: plain data, read from and written to GGUF metadata (gguf_hyper_parameters.h) and Hugging
// Face's config.json (hf_config.h). What the model does with it is model/.
#pragma once

#include <cstdint>
#include <string>

namespace cambium {

enum class ModelFamily {
  kLlama,  // GGUF "llama", Hugging Face LlamaForCausalLM
  kQwen3,  // GGUF "qwen3", Hugging Face Qwen3ForCausalLM: QK-norm
};

struct HyperParameters {
  ModelFamily family = ModelFamily::kLlama;
  uint64_t embedding_size = 0;  // C
  uint64_t num_layers = 0;      // L
  uint64_t num_heads = 0;       // H
  uint64_t num_kv_heads = 0;
  uint64_t head_dim = 0;  // D; H * D need not be C
  uint64_t ffn_size = 0;  // F
  uint64_t vocab_size = 0;
  uint64_t context_length = 0;
  float rms_norm_eps = 0;
  float rope_theta = 0;
  bool tie_embeddings = false;      // the output head is the embedding
  std::string hidden_act = "silu";  // GGUF has no key for it: silu in both families

  bool operator==(const HyperParameters&) const = default;
};

// Throws kCorruptData when the values cannot be a model: zero or absurd sizes, KV heads that do not
// divide the heads, an odd head_dim, constants that are not positive and finite.
void CheckHyperParameters(const HyperParameters& parameters, const std::string& source_name);

}  // namespace cambium
