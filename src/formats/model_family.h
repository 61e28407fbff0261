// SPDX-License-Identifier: Apache-2.0
// The model families that this build runs, under the names that files give them: GGUF's
// general.architecture, and the class and model_type of Hugging Face's config.json.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cambium {

enum class ModelFamily {
  kLlama,    // Llama 1 to 3.x, SmolLM
  kMistral,  // Llama with a sliding window
  kMixtral,  // Llama with experts
  kQwen2,    // biases of queries, keys and values
  kQwen3,    // QK-norm
  kQwen3Moe,
  kGemma,
  kGemma2,
  kGemma3,  // text
  kPhi3,    // Phi-3, Phi-3.5, Phi-4: fused matrices, LongRoPE, partial rotation
  kGpt2,
  kOlmo2,  // norms behind the blocks
  kOlmoe,
  kGptOss,
};

struct ModelFamilyNames {
  ModelFamily family;
  const char* gguf;
  const char* hf_class;
  const char* hf_type;
};

std::span<const ModelFamilyNames> ModelFamilies();
const ModelFamilyNames& NamesOf(ModelFamily family);
// nullptr: not among them. A GGUF "llama" is kLlama.
const ModelFamilyNames* FindGgufArchitecture(std::string_view name);
const ModelFamilyNames* FindHfArchitecture(std::string_view class_or_type);
// "llama, qwen2, ..." for messages.
std::string SupportedGgufArchitectures();
std::string SupportedHfArchitectures();

}  // namespace cambium
