// SPDX-License-Identifier: Apache-2.0
#include "model/model_config.h"

#include <algorithm>

#include "base/error.h"
#include "base/json_numbers.h"

namespace cambium {
namespace {

constexpr struct {
  FfnKind kind;
  const char* name;
} kFfnKinds[] = {{FfnKind::kSwiGlu, "swiglu"}, {FfnKind::kGeGlu, "geglu"},
                 {FfnKind::kGelu, "gelu"},     {FfnKind::kSilu, "silu"},
                 {FfnKind::kRelu2, "relu2"},   {FfnKind::kClampedSwiGlu, "clamped_swiglu"}};

constexpr size_t kMaxPositions = size_t{1} << 24;  // and tokens of a vocabulary
constexpr size_t kMaxFfnWidth = size_t{1} << 22;
constexpr size_t kMaxWidth = size_t{1} << 20;  // and of all heads together
constexpr size_t kMaxHeads = size_t{1} << 14;  // and elements of one
constexpr size_t kMaxLayers = 4096;            // and experts
constexpr size_t kMaxFfns = size_t{1} << 17;   // of all layers

void RequireIn(size_t value, size_t max, const char* field) {
  if (value == 0 || value > max) {
    Fail(ErrorCode::kInvalidArgument, "model configuration: {} = {} must be in [1, {}]", field,
         value, max);
  }
}

ModelConfig Shape(size_t layers, size_t width, size_t heads, size_t ffn, size_t context) {
  ModelConfig config;
  config.num_layers = layers;
  config.width = width;
  config.num_heads = heads;
  config.num_kv_heads = heads;
  config.head_dim = width / heads;
  config.ffn_width = ffn;
  config.context_length = context;
  return config;
}

void ValidateExperts(const ModelConfig& c) {
  if (c.num_experts == 0) return;
  RequireIn(c.num_experts, kMaxLayers, "num_experts");
  RequireIn(c.num_layers * (1 + c.num_experts), kMaxFfns, "num_layers (1 + num_experts)");
  if (c.num_experts < 2 || c.experts_per_token == 0 || c.experts_per_token > c.num_experts) {
    Fail(
        ErrorCode::kInvalidArgument,
        "model configuration: {} experts of {} for each token; at least two, and no more used than "
        "there are",
        c.experts_per_token, c.num_experts);
  }
  if (!IsGated(c.ffn) || c.post_norm) {
    Fail(
        ErrorCode::kInvalidArgument,
        "model configuration: experts need a gated feed-forward kind and no norm behind the block");
  }
}

// In JSON, fields that came after the first ones are there only where they differ from the default:
// records of older builds stay readable, and equal where the model is equal.
template <typename T>
void AddIfSet(Json& json, const char* key, const T& value, const T& neutral) {
  if (value != neutral) json[key] = value;
}
template <typename T>
void ReadField(const Json& json, const char* key, T& value) {
  if constexpr (std::integral<T> && !std::same_as<T, bool>) {
    value = ReadWholeNumber<T>(json, "model configuration", key);
  } else {
    value = json.at(key).get<T>();
  }
}

template <typename T>
void ReadIfThere(const Json& json, const char* key, T& value) {
  if (json.contains(key)) ReadField(json, key, value);
}

// fn(key, member) for each of the later fields.
template <typename Fn>
void ForLaterFields(const Fn& fn) {
  fn("full_attention_every", &ModelConfig::full_attention_every);
  fn("pre_norm", &ModelConfig::pre_norm);
  fn("post_norm", &ModelConfig::post_norm);
  fn("qk_norm_row", &ModelConfig::qk_norm_row);
  fn("qkv_bias", &ModelConfig::qkv_bias);
  fn("output_bias", &ModelConfig::output_bias);
  fn("ffn_bias", &ModelConfig::ffn_bias);
  fn("learned_positions", &ModelConfig::learned_positions);
  fn("attention_sinks", &ModelConfig::attention_sinks);
  fn("embedding_scale", &ModelConfig::embedding_scale);
  fn("attention_scale", &ModelConfig::attention_scale);
  fn("rope_dim", &ModelConfig::rope_dim);
  fn("rope_divisors", &ModelConfig::rope_divisors);
  fn("rope_long_divisors", &ModelConfig::rope_long_divisors);
  fn("rope_short_context", &ModelConfig::rope_short_context);
  fn("rope_magnitude", &ModelConfig::rope_magnitude);
  fn("rope_base_window", &ModelConfig::rope_base_window);
  fn("num_experts", &ModelConfig::num_experts);
  fn("experts_per_token", &ModelConfig::experts_per_token);
  fn("normalize_experts", &ModelConfig::normalize_experts);
}

}  // namespace

const char* FfnKindName(FfnKind kind) {
  for (const auto& row : kFfnKinds) {
    if (row.kind == kind) return row.name;
  }
  return "unknown";
}

FfnKind FfnKindFromName(std::string_view name) {
  std::string names;
  for (const auto& row : kFfnKinds) {
    if (name == row.name) return row.kind;
    names += names.empty() ? row.name : std::string(", ") + row.name;
  }
  Fail(ErrorCode::kInvalidArgument, "unknown feed-forward kind '{}'; known: {}", name, names);
}

void ModelConfig::Validate() const {
  RequireIn(vocab_size, kMaxPositions, "vocab_size");
  RequireIn(num_layers, kMaxLayers, "num_layers");
  RequireIn(width, kMaxWidth, "width");
  RequireIn(num_heads, kMaxHeads, "num_heads");
  RequireIn(num_kv_heads, kMaxHeads, "num_kv_heads");
  RequireIn(head_dim, kMaxHeads, "head_dim");
  RequireIn(num_heads * head_dim, kMaxWidth, "num_heads head_dim");
  RequireIn(ffn_width, kMaxFfnWidth, "ffn_width");
  RequireIn(context_length, kMaxPositions, "context_length");
  if (num_heads % num_kv_heads != 0) {
    Fail(ErrorCode::kInvalidArgument,
         "model configuration: num_heads = {} is not a multiple of num_kv_heads = {}", num_heads,
         num_kv_heads);
  }
  if (head_dim % 2 != 0) {
    Fail(ErrorCode::kInvalidArgument, "model configuration: head_dim = {} must be even (RoPE)",
         head_dim);
  }
  if (width % 2 != 0 || ffn_width % 2 != 0) {
    Fail(ErrorCode::kInvalidArgument,
         "model configuration: width = {} and ffn_width = {} must be even", width, ffn_width);
  }
  if (!pre_norm && !post_norm) {
    Fail(ErrorCode::kInvalidArgument, "model configuration: blocks without any norm");
  }
  if (rope_dim % 2 != 0 || rope_dim > head_dim) {
    Fail(ErrorCode::kInvalidArgument,
         "model configuration: rope_dim = {} must be even and at most head_dim = {}", rope_dim,
         head_dim);
  }
  for (const auto* divisors : {&rope_divisors, &rope_long_divisors}) {
    if (!divisors->empty() && divisors->size() != rotated_dims() / 2) {
      Fail(ErrorCode::kInvalidArgument,
           "model configuration: {} RoPE divisors for {} rotated dimensions", divisors->size(),
           rotated_dims());
    }
  }
  ValidateExperts(*this);
  if (!(norm_epsilon > 0) || !(rope_base > 1)) {
    Fail(ErrorCode::kInvalidArgument,
         "model configuration: norm_epsilon = {} must be positive and rope_base = {} above 1",
         norm_epsilon, rope_base);
  }
}

namespace {

// Weights in matrix products of one layer, and of those the ones of one expert.
size_t AttentionMatrices(const ModelConfig& c) {
  return c.width * c.head_dim * (2 * c.num_heads + 2 * c.num_kv_heads);
}
size_t FfnMatrices(const ModelConfig& c) {
  return c.width * c.ffn_width * (IsGated(c.ffn) ? 3 : 2);
}

}  // namespace

size_t ModelConfig::NumMatmulParameters() const {
  const size_t ffns = num_experts == 0 ? 1 : experts_per_token;
  const size_t layer = AttentionMatrices(*this) + ffns * FfnMatrices(*this) + num_experts * width;
  return num_layers * layer + vocab_size * width;
}

uint64_t ModelConfig::ForwardFlopsOfRow(uint64_t row_tokens) const {
  const uint64_t seen = window > 0 ? std::min<uint64_t>(window, row_tokens) : row_tokens;
  // 1 + 2 + ... + seen, and `seen` for each token after these.
  const uint64_t visible_keys = seen * (seen + 1) / 2 + seen * (row_tokens - seen);
  return 2 * NumMatmulParameters() * row_tokens +
         4 * num_layers * num_heads * head_dim * visible_keys;
}

double ModelConfig::ForwardFlopsPerToken(double mean_visible_keys) const {
  const double attention = 4.0 * static_cast<double>(num_layers * num_heads * head_dim);
  return 2.0 * static_cast<double>(NumMatmulParameters()) + attention * mean_visible_keys;
}

Json ModelConfig::ToJson() const {
  Json json = {{"vocab_size", vocab_size},
               {"num_layers", num_layers},
               {"width", width},
               {"num_heads", num_heads},
               {"num_kv_heads", num_kv_heads},
               {"head_dim", head_dim},
               {"ffn_width", ffn_width},
               {"context_length", context_length},
               {"ffn", FfnKindName(ffn)},
               {"qk_norm", qk_norm},
               {"tied_embeddings", tied_embeddings},
               {"norm_epsilon", norm_epsilon},
               {"rope_base", rope_base},
               {"rope_interleaved", rope_interleaved},
               {"window", window},
               {"attention_softcap", attention_softcap},
               {"logit_softcap", logit_softcap}};
  const ModelConfig neutral;
  if (norm == NormKind::kLayer) json["norm"] = "layer";
  ForLaterFields(
      [&](const char* key, auto member) { AddIfSet(json, key, this->*member, neutral.*member); });
  return json;
}

ModelConfig ModelConfig::FromJson(const Json& json) {
  ModelConfig config;
  const auto read = [&](const char* key, auto& value) { ReadField(json, key, value); };
  try {
    read("vocab_size", config.vocab_size);
    read("num_layers", config.num_layers);
    read("width", config.width);
    read("num_heads", config.num_heads);
    read("num_kv_heads", config.num_kv_heads);
    read("head_dim", config.head_dim);
    read("ffn_width", config.ffn_width);
    read("context_length", config.context_length);
    config.ffn = FfnKindFromName(json.at("ffn").get<std::string>());
    config.qk_norm = json.at("qk_norm");
    config.tied_embeddings = json.at("tied_embeddings");
    config.norm_epsilon = json.at("norm_epsilon");
    config.rope_base = json.at("rope_base");
    config.rope_interleaved = json.at("rope_interleaved");
    read("window", config.window);
    config.attention_softcap = json.at("attention_softcap");
    config.logit_softcap = json.at("logit_softcap");
    if (json.contains("norm")) {
      if (json.at("norm") != "layer") {
        Fail(ErrorCode::kInvalidArgument, "model configuration: unknown norm {}; known: layer",
             json.at("norm").dump());
      }
      config.norm = NormKind::kLayer;
    }
    ForLaterFields([&](const char* key, auto member) { ReadIfThere(json, key, config.*member); });
  } catch (const Json::exception& error) {
    Fail(ErrorCode::kInvalidArgument, "model configuration: {}", error.what());
  }
  config.Validate();
  return config;
}

const std::vector<ModelPreset>& ModelPresets() {
  static const std::vector<ModelPreset> presets = [] {
    std::vector<ModelPreset> list = {
        {"nano", "a few seconds of training; for tests", Shape(2, 64, 2, 192, 128)},
        {"tiny", "about 1M parameters: the quickstart", Shape(4, 128, 4, 384, 256)},
        {"mini", "about 3M parameters", Shape(6, 192, 6, 512, 256)},
        {"small", "about 7M parameters: C=256, 6 layers, 8 heads, F=1024",
         Shape(6, 256, 8, 1024, 256)},
        {"medium", "about 30M parameters", Shape(8, 512, 8, 1536, 512)},
        {"gpt2", "GPT-2's 124M in the Llama family: C=768, 12 layers, 12 heads, SwiGLU F=2048",
         Shape(12, 768, 12, 2048, 1024)},
    };
    return list;
  }();
  return presets;
}

const ModelPreset& FindModelPreset(std::string_view name) {
  std::string names;
  for (const ModelPreset& preset : ModelPresets()) {
    if (name == preset.name) return preset;
    names += names.empty() ? preset.name : std::string(", ") + preset.name;
  }
  Fail(ErrorCode::kInvalidArgument, "unknown preset '{}'; known: {}", name, names);
}

}  // namespace cambium
