// SPDX-License-Identifier: Apache-2.0
// HyperParameters as Hugging Face's config.json. Source of names and defaults: the configuration
// classes of transformers 5.23, which also reads what older versions wrote; so does this.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "formats/hyper_parameters.h"

namespace cambium {

struct HfConfig {
  HyperParameters parameters;
  std::string dtype;    // "float32", "bfloat16", "float16"; empty: not stated
  int32_t bos_id = -1;  // -1: none. Of several (a list), the first
  int32_t eos_id = -1;
  std::vector<int32_t> end_ids;  // others that end an answer: for generation_config.json
};

// source_name: for messages. kUnsupported for other architectures and for settings that this build
// does not compute, naming the member and its value; kCorruptData for the rest.
HfConfig ParseHfConfig(std::string_view json, const std::string& source_name);

// kUnsupported for what config.json cannot say of this family (RoPE factors of a GGUF file).
Json HfConfigToJson(const HfConfig& config);
// generation_config.json: the token ids, every one that ends an answer among them.
Json HfGenerationConfigToJson(const HfConfig& config);

}  // namespace cambium
