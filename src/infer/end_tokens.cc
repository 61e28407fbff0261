// SPDX-License-Identifier: Apache-2.0
#include "infer/end_tokens.h"

#include <algorithm>

namespace cambium {
namespace {

// In the order: Llama 3, ChatML, Phi, Gemma, Granite and GPT-2, Mistral and Llama 2, gpt-oss,
// Command R, GLM.
constexpr const char* kEndNames[] = {"<|eot_id|>",      "<|eom_id|>",    "<|im_end|>",
                                     "<|end|>",         "<end_of_turn>", "<turn|>",
                                     "<|end_of_text|>", "<|endoftext|>", "</s>",
                                     "<|return|>",      "<|call|>",      "<|END_OF_TURN_TOKEN|>",
                                     "<|user|>"};

}  // namespace

std::vector<int32_t> EndTokens(const Tokenizer& tokenizer) {
  std::vector<int32_t> ends = tokenizer.data().end_ids;
  ends.push_back(tokenizer.eos_id());
  // In gpt-oss <|end|> ends one of several messages of an answer.
  const bool has_channels = tokenizer.FindSpecial("<|channel|>") >= 0;
  for (const std::string_view name : kEndNames) {
    if (name == "<|end|>" && has_channels) {
      std::erase(ends, tokenizer.FindSpecial(name));
      continue;
    }
    const int32_t id = tokenizer.FindSpecial(name);
    if (id >= 0 && tokenizer.Type(id) == TokenType::kControl) ends.push_back(id);
  }
  std::erase_if(ends, [&](int32_t id) { return id < 0 || id >= tokenizer.vocab_size(); });
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  return ends;
}

}  // namespace cambium
