// SPDX-License-Identifier: Apache-2.0
#include "formats/gguf_hyper_parameters.h"

#include <cmath>

#include "base/error.h"
#include "formats/quote.h"

namespace cambium {
namespace {

[[noreturn]] void FailUnsupported(const GgufFile& file, const std::string& what) {
  Fail(ErrorCode::kUnsupported, "{}: {} is not supported", file.name(), what);
}

// Settings that other members of an architecture have, or that other architectures have under the
// same name: each changes the result, so a file that sets one is not run.
void RefuseWhatIsNotComputed(const GgufFile& file, const std::string& prefix) {
  struct Neutral {
    const char* key;
    float value;  // at which the key changes nothing
  };
  for (const auto& [key, value] : {Neutral{"rope.scale_linear", 1},
                                   {"attention.clamp_kqv", 0},
                                   {"attention.max_alibi_bias", 0},
                                   {"logit_scale", 1},
                                   {"residual_scale", 1},
                                   {"embedding_scale", 1},
                                   {"expert_weights_scale", 1},
                                   {"rope.scaling.yarn_log_multiplier", 0},
                                   {"rope.scaling.yarn_ext_factor", 1}}) {
    const float found = file.GetFloat(prefix + key).value_or(value);
    if (found != value) FailUnsupported(file, fmt::format("{}{} = {}", prefix, key, found));
  }
  if (!file.GetBool(prefix + "attention.causal").value_or(true)) {
    FailUnsupported(file, prefix + "attention.causal = false");
  }
  for (const char* key : {"expert_shared_count", "leading_dense_block_count", "expert_group_count",
                          "nextn_predict_layers"}) {
    const uint64_t found = file.GetUint(prefix + key).value_or(0);
    if (found != 0) FailUnsupported(file, fmt::format("{}{} = {}", prefix, key, found));
  }
  const uint64_t gating = file.GetUint(prefix + "expert_gating_func").value_or(1);
  if (gating > 1) {
    FailUnsupported(file,
                    fmt::format("{}expert_gating_func = {}; softmax is (1); it", prefix, gating));
  }
  for (const char* key :
       {"attention.head_count", "attention.head_count_kv", "feed_forward_length"}) {
    const GgufValue* value = file.Find(prefix + key);
    if (value != nullptr && value->is_array()) {
      FailUnsupported(file, fmt::format("{} that differs between layers", key));
    }
  }
}

std::vector<float> FactorsOf(const GgufFile& file, const char* name) {
  const GgufTensor& tensor = file.RequireTensor(name);
  if (tensor.shape.size() != 1 || tensor.size > (uint64_t{1} << 20)) {
    Fail(ErrorCode::kCorruptData, "{}: tensor '{}' has shape [{}]; a vector expected", file.name(),
         name, fmt::join(tensor.shape, ", "));
  }
  std::vector<float> factors(tensor.size);
  file.ReadTensor(tensor, factors);
  return factors;
}

RopeScaling ScalingOf(const GgufFile& file, const std::string& prefix, const HyperParameters& p) {
  RopeScaling s;
  const std::string scaling = prefix + "rope.scaling.";
  const std::string type(file.GetString(scaling + "type").value_or("none"));
  const double factor = static_cast<double>(file.GetFloat(scaling + "factor").value_or(1));
  const auto attention_factor = file.GetFloat(scaling + "attn_factor");
  s.original_context = file.GetUint(scaling + "original_context_length").value_or(p.context_length);
  // A file may keep LongRoPE's factors without naming the type.
  const bool has_long = file.FindTensor("rope_factors_long.weight") != nullptr;
  if (type == "longrope" || (type == "none" && has_long)) {
    s.kind = RopeScalingKind::kLongRope;
    s.factor = static_cast<double>(p.context_length) / static_cast<double>(s.original_context);
    s.factors = FactorsOf(file, "rope_factors_short.weight");
    s.long_factors = FactorsOf(file, "rope_factors_long.weight");
    s.attention_factor = static_cast<double>(attention_factor.value_or(0));
  } else if (type == "yarn") {
    s.kind = RopeScalingKind::kYarn;
    s.factor = factor;
    s.beta_fast = static_cast<double>(file.GetFloat(scaling + "yarn_beta_fast").value_or(32));
    s.beta_slow = static_cast<double>(file.GetFloat(scaling + "yarn_beta_slow").value_or(1));
    s.truncate = p.family != ModelFamily::kGptOss;  // GGUF has no key for it
    if (attention_factor.value_or(1) != 1) FailUnsupported(file, scaling + "attn_factor of YaRN");
    s.attention_factor =
        static_cast<double>(file.GetFloat(scaling + "yarn_attn_factor").value_or(0));
  } else if (type == "linear") {
    if (factor != 1) s.kind = RopeScalingKind::kLinear;
    s.factor = factor == 0 ? 1 : factor;
  } else if (type != "none") {
    FailUnsupported(file, scaling + "type = " + Quote(type) +
                              " (none, linear, yarn and longrope are); this one");
  }
  if (file.FindTensor("rope_freqs.weight") != nullptr) {
    if (s.kind != RopeScalingKind::kNone) {
      FailUnsupported(file, "rope_freqs.weight beside RoPE scaling of type " + Quote(type));
    }
    s.kind = RopeScalingKind::kFactors;
    s.factors = FactorsOf(file, "rope_freqs.weight");
  }
  if (s.kind == RopeScalingKind::kNone) s = {};
  if (s.kind == RopeScalingKind::kLinear || s.kind == RopeScalingKind::kFactors) {
    s.original_context = 0;
  }
  return s;
}

// The pattern of architectures whose files need not state one: every n-th layer sees everything.
uint64_t DefaultPattern(ModelFamily family) {
  switch (family) {
    case ModelFamily::kGemma2:
    case ModelFamily::kGptOss:
      return 2;
    case ModelFamily::kGemma3:
      return 6;
    default:
      return 0;
  }
}

void ReadWindow(const GgufFile& file, const std::string& prefix, HyperParameters* p) {
  const uint64_t default_window = p->family == ModelFamily::kGemma2 ? 4096 : 0;
  p->sliding_window = file.GetUint(prefix + "attention.sliding_window").value_or(default_window);
  if (p->sliding_window == 0) return;
  switch (p->family) {
    case ModelFamily::kLlama:
      p->family = ModelFamily::kMistral;
      break;
    case ModelFamily::kMistral:
    case ModelFamily::kMixtral:
    case ModelFamily::kPhi3:
    case ModelFamily::kGemma2:
    case ModelFamily::kGemma3:
    case ModelFamily::kGptOss:
      break;
    default:
      FailUnsupported(file,
                      fmt::format("{}attention.sliding_window = {}", prefix, p->sliding_window));
  }
  p->full_attention_every = DefaultPattern(p->family);
  const std::string key = prefix + "attention.sliding_window_pattern";
  const GgufValue* pattern = file.Find(key);
  if (pattern != nullptr && pattern->is_array()) {
    FailUnsupported(file, key + " as an array");
  }
  if (pattern != nullptr) {
    p->full_attention_every = file.RequireUint(key);
    if (p->full_attention_every == 1) p->sliding_window = 0;  // every layer sees everything
  }
  if (p->family == ModelFamily::kGemma3) {
    p->rope_theta_window = file.GetFloat(prefix + "rope.freq_base_swa").value_or(10000.0f);
  } else if (const auto base = file.GetFloat(prefix + "rope.freq_base_swa");
             base && *base != p->rope_theta) {
    FailUnsupported(file, fmt::format("{}rope.freq_base_swa = {}", prefix, *base));
  }
  if (p->sliding_window == 0) {
    p->full_attention_every = 0;
    p->rope_theta_window = 0;
  }
}

void ReadExperts(const GgufFile& file, const std::string& prefix, HyperParameters* p) {
  p->num_experts = file.GetUint(prefix + "expert_count").value_or(0);
  if (p->num_experts == 0) return;
  if (p->family == ModelFamily::kLlama) p->family = ModelFamily::kMixtral;
  p->experts_per_token = file.RequireUint(prefix + "expert_used_count");
  p->normalize_experts =
      file.GetBool(prefix + "expert_weights_norm").value_or(p->family != ModelFamily::kOlmoe);
  p->ffn_size = file.GetUint(prefix + "expert_feed_forward_length").value_or(p->ffn_size);
}

void ReadHeadDim(const GgufFile& file, const std::string& prefix, HyperParameters* p) {
  if (const auto key_length = file.GetUint(prefix + "attention.key_length")) {
    p->head_dim = *key_length;
  } else if (p->num_heads != 0 && p->embedding_size % p->num_heads == 0) {
    p->head_dim = p->embedding_size / p->num_heads;
  }
  const uint64_t values = file.GetUint(prefix + "attention.value_length").value_or(p->head_dim);
  if (values != p->head_dim) {
    FailUnsupported(file, fmt::format("{}attention.value_length = {} beside a head dimension of {}",
                                      prefix, values, p->head_dim));
  }
  const uint64_t rotated = file.GetUint(prefix + "rope.dimension_count").value_or(p->head_dim);
  if (rotated == p->head_dim) return;
  if (p->family != ModelFamily::kPhi3) {
    FailUnsupported(file, fmt::format("{}rope.dimension_count = {} beside a head dimension of {}",
                                      prefix, rotated, p->head_dim));
  }
  p->rope_dim = rotated;
}

uint64_t VocabularySizeOf(const GgufFile& file, const std::string& prefix) {
  if (const auto vocab_size = file.GetUint(prefix + "vocab_size")) return *vocab_size;
  if (const GgufTensor* embedding = file.FindTensor("token_embd.weight")) {
    return embedding->shape[0];
  }
  const GgufValue* tokens = file.Find("tokenizer.ggml.tokens");
  return tokens == nullptr ? 0 : tokens->count;
}

}  // namespace

float GgufAttentionScale(const HyperParameters& p) {
  const bool is_27b = (p.family == ModelFamily::kGemma2 && p.num_layers == 46) ||
                      (p.family == ModelFamily::kGemma3 && p.num_layers == 62);
  if (!is_27b || p.num_heads == 0) return 0;
  const uint64_t head_width = p.embedding_size / p.num_heads;
  return 1.0f / std::sqrt(static_cast<float>(head_width));
}

HyperParameters ReadGgufHyperParameters(const GgufFile& file) {
  const std::string_view architecture = file.RequireString("general.architecture");
  const ModelFamilyNames* names = FindGgufArchitecture(architecture);
  if (names == nullptr) {
    Fail(ErrorCode::kUnsupported, "{}: general.architecture = {} is not supported; {} are",
         file.name(), Quote(architecture), SupportedGgufArchitectures());
  }
  HyperParameters p;
  p.family = names->family;
  const std::string prefix = std::string(architecture) + ".";
  RefuseWhatIsNotComputed(file, prefix);
  p.embedding_size = file.RequireUint(prefix + "embedding_length");
  p.num_layers = file.RequireUint(prefix + "block_count");
  p.num_heads = file.RequireUint(prefix + "attention.head_count");
  p.num_kv_heads = file.GetUint(prefix + "attention.head_count_kv").value_or(p.num_heads);
  p.context_length = file.RequireUint(prefix + "context_length");
  const bool has_layer_norm = p.family == ModelFamily::kGpt2;
  p.rms_norm_eps =
      file.RequireFloat(prefix + (has_layer_norm ? "attention.layer_norm_epsilon"
                                                 : "attention.layer_norm_rms_epsilon"));
  p.rope_theta = file.GetFloat(prefix + "rope.freq_base").value_or(10000.0f);
  const bool ffn_may_be_missing = file.Find(prefix + "expert_feed_forward_length") != nullptr;
  p.ffn_size = ffn_may_be_missing ? file.GetUint(prefix + "feed_forward_length").value_or(0)
                                  : file.RequireUint(prefix + "feed_forward_length");
  ReadExperts(file, prefix, &p);
  ReadHeadDim(file, prefix, &p);
  ReadWindow(file, prefix, &p);
  p.attention_scale = GgufAttentionScale(p);
  if (p.family == ModelFamily::kGemma2) {
    p.attention_softcap = file.GetFloat(prefix + "attn_logit_softcapping").value_or(50.0f);
  } else if (file.GetFloat(prefix + "attn_logit_softcapping").value_or(0) != 0) {
    FailUnsupported(file, prefix + "attn_logit_softcapping");
  }
  p.logit_softcap = file.GetFloat(prefix + "final_logit_softcapping")
                        .value_or(p.family == ModelFamily::kGemma2 ? 30.0f : 0.0f);
  p.vocab_size = VocabularySizeOf(file, prefix);
  p.tie_embeddings = file.FindTensor("output.weight") == nullptr;
  p.hidden_act = ActivationOfFamily(p.family);
  p.rope_scaling = ScalingOf(file, prefix, p);
  CheckHyperParameters(p, file.name());
  return p;
}

}  // namespace cambium
