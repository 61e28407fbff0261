// SPDX-License-Identifier: Apache-2.0
// The shape of a decoder-only transformer, and the presets that name common ones. A ModelConfig
// with the parameters it describes (parameters.h) is everything that a model is.
//
// Architecture: pre-norm blocks x += Wo attention(RMSNorm(x)), x += Wd act(RMSNorm(x)); RoPE;
// grouped queries; no biases. Without QK-norm it is Llama's (GGUF "llama"), with it Qwen3's
// ("qwen3").
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace cambium {

// The numerics contract that this build computes (docs/numerics.md).
inline constexpr int kNumericsVersion = 1;

enum class FfnKind { kSwiGlu, kGeGlu, kGelu, kSilu, kRelu2 };
const char* FfnKindName(FfnKind kind);
FfnKind FfnKindFromName(std::string_view name);
// Gated kinds have a second matrix, ffn_gate.
inline bool IsGated(FfnKind kind) { return kind == FfnKind::kSwiGlu || kind == FfnKind::kGeGlu; }

struct ModelConfig {
  size_t vocab_size = 0;      // V
  size_t num_layers = 0;      // L
  size_t width = 0;           // C
  size_t num_heads = 0;       // H
  size_t num_kv_heads = 0;    // divides H
  size_t head_dim = 0;        // D, even
  size_t ffn_width = 0;       // F
  size_t context_length = 0;  // positions trained for
  FfnKind ffn = FfnKind::kSwiGlu;
  bool qk_norm = true;
  bool tied_embeddings = true;  // the output head is the token embedding
  float norm_epsilon = 1e-6f;
  double rope_base = 10000;
  bool rope_interleaved = false;  // pairs (2i, 2i+1) instead of (i, i + D/2)
  size_t window = 0;              // sliding window; 0: full attention
  float attention_softcap = 0;
  float logit_softcap = 0;

  // Throws kInvalidArgument naming the field that is off.
  void Validate() const;
  // Weights, and floating-point operations of one token's forward pass in matrix products alone
  // (2 per weight used) and in attention at the given context (4 C per visible key and layer).
  size_t NumParameters() const;
  size_t NumMatmulParameters() const;
  double ForwardFlopsPerToken(double mean_visible_keys) const;
  // The same, exactly, for a row of tokens, each of which sees itself and those before it (with a
  // window: no more than that).
  uint64_t ForwardFlopsOfRow(uint64_t row_tokens) const;

  Json ToJson() const;
  // Unknown or missing keys: kInvalidArgument.
  static ModelConfig FromJson(const Json& json);
};

// Named shapes; vocab_size is the tokenizer's and is set by the caller.
struct ModelPreset {
  const char* name;
  const char* description;
  ModelConfig config;
};
const std::vector<ModelPreset>& ModelPresets();
// Throws kInvalidArgument with the list of names.
const ModelPreset& FindModelPreset(std::string_view name);

}  // namespace cambium
