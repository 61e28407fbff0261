// SPDX-License-Identifier: Apache-2.0
#include "formats/hf_config.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.h"
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
  if (const Json* list = members.Find("architectures");
      list != nullptr && list->is_array() && !list->empty() && list->front().is_string()) {
    name = list->front().get<std::string>();
  }
  if (name == "LlamaForCausalLM" || name == "llama") return ModelFamily::kLlama;
  if (name == "Qwen3ForCausalLM" || name == "qwen3") return ModelFamily::kQwen3;
  Fail(ErrorCode::kUnsupported,
       "{}: architecture {}; LlamaForCausalLM and Qwen3ForCausalLM are supported", source_name,
       Quote(name));
}

// rope_theta, and the refusal of scaled RoPE: both as own members (older files) and inside
// rope_parameters (newer ones).
double RopeThetaOf(const JsonMembers& members, const std::string& source_name) {
  std::optional<double> theta = members.GetNumber("rope_theta");
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const Json* rope = members.Find(key);
    if (rope == nullptr) continue;
    if (!rope->is_object()) {
      Fail(ErrorCode::kCorruptData, "{}: {} is not an object", source_name, Quote(key));
    }
    const JsonMembers inner(*rope, source_name);
    const std::string type =
        inner.GetString("rope_type").value_or(inner.GetString("type").value_or("default"));
    if (type != "default") FailUnsupported(source_name, "scaled RoPE of type " + Quote(type));
    if (const auto inner_theta = inner.GetNumber("rope_theta")) theta = inner_theta;
  }
  return theta.value_or(10000.0);
}

int32_t TokenIdOf(const JsonMembers& members, const char* key, const std::string& source_name) {
  const Json* value = members.Find(key);
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

// Infinity, which CheckHyperParameters refuses, when it does not fit.
float ToFloat32(double value) {
  constexpr double kMax = std::numeric_limits<float>::max();
  return std::fabs(value) <= kMax ? static_cast<float>(value)
                                  : std::numeric_limits<float>::infinity();
}

// The double whose shortest decimal form is that of the float: 1e-05f becomes 1e-05, not
// 9.999999747378752e-06.
double ShortestDouble(float value) {
  const std::string text = fmt::format("{}", value);
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// null says "none": a missing member would mean the default of the model class (1 and 2 for Llama).
Json TokenIdToJson(int32_t id) { return id < 0 ? Json() : Json(id); }

}  // namespace

HfConfig ParseHfConfig(std::string_view json, const std::string& source_name) {
  const Json object = ParseJsonObject(json, source_name);
  const JsonMembers members(object, source_name);
  HfConfig config;
  HyperParameters& p = config.parameters;
  p.family = FamilyOf(members, source_name);
  const bool is_qwen3 = p.family == ModelFamily::kQwen3;
  if (members.GetBool("attention_bias").value_or(false) ||
      members.GetBool("mlp_bias").value_or(false)) {
    FailUnsupported(source_name, "a bias in linear layers");
  }
  if (members.GetBool("use_sliding_window").value_or(false)) {
    FailUnsupported(source_name, "sliding-window attention");
  }
  p.embedding_size = members.RequireUint("hidden_size");
  p.num_layers = members.RequireUint("num_hidden_layers");
  p.num_heads = members.RequireUint("num_attention_heads");
  p.num_kv_heads = members.GetUint("num_key_value_heads").value_or(is_qwen3 ? 32 : p.num_heads);
  if (const auto head_dim = members.GetUint("head_dim")) {
    p.head_dim = *head_dim;
  } else if (is_qwen3) {
    p.head_dim = 128;
  } else if (p.num_heads != 0) {
    p.head_dim = p.embedding_size / p.num_heads;
  }
  p.ffn_size = members.RequireUint("intermediate_size");
  p.vocab_size = members.RequireUint("vocab_size");
  p.context_length = members.GetUint("max_position_embeddings").value_or(is_qwen3 ? 32768 : 2048);
  p.rms_norm_eps = ToFloat32(members.GetNumber("rms_norm_eps").value_or(1e-6));
  p.rope_theta = ToFloat32(RopeThetaOf(members, source_name));
  p.tie_embeddings = members.GetBool("tie_word_embeddings").value_or(false);
  p.hidden_act = members.GetString("hidden_act").value_or("silu");
  CheckHyperParameters(p, source_name);
  config.dtype = members.GetString("torch_dtype").value_or(members.GetString("dtype").value_or(""));
  config.bos_id = TokenIdOf(members, "bos_token_id", source_name);
  config.eos_id = TokenIdOf(members, "eos_token_id", source_name);
  return config;
}

Json HfConfigToJson(const HfConfig& config) {
  const HyperParameters& p = config.parameters;
  const bool is_qwen3 = p.family == ModelFamily::kQwen3;
  Json json = Json::object();
  json["architectures"] = {is_qwen3 ? "Qwen3ForCausalLM" : "LlamaForCausalLM"};
  json["model_type"] = is_qwen3 ? "qwen3" : "llama";
  json["hidden_size"] = p.embedding_size;
  json["intermediate_size"] = p.ffn_size;
  json["num_hidden_layers"] = p.num_layers;
  json["num_attention_heads"] = p.num_heads;
  json["num_key_value_heads"] = p.num_kv_heads;
  json["head_dim"] = p.head_dim;
  json["vocab_size"] = p.vocab_size;
  json["max_position_embeddings"] = p.context_length;
  json["rms_norm_eps"] = ShortestDouble(p.rms_norm_eps);
  json["rope_theta"] = ShortestDouble(p.rope_theta);
  json["hidden_act"] = p.hidden_act;
  json["tie_word_embeddings"] = p.tie_embeddings;
  json["attention_bias"] = false;
  if (is_qwen3) {
    json["use_sliding_window"] = false;
  } else {
    json["mlp_bias"] = false;
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
  return json;
}

}  // namespace cambium
