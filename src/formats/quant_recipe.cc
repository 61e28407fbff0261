// SPDX-License-Identifier: Apache-2.0
#include "formats/quant_recipe.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "formats/model_family.h"
#include "formats/quote.h"

namespace cambium {
namespace {

constexpr QuantRecipe kRecipes[] = {
    {"F32", GgmlType::kF32, 0},        {"F16", GgmlType::kF16, 1},
    {"BF16", GgmlType::kBF16, 32},     {"Q8_0", GgmlType::kQ8_0, 7},
    {"Q6_K", GgmlType::kQ6_K, 18},     {"Q5_K_M", GgmlType::kQ5_K, 17},
    {"Q5_K_S", GgmlType::kQ5_K, 16},   {"Q5_1", GgmlType::kQ5_1, 9},
    {"Q5_0", GgmlType::kQ5_0, 8},      {"Q4_K_M", GgmlType::kQ4_K, 15},
    {"Q4_K_S", GgmlType::kQ4_K, 14},   {"Q4_1", GgmlType::kQ4_1, 3},
    {"Q4_0", GgmlType::kQ4_0, 2},      {"IQ4_NL", GgmlType::kIQ4_NL, 25},
    {"IQ4_XS", GgmlType::kIQ4_XS, 30}, {"Q3_K_L", GgmlType::kQ3_K, 13},
    {"Q3_K_M", GgmlType::kQ3_K, 12},   {"Q3_K_S", GgmlType::kQ3_K, 11},
    {"Q2_K", GgmlType::kQ2_K, 10},
};

bool SameName(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

bool Contains(std::string_view name, std::string_view part) {
  return name.find(part) != std::string_view::npos;
}

// A matrix of weights: norms, biases and vectors stay as they are, and so do routers and positions,
// which are small and matter much.
bool MayBeQuantized(const GgufTensor& tensor) {
  // Ones outside do not count as dimensions.
  size_t dims = tensor.shape.size();
  while (dims > 1 && tensor.shape[tensor.shape.size() - dims] == 1) --dims;
  return dims >= 2 && tensor.name.ends_with("weight") && !Contains(tensor.name, "_norm.weight") &&
         !Contains(tensor.name, "ffn_gate_inp.weight") && tensor.name != "position_embd.weight";
}

// Values alone or fused with queries and keys: both follow the rules for values.
bool HoldsValues(std::string_view name) {
  return Contains(name, "attn_v.weight") || Contains(name, "attn_qkv.weight");
}

// More bits for the first and last eighth of the layers, and for every third between.
bool IsSensitive(uint64_t layer, uint64_t num_layers) {
  const uint64_t eighth = num_layers / 8;
  return layer < eighth || layer >= 7 * num_layers / 8 || (layer - eighth) % 3 == 2;
}

// For rows that are not whole blocks of `type`.
GgmlType ForNarrowRows(GgmlType type) {
  switch (type) {
    case GgmlType::kIQ4_XS:
      return GgmlType::kIQ4_NL;
    case GgmlType::kQ2_K:
    case GgmlType::kQ3_K:
      return GgmlType::kQ4_0;
    case GgmlType::kQ4_K:
      return GgmlType::kQ5_0;
    case GgmlType::kQ5_K:
      return GgmlType::kQ5_1;
    case GgmlType::kQ6_K:
      return GgmlType::kQ8_0;
    default:
      return type;
  }
}

bool Fits(const GgufTensor& tensor, GgmlType type) {
  return tensor.shape.back() % GgmlTypeInfoOf(type)->block_size == 0;
}

// "blk.12.attn_q.weight": 12. -1: of no layer.
int64_t LayerOf(std::string_view name) {
  int64_t layer = -1;
  if (name.starts_with("blk.")) std::from_chars(name.data() + 4, name.data() + name.size(), layer);
  return layer;
}

}  // namespace

std::span<const QuantRecipe> QuantRecipes() { return kRecipes; }

std::optional<QuantRecipe> FindQuantRecipe(std::string_view name) {
  for (const QuantRecipe& recipe : kRecipes) {
    const std::string_view full = recipe.name;
    // The name without its size is the medium one.
    if (SameName(full, name) || (full.ends_with("_M") && SameName(full.substr(0, 4), name))) {
      return recipe;
    }
  }
  return std::nullopt;
}

RecipeState::RecipeState(const QuantRecipe& recipe, const GgufFile& file, bool with_importance)
    : recipe_(recipe), with_importance_(with_importance), file_name_(file.name()) {
  const std::string architecture(file.RequireString("general.architecture"));
  if (FindGgufArchitecture(architecture) == nullptr) {
    Fail(ErrorCode::kUnsupported, "{}: architecture {}; quantised are {}", file.name(),
         Quote(architecture), SupportedGgufArchitectures());
  }
  num_layers_ = file.RequireUint(architecture + ".block_count");
  num_experts_ = file.GetUint(architecture + ".expert_count").value_or(0);
  const uint64_t heads = file.RequireUint(architecture + ".attention.head_count");
  const uint64_t kv_heads = file.GetUint(architecture + ".attention.head_count_kv").value_or(heads);
  grouped_queries_ = kv_heads > 0 && heads / kv_heads >= 4;
  is_70b_ = num_layers_ == 80 &&
            (architecture == "qwen2" || (architecture == "llama" && heads != kv_heads));
  tied_embeddings_ = file.FindTensor("output.weight") == nullptr;
  for (const GgufTensor& tensor : file.tensors()) num_values_ += HoldsValues(tensor.name) ? 1 : 0;
}

GgmlType RecipeState::TypeFor(const GgufTensor& tensor) {
  if (!MayBeQuantized(tensor)) return tensor.type;
  if (GgmlTypeInfoOf(recipe_.type)->block_size == 1) return recipe_.type;
  const GgmlType type = ByRole(tensor);
  if (Fits(tensor, type)) return type;
  const GgmlType narrow = ForNarrowRows(type);
  return Fits(tensor, narrow) ? narrow : GgmlType::kF16;
}

// The order of the cases is llama.cpp's: a name may contain more than one of these parts.
GgmlType RecipeState::ByRole(const GgufTensor& tensor) {
  const GgmlType type = recipe_.type;
  if (tensor.name == "output.weight" || (tied_embeddings_ && tensor.name == "token_embd.weight")) {
    return type == GgmlType::kQ8_0 || !Fits(tensor, type) ? GgmlType::kQ8_0 : GgmlType::kQ6_K;
  }
  if (HoldsValues(tensor.name)) return OfValues(next_value_++);
  if (Contains(tensor.name, "attn_k.weight")) {
    return num_experts_ == 8 ? GgmlType::kQ8_0 : type;
  }
  if (Contains(tensor.name, "attn_output.weight")) return OfAttentionOutput();
  if (Contains(tensor.name, "ffn_down")) return OfFfnDown(DownLayer(tensor));
  return type;
}

GgmlType RecipeState::OfValues(uint64_t layer) const {
  // Attention is a small part of Mixtral.
  if (num_experts_ == 8) return GgmlType::kQ8_0;
  const std::string_view recipe = recipe_.name;
  GgmlType chosen = recipe_.type;
  if (recipe == "Q2_K") chosen = grouped_queries_ ? GgmlType::kQ4_K : GgmlType::kQ3_K;
  if (recipe == "Q3_K_M") chosen = layer < 2 ? GgmlType::kQ5_K : GgmlType::kQ4_K;
  if (recipe == "Q3_K_L" || (IsIq4() && grouped_queries_)) chosen = GgmlType::kQ5_K;
  if (recipe == "Q4_K_M" || recipe == "Q5_K_M") {
    if (IsSensitive(layer, num_values_)) chosen = GgmlType::kQ6_K;
  }
  if (recipe == "Q4_K_S" && layer < 4) chosen = GgmlType::kQ5_K;
  const bool small = chosen == GgmlType::kQ3_K || chosen == GgmlType::kQ4_K;
  return is_70b_ && small ? GgmlType::kQ5_K : chosen;
}

GgmlType RecipeState::OfAttentionOutput() const {
  const std::string_view recipe = recipe_.name;
  if (num_experts_ == 8) {
    const bool small = recipe == "Q2_K" || recipe == "Q3_K_S" || recipe == "Q3_K_M" ||
                       recipe == "Q4_K_S" || recipe == "Q4_K_M" || IsIq4();
    return small ? GgmlType::kQ5_K : recipe_.type;
  }
  if (recipe == "Q2_K") return GgmlType::kQ3_K;
  if (recipe == "Q3_K_M") return GgmlType::kQ4_K;
  return recipe == "Q3_K_L" ? GgmlType::kQ5_K : recipe_.type;
}

// The number of the tensor among its kind; with experts, of which a layer of old files has many,
// that in its name.
uint64_t RecipeState::DownLayer(const GgufTensor& tensor) {
  const uint64_t index = next_down_++;
  if (num_experts_ <= 1) return index;
  const int64_t layer = LayerOf(tensor.name);
  if (layer < 0 || static_cast<uint64_t>(layer) >= num_layers_) {
    Fail(ErrorCode::kCorruptData, "{}: tensor {} is of no layer; there are {}", file_name_,
         Quote(tensor.name), num_layers_);
  }
  return static_cast<uint64_t>(layer);
}

GgmlType RecipeState::OfFfnDown(uint64_t layer) const {
  const std::string_view recipe = recipe_.name;
  const bool first = layer < num_layers_ / 8;
  if (recipe == "Q2_K") return GgmlType::kQ3_K;
  if (recipe == "Q3_K_M") return layer < num_layers_ / 16 ? GgmlType::kQ5_K : GgmlType::kQ4_K;
  if (recipe == "Q3_K_L") return GgmlType::kQ5_K;
  if (recipe == "Q4_K_M" || recipe == "Q5_K_M") {
    return IsSensitive(layer, num_layers_) ? GgmlType::kQ6_K : recipe_.type;
  }
  if (first && (recipe == "Q4_K_S" || (IsIq4() && !with_importance_))) return GgmlType::kQ5_K;
  // A scale alone, fitted to what matters, can go far astray in the first layers.
  if (first && with_importance_ && recipe == "Q4_0") return GgmlType::kQ4_1;
  if (first && with_importance_ && recipe == "Q5_0") return GgmlType::kQ5_1;
  return recipe_.type;
}

std::vector<const GgufTensor*> FileOrder(const GgufFile& file) {
  std::vector<const GgufTensor*> order;
  for (const GgufTensor& tensor : file.tensors()) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const GgufTensor* a, const GgufTensor* b) {
    const int64_t layer_a = LayerOf(a->name), layer_b = LayerOf(b->name);
    return layer_a != layer_b ? layer_a < layer_b : a->name < b->name;
  });
  return order;
}

}  // namespace cambium
