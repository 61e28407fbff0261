// SPDX-License-Identifier: Apache-2.0
// Divides what a model writes into its reasoning and its answer, as it comes, by the markers that
// model families use: <think>...</think> (DeepSeek, Qwen), [THINK]...[/THINK] (Magistral),
// <|START_THINKING|>...<|END_THINKING|> (Command), <seed:think>, and the channels of gpt-oss
// (<|channel|>analysis<|message|>...) and Gemma 4 (<|channel>thought ... <channel|>).
//
// Reasoning begins only before the answer does: an answer that speaks of "<think>" stays whole.
// Not thread-safe: one per answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace cambium {

struct AnswerPart {
  bool reasoning = false;
  std::string text;
};

class AnswerParts {
 public:
  // prompt: what the model goes on from; some templates end in the marker that begins reasoning.
  explicit AnswerParts(std::string_view prompt);

  // What can be shown now. Beginnings of markers are held back.
  std::vector<AnswerPart> Push(std::string_view text);
  std::vector<AnswerPart> Finish();

 private:
  void Take(bool at_end, std::vector<AnswerPart>* parts);
  void Emit(std::string_view text, std::vector<AnswerPart>* parts);

  std::string held_;
  bool reasoning_ = false;
  bool answered_ = false;  // some of the answer that is not white space was shown
  bool reasoned_ = false;  // the same of the current reasoning
};

// The control tokens that are part of a marker: they have to be in the text that is divided.
std::vector<int32_t> MarkerTokens(const Tokenizer& tokenizer);

}  // namespace cambium
