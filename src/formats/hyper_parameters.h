// SPDX-License-Identifier: Apache-2.0
// The shape and constants of a decoder-only model as files state them: plain data, read from and
// written to GGUF metadata (gguf_hyper_parameters.h) and Hugging Face's config.json (hf_config.h).
// What a family implies beyond that (which norms, which biases) and what the model does with it is
// model/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/model_family.h"

namespace cambium {

enum class RopeScalingKind {
  kNone,
  kLinear,    // all frequencies divided by `factor`
  kLlama3,    // low frequencies divided by `factor`, with a ramp between two wave lengths
  kYarn,      // Peng et al. 2023, arXiv:2309.00071
  kLongRope,  // Ding et al. 2024, arXiv:2402.13753: `factors`, or `long_factors` for long contexts
  kFactors,   // frequency i divided by factors[i] (GGUF's rope_freqs.weight)
};
const char* RopeScalingName(RopeScalingKind kind);

struct RopeScaling {
  RopeScalingKind kind = RopeScalingKind::kNone;
  double factor = 1;
  uint64_t original_context = 0;  // Llama3, YaRN, LongRoPE: positions trained for before scaling
  double low_freq_factor = 1;     // Llama3
  double high_freq_factor = 4;
  double beta_fast = 32;  // YaRN
  double beta_slow = 1;
  bool truncate = true;  // YaRN: the ramp begins and ends at whole dimensions
  // Multiplies sines and cosines (YaRN, LongRoPE); 0: what the kind's paper derives from factor.
  double attention_factor = 0;
  std::vector<float> factors, long_factors;  // [rotated dims / 2]

  bool operator==(const RopeScaling&) const = default;
};

struct HyperParameters {
  ModelFamily family = ModelFamily::kLlama;
  uint64_t embedding_size = 0;  // C
  uint64_t num_layers = 0;      // L
  uint64_t num_heads = 0;       // H
  uint64_t num_kv_heads = 0;
  uint64_t head_dim = 0;  // D; H * D need not be C
  uint64_t ffn_size = 0;  // F; of one expert where there are experts
  uint64_t vocab_size = 0;
  uint64_t context_length = 0;
  float rms_norm_eps = 0;           // of LayerNorm in GPT-2
  float rope_theta = 0;             // unused in GPT-2
  bool tie_embeddings = false;      // the output head is the embedding
  std::string hidden_act = "silu";  // GGUF has no key for it: the family's

  uint64_t rope_dim = 0;        // rotated dims of a head, the first ones; 0: all
  float rope_theta_window = 0;  // unscaled base of layers with a window; 0: as the others
  RopeScaling rope_scaling;
  uint64_t sliding_window = 0;  // 0: none
  // With a window: layers n - 1, 2n - 1, ... see everything. 0: all layers have the window.
  uint64_t full_attention_every = 0;
  float attention_scale = 0;  // 0: 1 / sqrt(D)
  float attention_softcap = 0;
  float logit_softcap = 0;
  uint64_t num_experts = 0;  // E; 0: none
  uint64_t experts_per_token = 0;
  bool normalize_experts = false;  // weights of a token's experts add up to 1

  bool operator==(const HyperParameters&) const = default;
};

// What both file formats leave to the family: which activation, how experts are weighted.
const char* ActivationOfFamily(ModelFamily family);
bool HasExperts(ModelFamily family);

// Throws kCorruptData when the values cannot be a model: zero or absurd sizes, KV heads that do not
// divide the heads, an odd head_dim, constants that are not positive and finite.
void CheckHyperParameters(const HyperParameters& parameters, const std::string& source_name);

}  // namespace cambium
