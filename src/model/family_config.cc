// SPDX-License-Identifier: Apache-2.0
#include "model/family_config.h"

#include <cmath>

#include "base/error.h"
#include "model/rope_scaling.h"

namespace cambium {
namespace {

// What the family is, whatever the file says. The defaults of ModelConfig are Qwen3's.
void ApplyFamily(ModelFamily family, ModelConfig* c) {
  c->ffn = FfnKind::kSwiGlu;
  c->qk_norm = false;
  switch (family) {
    case ModelFamily::kLlama:
    case ModelFamily::kMistral:
    case ModelFamily::kMixtral:
    case ModelFamily::kPhi3:
      break;
    case ModelFamily::kQwen2:
      c->qkv_bias = true;
      break;
    case ModelFamily::kQwen3:
    case ModelFamily::kQwen3Moe:
      c->qk_norm = true;
      break;
    case ModelFamily::kGemma3:
      c->qk_norm = true;
      [[fallthrough]];
    case ModelFamily::kGemma2:
      c->post_norm = true;
      [[fallthrough]];
    case ModelFamily::kGemma:
      c->ffn = FfnKind::kGeGlu;
      // In f32, as llama.cpp has it; transformers rounds it to the type of the weights.
      c->embedding_scale = std::sqrt(static_cast<float>(c->width));
      break;
    case ModelFamily::kGpt2:
      c->norm = NormKind::kLayer;
      c->ffn = FfnKind::kGelu;
      c->learned_positions = true;
      c->qkv_bias = c->output_bias = c->ffn_bias = true;
      break;
    case ModelFamily::kOlmo2:
      c->pre_norm = false;
      c->post_norm = true;
      c->qk_norm = c->qk_norm_row = true;
      break;
    case ModelFamily::kOlmoe:
      c->qk_norm = c->qk_norm_row = true;
      break;
    case ModelFamily::kGptOss:
      c->ffn = FfnKind::kClampedSwiGlu;
      c->qkv_bias = c->output_bias = c->ffn_bias = true;
      c->attention_sinks = true;
      break;
  }
}

HyperParameters Plain(const ModelConfig& config, ModelFamily family) {
  HyperParameters p;
  p.family = family;
  p.embedding_size = config.width;
  p.num_layers = config.num_layers;
  p.num_heads = config.num_heads;
  p.num_kv_heads = config.num_kv_heads;
  p.head_dim = config.head_dim;
  p.ffn_size = config.ffn_width;
  p.vocab_size = config.vocab_size;
  p.context_length = config.context_length;
  p.rms_norm_eps = config.norm_epsilon;
  p.rope_theta = static_cast<float>(config.rope_base);
  p.tie_embeddings = config.tied_embeddings;
  p.hidden_act = ActivationOfFamily(family);
  p.rope_dim = config.rope_dim;
  p.rope_theta_window = static_cast<float>(config.rope_base_window);
  p.sliding_window = config.window;
  p.full_attention_every = config.full_attention_every;
  p.attention_scale = config.attention_scale;
  p.attention_softcap = config.attention_softcap;
  p.logit_softcap = config.logit_softcap;
  p.num_experts = config.num_experts;
  p.experts_per_token = config.experts_per_token;
  p.normalize_experts = config.num_experts != 0 && config.normalize_experts;
  RopeScaling& s = p.rope_scaling;
  const auto narrow = [](const std::vector<double>& values) {
    return std::vector<float>(values.begin(), values.end());
  };
  s.factors = narrow(config.rope_divisors);
  s.long_factors = narrow(config.rope_long_divisors);
  if (!s.long_factors.empty()) {
    s.kind = RopeScalingKind::kLongRope;
    s.original_context = config.rope_short_context;
    s.attention_factor = config.rope_magnitude;
  } else if (!s.factors.empty()) {
    s.kind = RopeScalingKind::kFactors;
  }
  return p;
}

// Whether the family's files can say what the configuration has beyond the family itself.
bool CanSay(ModelFamily family, const ModelConfig& c) {
  using enum ModelFamily;
  const bool gemma2 = family == kGemma2, gemma3 = family == kGemma3, oss = family == kGptOss;
  const bool alternates = gemma2 || gemma3 || oss;
  const bool windows = alternates || family == kMistral || family == kMixtral || family == kPhi3;
  if (c.window != 0 && (!windows || (c.full_attention_every != 0) != alternates)) return false;
  if (c.full_attention_every != 0 && !gemma3 && c.full_attention_every != 2) return false;
  if (c.rope_base_window != 0 && !gemma3) return false;
  if ((c.rope_dim != 0 || !c.rope_long_divisors.empty()) && family != kPhi3) return false;
  if (c.attention_softcap != 0 && !gemma2) return false;
  if ((c.logit_softcap != 0 || c.attention_scale != 0) && !gemma2 && !gemma3) return false;
  return HasExperts(family) == (c.num_experts != 0);
}

}  // namespace

ModelConfig ModelConfigOf(const HyperParameters& p, const std::string& source) {
  const std::string expected = ActivationOfFamily(p.family);
  if (p.hidden_act != expected) {
    Fail(ErrorCode::kUnsupported, "{}: the activation '{}' is not supported for {}; {} is", source,
         p.hidden_act, NamesOf(p.family).hf_class, expected);
  }
  ModelConfig config;
  config.vocab_size = p.vocab_size;
  config.num_layers = p.num_layers;
  config.width = p.embedding_size;
  config.num_heads = p.num_heads;
  config.num_kv_heads = p.num_kv_heads;
  config.head_dim = p.head_dim;
  config.ffn_width = p.ffn_size;
  config.context_length = p.context_length;
  config.tied_embeddings = p.tie_embeddings;
  config.norm_epsilon = p.rms_norm_eps;
  config.window = p.sliding_window;
  config.full_attention_every = p.full_attention_every;
  config.attention_scale = p.attention_scale;
  config.attention_softcap = p.attention_softcap;
  config.logit_softcap = p.logit_softcap;
  config.num_experts = p.num_experts;
  config.experts_per_token = p.experts_per_token;
  if (p.num_experts != 0) config.normalize_experts = p.normalize_experts;
  ApplyFamily(p.family, &config);
  ApplyRopeScaling(p, &config);
  try {
    config.Validate();
  } catch (const Error& error) {
    Fail(ErrorCode::kUnsupported, "{}: {}", source, error.what());
  }
  return config;
}

HyperParameters HyperParametersOf(const ModelConfig& config) {
  for (const ModelFamilyNames& names : ModelFamilies()) {
    if (!CanSay(names.family, config)) continue;
    HyperParameters p = Plain(config, names.family);
    if (ModelConfigOf(p, names.gguf) == config) return p;
  }
  Fail(ErrorCode::kUnsupported,
       "no GGUF or Hugging Face architecture that cambium writes has this combination of "
       "feed-forward kind, norms, biases, RoPE and soft caps; the checkpoint keeps it");
}

}  // namespace cambium
