// SPDX-License-Identifier: Apache-2.0
#include "formats/model_family.h"

#include <set>

#include "base/check.h"

namespace cambium {
namespace {

constexpr ModelFamilyNames kFamilies[] = {
    {ModelFamily::kLlama, "llama", "LlamaForCausalLM", "llama"},
    {ModelFamily::kMistral, "llama", "MistralForCausalLM", "mistral"},
    {ModelFamily::kMixtral, "llama", "MixtralForCausalLM", "mixtral"},
    {ModelFamily::kQwen2, "qwen2", "Qwen2ForCausalLM", "qwen2"},
    {ModelFamily::kQwen3, "qwen3", "Qwen3ForCausalLM", "qwen3"},
    {ModelFamily::kQwen3Moe, "qwen3moe", "Qwen3MoeForCausalLM", "qwen3_moe"},
    {ModelFamily::kGemma, "gemma", "GemmaForCausalLM", "gemma"},
    {ModelFamily::kGemma2, "gemma2", "Gemma2ForCausalLM", "gemma2"},
    {ModelFamily::kGemma3, "gemma3", "Gemma3ForCausalLM", "gemma3_text"},
    {ModelFamily::kPhi3, "phi3", "Phi3ForCausalLM", "phi3"},
    {ModelFamily::kGpt2, "gpt2", "GPT2LMHeadModel", "gpt2"},
    {ModelFamily::kOlmo2, "olmo2", "Olmo2ForCausalLM", "olmo2"},
    {ModelFamily::kOlmoe, "olmoe", "OlmoeForCausalLM", "olmoe"},
    {ModelFamily::kGptOss, "gpt-oss", "GptOssForCausalLM", "gpt_oss"},
};

}  // namespace

std::span<const ModelFamilyNames> ModelFamilies() { return kFamilies; }

const ModelFamilyNames& NamesOf(ModelFamily family) {
  for (const ModelFamilyNames& names : kFamilies) {
    if (names.family == family) return names;
  }
  CHECK(false);
  return kFamilies[0];
}

const ModelFamilyNames* FindGgufArchitecture(std::string_view name) {
  for (const ModelFamilyNames& names : kFamilies) {
    if (names.gguf == name) return &names;
  }
  return nullptr;
}

const ModelFamilyNames* FindHfArchitecture(std::string_view class_or_type) {
  for (const ModelFamilyNames& names : kFamilies) {
    if (names.hf_class == class_or_type || names.hf_type == class_or_type) return &names;
  }
  return nullptr;
}

std::string SupportedGgufArchitectures() {
  std::string list;
  std::set<std::string_view> seen;
  for (const ModelFamilyNames& names : kFamilies) {
    if (!seen.insert(names.gguf).second) continue;
    list += list.empty() ? names.gguf : std::string(", ") + names.gguf;
  }
  return list;
}

std::string SupportedHfArchitectures() {
  std::string list;
  for (const ModelFamilyNames& names : kFamilies) {
    list += list.empty() ? names.hf_class : std::string(", ") + names.hf_class;
  }
  return list;
}

}  // namespace cambium
