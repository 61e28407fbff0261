// SPDX-License-Identifier: Apache-2.0
// HyperParameters as Hugging Face's config.json (LlamaForCausalLM, Qwen3ForCausalLM).
// Source of names and defaults: transformers, LlamaConfig and Qwen3Config.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "formats/hyper_parameters.h"

namespace cambium {

struct HfConfig {
  HyperParameters parameters;
  std::string dtype;    // "float32", "bfloat16", "float16"; empty: not stated
  int32_t bos_id = -1;  // -1: none. Of several (a list), the first
  int32_t eos_id = -1;
};

// source_name: for messages. kUnsupported for other architectures and for what this build does not
// compute (scaled RoPE, biases, sliding windows), kCorruptData for the rest.
HfConfig ParseHfConfig(std::string_view json, const std::string& source_name);

Json HfConfigToJson(const HfConfig& config);
// generation_config.json: the token ids.
Json HfGenerationConfigToJson(const HfConfig& config);

}  // namespace cambium
