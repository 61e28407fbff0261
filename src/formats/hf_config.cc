// SPDX-License-Identifier: Apache-2.0
#include "formats/hf_config.h"

#include <cmath>

#include "base/error.h"
#include "formats/hf_rope.h"
#include "formats/json_text.h"
#include "formats/quote.h"

namespace cambium {
namespace {

[[noreturn]] void FailUnsupported(const std::string& source_name, const std::string& what) {
  Fail(ErrorCode::kUnsupported, "{}: {} is not supported", source_name, what);
}

// "architectures", or "model_type" where that is missing.
ModelFamily FamilyOf(const JsonMembers& members, const std::string& source_name) {
  std::string name = members.GetString("model_type").value_or("");
  if (const SortedJson* list = members.Find("architectures");
      list != nullptr && list->is_array() && !list->empty() && list->front().is_string()) {
    name = list->front().get<std::string>();
  }
  if (const ModelFamilyNames* names = FindHfArchitecture(name)) return names->family;
  Fail(ErrorCode::kUnsupported, "{}: architecture {} is not supported; {} are", source_name,
       Quote(name), SupportedHfArchitectures());
}

// What transformers takes where config.json says nothing.
struct FamilyDefaults {
  uint64_t head_dim = 0;  // 0: C / H
  uint64_t num_kv_heads = 0;
  uint64_t context_length = 2048;
  double norm_eps = 1e-6;
  double rope_theta = 10000;
  uint64_t window = 0;
  bool tied = false;
};

FamilyDefaults DefaultsOf(ModelFamily family) {
  FamilyDefaults d;
  switch (family) {
    case ModelFamily::kLlama:
      return d;
    case ModelFamily::kMistral:
      return {.num_kv_heads = 8, .context_length = 131072, .window = 4096};
    case ModelFamily::kMixtral:
      return {.num_kv_heads = 8, .context_length = 131072, .norm_eps = 1e-5, .rope_theta = 1e6};
    case ModelFamily::kQwen2:
      return {.num_kv_heads = 32, .context_length = 32768};
    case ModelFamily::kQwen3:
      return {.head_dim = 128, .num_kv_heads = 32, .context_length = 32768};
    case ModelFamily::kQwen3Moe:
      return {.num_kv_heads = 4, .context_length = 32768};
    case ModelFamily::kGemma:
      return {.head_dim = 256, .num_kv_heads = 16, .context_length = 8192, .tied = true};
    case ModelFamily::kGemma2:
      return {
          .head_dim = 256, .num_kv_heads = 4, .context_length = 8192, .window = 4096, .tied = true};
    case ModelFamily::kGemma3:
      return {.head_dim = 256,
              .num_kv_heads = 4,
              .context_length = 131072,
              .rope_theta = 1e6,
              .window = 4096,
              .tied = true};
    case ModelFamily::kPhi3:
      return {.context_length = 4096, .norm_eps = 1e-5};
    case ModelFamily::kGpt2:
      return {.context_length = 1024, .norm_eps = 1e-5, .tied = true};
    case ModelFamily::kOlmo2:
      return {.norm_eps = 1e-5};
    case ModelFamily::kOlmoe:
      return {.context_length = 4096, .norm_eps = 1e-5};
    case ModelFamily::kGptOss:
      return {.head_dim = 64,
              .num_kv_heads = 8,
              .context_length = 131072,
              .norm_eps = 1e-5,
              .rope_theta = 150000,
              .window = 128};
  }
  return d;
}

void RefuseBoolean(const JsonMembers& members, const char* key, bool neutral,
                   const std::string& source_name) {
  if (members.GetBool(key).value_or(neutral) != neutral) {
    FailUnsupported(source_name, fmt::format("{} = {}", key, !neutral));
  }
}

void RefuseWhatIsNotComputed(const JsonMembers& members, ModelFamily family,
                             const std::string& source_name) {
  RefuseBoolean(members, "attention_bias", family == ModelFamily::kGptOss, source_name);
  for (const char* key : {"mlp_bias", "use_sliding_window", "use_bidirectional_attention",
                          "scale_attn_by_inverse_layer_idx", "add_cross_attention"}) {
    RefuseBoolean(members, key, false, source_name);
  }
  RefuseBoolean(members, "scale_attn_weights", true, source_name);
  if (members.GetNumber("clip_qkv")) FailUnsupported(source_name, "clip_qkv");
  if (const SortedJson* quantization = members.Find("quantization_config");
      quantization != nullptr) {
    const bool is_object = quantization->is_object();
    const std::string method =
        is_object ? JsonMembers(*quantization, source_name).GetString("quant_method").value_or("")
                  : "";
    if (family != ModelFamily::kGptOss || method != "mxfp4") {
      FailUnsupported(source_name, fmt::format("quantization_config with quant_method {} (convert "
                                               "the model to GGUF, or take one in BF16); it",
                                               Quote(method)));
    }
  }
  // Dense layers between those of experts.
  if (members.GetUint("decoder_sparse_step").value_or(1) != 1) {
    FailUnsupported(source_name, "decoder_sparse_step other than 1");
  }
  if (const SortedJson* dense = members.Find("mlp_only_layers");
      dense != nullptr && (!dense->is_array() || !dense->empty())) {
    FailUnsupported(source_name, "mlp_only_layers that is not empty");
  }
}

// Which layers have the window: layer_types, or what the family does without it.
void ReadWindow(const JsonMembers& members, const SortedJson& object,
                const std::string& source_name, uint64_t default_window, HyperParameters* p) {
  const SortedJson* types = members.Find("layer_types");
  const bool windows =
      default_window != 0 || p->family == ModelFamily::kPhi3 || p->family == ModelFamily::kMixtral;
  if (!windows) {
    if (types != nullptr && types->dump().find("sliding_attention") != std::string::npos) {
      FailUnsupported(source_name, "layer_types with sliding_attention in this family");
    }
    return;
  }
  // null means none, where a missing member means the default.
  p->sliding_window = object.contains("sliding_window")
                          ? members.GetUint("sliding_window").value_or(0)
                          : default_window;
  if (p->family == ModelFamily::kGemma2 || p->family == ModelFamily::kGptOss) {
    p->full_attention_every = 2;
  } else if (p->family == ModelFamily::kGemma3) {
    p->full_attention_every = members.GetUint("sliding_window_pattern")
                                  .value_or(members.GetUint("_sliding_window_pattern").value_or(6));
  }
  if (p->full_attention_every != 0 && p->sliding_window == 0) {
    p->sliding_window = default_window;
  }
  if (types == nullptr || p->sliding_window == 0) return;
  if (!types->is_array() || types->size() != p->num_layers) {
    Fail(ErrorCode::kCorruptData, "{}: layer_types is not a list of {} entries", source_name,
         p->num_layers);
  }
  for (size_t layer = 0; layer < types->size(); ++layer) {
    const bool full = p->full_attention_every != 0 && (layer + 1) % p->full_attention_every == 0;
    const char* expected = full ? "full_attention" : "sliding_attention";
    if ((*types)[layer] != expected) {
      FailUnsupported(source_name, fmt::format("layer_types[{}] = {} where the family has {}",
                                               layer, (*types)[layer].dump(), expected));
    }
  }
}

void ReadExperts(const JsonMembers& members, HyperParameters* p) {
  if (!HasExperts(p->family)) return;
  const auto local = members.GetUint("num_local_experts");
  p->num_experts = local ? *local : members.RequireUint("num_experts");
  p->experts_per_token = members.RequireUint("num_experts_per_tok");
  const bool optional = p->family == ModelFamily::kQwen3Moe || p->family == ModelFamily::kOlmoe;
  p->normalize_experts = !optional || members.GetBool("norm_topk_prob").value_or(false);
  if (p->family == ModelFamily::kQwen3Moe) {
    p->ffn_size = members.RequireUint("moe_intermediate_size");
  }
}

// 1 / sqrt(query_pre_attn_scalar), 0 where that is the head dimension.
float AttentionScaleOf(const JsonMembers& members, const HyperParameters& p) {
  const double scalar =
      members.GetNumber("query_pre_attn_scalar").value_or(static_cast<double>(p.head_dim));
  if (scalar == static_cast<double>(p.head_dim)) return 0;
  return ToFloat32(1 / std::sqrt(scalar));
}

std::string ActivationOf(const JsonMembers& members, ModelFamily family) {
  const bool is_gemma = family == ModelFamily::kGemma || family == ModelFamily::kGemma2 ||
                        family == ModelFamily::kGemma3;
  std::string name = ActivationOfFamily(family);
  // Gemma's hidden_act says "gelu" in some files that mean the approximation by tanh.
  for (const char* key : {"activation_function", "hidden_act", "hidden_activation"}) {
    if (is_gemma && std::string_view(key) == "hidden_act") continue;
    name = members.GetString(key).value_or(name);
  }
  return name == "gelu_pytorch_tanh" && family == ModelFamily::kGpt2 ? "gelu_new" : name;
}

int32_t TokenIdOf(const JsonMembers& members, const char* key, const std::string& source_name) {
  const SortedJson* value = members.Find(key);
  if (value == nullptr) return -1;
  if (value->is_array()) {
    if (value->empty()) return -1;
    value = &value->front();
  }
  if (!value->is_number_unsigned() || value->get<uint64_t>() > INT32_MAX) {
    Fail(ErrorCode::kCorruptData, "{}: {} is not a token id", source_name, Quote(key));
  }
  return static_cast<int32_t>(value->get<uint64_t>());
}

void ReadSizes(const JsonMembers& members, const FamilyDefaults& defaults, HyperParameters* p) {
  const bool old_names = p->family == ModelFamily::kGpt2;
  const auto require = [&](const char* key, const char* old_key) {
    return members.RequireUint(old_names ? old_key : key);
  };
  p->embedding_size = require("hidden_size", "n_embd");
  p->num_layers = require("num_hidden_layers", "n_layer");
  p->num_heads = require("num_attention_heads", "n_head");
  p->vocab_size = members.RequireUint("vocab_size");
  p->num_kv_heads =
      members.GetUint("num_key_value_heads")
          .value_or(defaults.num_kv_heads == 0 ? p->num_heads : defaults.num_kv_heads);
  if (const auto head_dim = members.GetUint("head_dim")) {
    p->head_dim = *head_dim;
  } else if (defaults.head_dim != 0) {
    p->head_dim = defaults.head_dim;
  } else if (p->num_heads != 0) {
    p->head_dim = p->embedding_size / p->num_heads;
  }
  if (old_names) {
    p->ffn_size = members.GetUint("n_inner").value_or(4 * p->embedding_size);
    p->context_length = members.GetUint("n_positions").value_or(defaults.context_length);
    p->rms_norm_eps = ToFloat32(members.GetNumber("layer_norm_epsilon").value_or(1e-5));
    return;
  }
  // Qwen3-MoE states the size of dense layers that it does not have.
  p->ffn_size = p->family == ModelFamily::kQwen3Moe ? 0 : members.RequireUint("intermediate_size");
  p->context_length = members.GetUint("max_position_embeddings").value_or(defaults.context_length);
  p->rms_norm_eps = ToFloat32(members.GetNumber("rms_norm_eps").value_or(defaults.norm_eps));
}

}  // namespace

HfConfig ParseHfConfig(std::string_view json, const std::string& source_name) {
  const SortedJson object = ParseJsonObject(json, source_name);
  const JsonMembers members(object, source_name);
  HfConfig config;
  HyperParameters& p = config.parameters;
  p.family = FamilyOf(members, source_name);
  RefuseWhatIsNotComputed(members, p.family, source_name);
  const FamilyDefaults defaults = DefaultsOf(p.family);
  ReadSizes(members, defaults, &p);
  ReadHfRope(members, source_name, defaults.rope_theta, &p);
  ReadWindow(members, object, source_name, defaults.window, &p);
  if (p.sliding_window == 0) {
    p.full_attention_every = 0;
    p.rope_theta_window = 0;
  }
  ReadExperts(members, &p);
  p.tie_embeddings = members.GetBool("tie_word_embeddings").value_or(defaults.tied);
  p.hidden_act = ActivationOf(members, p.family);
  p.attention_scale = AttentionScaleOf(members, p);
  p.attention_softcap = ToFloat32(members.GetNumber("attn_logit_softcapping").value_or(0));
  p.logit_softcap = ToFloat32(members.GetNumber("final_logit_softcapping").value_or(0));
  if (p.family == ModelFamily::kGptOss) {
    const double limit = members.GetNumber("swiglu_limit").value_or(7);
    const double alpha = members.GetNumber("swiglu_alpha").value_or(1.702);
    if (limit != 7 || alpha != 1.702) {
      FailUnsupported(source_name, fmt::format("swiglu_limit = {}, swiglu_alpha = {} (7 and 1.702 "
                                               "are); this",
                                               limit, alpha));
    }
  }
  CheckHyperParameters(p, source_name);
  config.dtype = members.GetString("torch_dtype").value_or(members.GetString("dtype").value_or(""));
  config.bos_id = TokenIdOf(members, "bos_token_id", source_name);
  config.eos_id = TokenIdOf(members, "eos_token_id", source_name);
  return config;
}

}  // namespace cambium
