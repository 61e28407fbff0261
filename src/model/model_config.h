// SPDX-License-Identifier: Apache-2.0
// The shape of a decoder-only transformer, and the presets that name common ones. A ModelConfig
// with the parameters it describes (parameters.h) is everything that a model is.
//
// Architecture: blocks x += Wo attention(norm(x)), x += ffn(norm(x)); RoPE; grouped queries. The
// defaults are Qwen3's; without QK-norm they are Llama's. What other families change is a field
// each, and families are combinations of fields (family_config.cc).
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

// kClampedSwiGlu: min(g, 7) sigmoid(1.702 g) (clamp(u, -7, 7) + 1), gpt-oss.
enum class FfnKind { kSwiGlu, kGeGlu, kGelu, kSilu, kRelu2, kClampedSwiGlu };
const char* FfnKindName(FfnKind kind);
FfnKind FfnKindFromName(std::string_view name);
// Gated kinds have a second matrix, ffn_gate.
inline bool IsGated(FfnKind kind) {
  return kind == FfnKind::kSwiGlu || kind == FfnKind::kGeGlu || kind == FfnKind::kClampedSwiGlu;
}

enum class NormKind { kRms, kLayer };  // kLayer: LayerNorm with weight and bias

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

  // With a window: layers n - 1, 2n - 1, ... see everything. 0: all layers have the window.
  size_t full_attention_every = 0;
  NormKind norm = NormKind::kRms;
  bool pre_norm = true;            // what goes into a block is normed
  bool post_norm = false;          // what comes out of a block is normed, before it is added
  bool qk_norm_row = false;        // with qk_norm: one norm over all heads, not one for each
  bool qkv_bias = false;           // of queries, keys and values
  bool output_bias = false;        // of the attention's output
  bool ffn_bias = false;           // of the feed-forward matrices; with experts, and of the router
  bool learned_positions = false;  // added to the embeddings, instead of RoPE
  bool attention_sinks = false;    // a score per head that takes part in the softmax, without value
  float embedding_scale = 1;
  float attention_scale = 0;  // 0: 1 / sqrt(head_dim)
  size_t rope_dim = 0;        // rotated dims of a head, the first ones; 0: all
  // Frequency i is divided by rope_divisors[i] (empty: 1), or by rope_long_divisors[i] where more
  // than rope_short_context positions are asked for (LongRoPE). Sines and cosines are multiplied by
  // rope_magnitude.
  std::vector<double> rope_divisors, rope_long_divisors;
  size_t rope_short_context = 0;
  double rope_magnitude = 1;
  double rope_base_window = 0;  // unscaled RoPE of layers with a window; 0: as the others
  // Mixture of experts in every layer: ffn_width is of one expert. 0: none.
  size_t num_experts = 0;         // E
  size_t experts_per_token = 0;   // K
  bool normalize_experts = true;  // weights of a token's K experts add up to 1

  bool operator==(const ModelConfig&) const = default;

  bool HasWindow(size_t layer) const {
    return window != 0 && (full_attention_every == 0 || (layer + 1) % full_attention_every != 0);
  }
  size_t rotated_dims() const { return rope_dim == 0 ? head_dim : rope_dim; }

  // Throws kInvalidArgument naming the field that is off. Bounds are far above any model and keep
  // sizes in bytes within 64 bits and lists of parameters short: vocab_size and context_length at
  // most 2^24, ffn_width 2^22, width 2^20, num_heads and head_dim 2^14 and their product 2^20,
  // num_layers and num_experts 4096, num_layers (1 + num_experts) 2^17.
  void Validate() const;
  // Weights, and floating-point operations of one token's forward pass in matrix products alone
  // (2 per weight that a token uses: of experts, K of E) and in attention at the given context (4 C
  // per visible key and layer).
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
