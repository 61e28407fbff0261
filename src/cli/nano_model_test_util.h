// SPDX-License-Identifier: Apache-2.0
// For tests: a file with a small random model and a tokenizer of bytes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "model/model_file.h"
#include "text/tokenizer.h"

namespace cambium {

struct NanoModel {
  uint64_t seed = 3;  // of the weights
  std::vector<std::string> special_tokens = {"<|endoftext|>"};
  std::string chat_template;  // empty: none
};

// The preset nano with a context of 512 tokens, as GGUF.
inline void WriteNanoModel(const std::filesystem::path& path, const NanoModel& model = {}) {
  TokenizerData tokenizer = MakeByteTokenizer(model.special_tokens);
  tokenizer.chat_template = model.chat_template;
  ModelConfig config = FindModelPreset("nano").config;
  config.vocab_size = tokenizer.tokens.size();
  config.context_length = 512;
  ThreadPool pool(1);
  ParameterStore parameters(config, /*with_gradients=*/false);
  parameters.Initialize(model.seed, pool);
  SaveGguf(path, parameters, tokenizer, {});
}

}  // namespace cambium
