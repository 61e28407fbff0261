// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "base/error.h"
#include "formats/hf_config.h"
#include "formats/hf_rope.h"

namespace cambium {
namespace {

// null says "none": a missing member would mean the default of the model class (1 and 2 for Llama).
Json TokenIdToJson(int32_t id) { return id < 0 ? Json() : Json(id); }

void AddGpt2(const HyperParameters& p, Json* json) {
  (*json)["n_embd"] = p.embedding_size;
  (*json)["n_inner"] = p.ffn_size;
  (*json)["n_layer"] = p.num_layers;
  (*json)["n_head"] = p.num_heads;
  (*json)["n_positions"] = p.context_length;
  (*json)["layer_norm_epsilon"] = ShortestDouble(p.rms_norm_eps);
  (*json)["activation_function"] = p.hidden_act;
}

void AddWindow(const HyperParameters& p, Json* json) {
  const bool may_have = p.family == ModelFamily::kMistral || p.family == ModelFamily::kMixtral ||
                        p.family == ModelFamily::kPhi3;
  if (p.sliding_window == 0) {
    if (may_have) (*json)["sliding_window"] = nullptr;
    return;
  }
  (*json)["sliding_window"] = p.sliding_window;
  if (p.full_attention_every == 0) return;
  Json types = Json::array();
  for (uint64_t layer = 1; layer <= p.num_layers; ++layer) {
    types.push_back(layer % p.full_attention_every == 0 ? "full_attention" : "sliding_attention");
  }
  (*json)["layer_types"] = std::move(types);
  if (p.family == ModelFamily::kGemma3) (*json)["sliding_window_pattern"] = p.full_attention_every;
}

void AddExperts(const HyperParameters& p, Json* json) {
  if (p.num_experts == 0) return;
  const bool optional = p.family == ModelFamily::kQwen3Moe || p.family == ModelFamily::kOlmoe;
  (*json)[optional ? "num_experts" : "num_local_experts"] = p.num_experts;
  (*json)["num_experts_per_tok"] = p.experts_per_token;
  if (optional) {
    (*json)["norm_topk_prob"] = p.normalize_experts;
  } else if (!p.normalize_experts) {
    Fail(ErrorCode::kUnsupported, "config.json cannot say that {} does not normalize experts",
         NamesOf(p.family).hf_class);
  }
  if (p.family == ModelFamily::kQwen3Moe) (*json)["moe_intermediate_size"] = p.ffn_size;
}

void AddGemma(const HyperParameters& p, Json* json) {
  (*json)["hidden_activation"] = p.hidden_act;
  if (p.family == ModelFamily::kGemma) return;
  const float scale = p.attention_scale;
  (*json)["query_pre_attn_scalar"] =
      scale == 0 ? Json(p.head_dim)
                 : Json(std::round(1 / (static_cast<double>(scale) * static_cast<double>(scale))));
  const auto cap = [](float value) { return value == 0 ? Json() : Json(ShortestDouble(value)); };
  (*json)["attn_logit_softcapping"] = cap(p.attention_softcap);
  (*json)["final_logit_softcapping"] = cap(p.logit_softcap);
}

}  // namespace

Json HfConfigToJson(const HfConfig& config) {
  const HyperParameters& p = config.parameters;
  const ModelFamilyNames& names = NamesOf(p.family);
  Json json = Json::object();
  json["architectures"] = {names.hf_class};
  json["model_type"] = names.hf_type;
  if (p.family == ModelFamily::kGpt2) {
    AddGpt2(p, &json);
  } else {
    json["hidden_size"] = p.embedding_size;
    json["intermediate_size"] = p.ffn_size;
    json["num_hidden_layers"] = p.num_layers;
    json["num_attention_heads"] = p.num_heads;
    json["num_key_value_heads"] = p.num_kv_heads;
    json["head_dim"] = p.head_dim;
    json["max_position_embeddings"] = p.context_length;
    json["rms_norm_eps"] = ShortestDouble(p.rms_norm_eps);
    json["hidden_act"] = p.hidden_act;
    json["attention_bias"] = p.family == ModelFamily::kGptOss;
    AddHfRope(p, &json);
    AddWindow(p, &json);
    AddExperts(p, &json);
  }
  json["vocab_size"] = p.vocab_size;
  json["tie_word_embeddings"] = p.tie_embeddings;
  switch (p.family) {
    case ModelFamily::kLlama:
      json["mlp_bias"] = false;
      break;
    case ModelFamily::kQwen2:
    case ModelFamily::kQwen3:
    case ModelFamily::kQwen3Moe:
      json["use_sliding_window"] = false;
      break;
    case ModelFamily::kGemma:
    case ModelFamily::kGemma2:
    case ModelFamily::kGemma3:
      AddGemma(p, &json);
      break;
    default:
      break;
  }
  json["bos_token_id"] = TokenIdToJson(config.bos_id);
  json["eos_token_id"] = TokenIdToJson(config.eos_id);
  if (!config.dtype.empty()) json["torch_dtype"] = config.dtype;
  return json;
}

Json HfGenerationConfigToJson(const HfConfig& config) {
  Json json = Json::object();
  json["_from_model_config"] = true;
  json["bos_token_id"] = TokenIdToJson(config.bos_id);
  json["eos_token_id"] = TokenIdToJson(config.eos_id);
  if (!config.end_ids.empty()) {
    Json ids = Json::array();
    if (config.eos_id >= 0) ids.push_back(config.eos_id);
    for (const int32_t id : config.end_ids) ids.push_back(id);
    json["eos_token_id"] = std::move(ids);
  }
  return json;
}

}  // namespace cambium
