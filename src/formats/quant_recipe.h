// SPDX-License-Identifier: Apache-2.0
// Which type each tensor of a model gets when the file is quantised as "Q4_K_M" and the like: the
// choices that llama.cpp makes for the families of model_family.h, so that files of the same name
// are the same files.
// Source: llama.cpp of ggml 0.25.1, src/llama-quant.cpp; its choices for small models of every
// family are tests/golden/quant_recipes. Thread safety: none for RecipeState, all else is pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "formats/gguf.h"

namespace cambium {

struct QuantRecipe {
  const char* name;    // "Q4_K_M", as users and other tools write it
  GgmlType type;       // of the matrices that no rule picks out
  uint32_t file_type;  // general.file_type
};

std::span<const QuantRecipe> QuantRecipes();
// In any case; "Q4_K" is Q4_K_M, "Q5_K" Q5_K_M, "Q3_K" Q3_K_M. nullopt: no such recipe.
std::optional<QuantRecipe> FindQuantRecipe(std::string_view name);

// Walks through the tensors of one file. The rules count layers by counting tensors, so all must be
// asked for, once each, in the order of FileOrder.
class RecipeState {
 public:
  // with_importance: weights of columns are known, which changes some choices.
  // kUnsupported for architectures that are not run.
  RecipeState(const QuantRecipe& recipe, const GgufFile& file, bool with_importance = false);

  // kCorruptData: a tensor of experts whose name says no layer.
  GgmlType TypeFor(const GgufTensor& tensor);

 private:
  GgmlType ByRole(const GgufTensor& tensor);
  GgmlType OfValues(uint64_t layer) const;
  GgmlType OfAttentionOutput() const;
  GgmlType OfFfnDown(uint64_t layer) const;
  uint64_t DownLayer(const GgufTensor& tensor);
  bool IsIq4() const {
    return recipe_.type == GgmlType::kIQ4_NL || recipe_.type == GgmlType::kIQ4_XS;
  }

  QuantRecipe recipe_;
  bool with_importance_ = false;
  std::string file_name_;
  bool tied_embeddings_ = true;
  bool grouped_queries_ = false;  // four queries or more to a key
  bool is_70b_ = false;           // what llama.cpp takes for a model of that size
  uint64_t num_layers_ = 0;
  uint64_t num_experts_ = 0;
  uint64_t num_values_ = 0;  // tensors of attention values
  uint64_t next_value_ = 0;
  uint64_t next_down_ = 0;
};

// The order in which llama.cpp writes tensors: those of no layer first, then layer by layer, each
// in the order of names.
std::vector<const GgufTensor*> FileOrder(const GgufFile& file);

}  // namespace cambium
