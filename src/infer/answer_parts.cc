// SPDX-License-Identifier: Apache-2.0
#include "infer/answer_parts.h"

#include <algorithm>

namespace cambium {
namespace {

enum class Meaning {
  kBegin,   // reasoning begins
  kEnd,     // the answer begins
  kNothing  // only divides
};

struct Marker {
  std::string_view text;
  Meaning meaning;
};

constexpr Marker kMarkers[] = {
    {"<think>", Meaning::kBegin},
    {"</think>", Meaning::kEnd},
    {"[THINK]", Meaning::kBegin},
    {"[/THINK]", Meaning::kEnd},
    {"<seed:think>", Meaning::kBegin},
    {"</seed:think>", Meaning::kEnd},
    {"<|START_THINKING|>", Meaning::kBegin},
    {"<|END_THINKING|>", Meaning::kEnd},
    {"<|START_RESPONSE|>", Meaning::kNothing},
    {"<|END_RESPONSE|>", Meaning::kNothing},
    {"<|channel|>analysis<|message|>", Meaning::kBegin},
    {"<|channel|>commentary<|message|>", Meaning::kBegin},
    {"<|channel|>final<|message|>", Meaning::kEnd},
    {"<|end|>", Meaning::kNothing},
    {"<|start|>assistant", Meaning::kNothing},
    {"<|channel>thought", Meaning::kBegin},
    {"<channel|>", Meaning::kEnd},
};

constexpr std::string_view kWhiteSpace = " \t\r\n";

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(kWhiteSpace) == std::string_view::npos;
}

std::string_view TrimRight(std::string_view text) {
  const size_t last = text.find_last_not_of(kWhiteSpace);
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// The longest end of `text` that a marker begins with.
size_t HeldLength(std::string_view text) {
  size_t held = 0;
  for (const Marker& marker : kMarkers) {
    for (size_t n = std::min(text.size(), marker.text.size() - 1); n > held; --n) {
      if (text.ends_with(marker.text.substr(0, n))) held = n;
    }
  }
  return held;
}

}  // namespace

AnswerParts::AnswerParts(std::string_view prompt) {
  const std::string_view end = TrimRight(prompt);
  for (const Marker& marker : kMarkers) {
    if (marker.meaning == Meaning::kBegin && end.ends_with(marker.text)) reasoning_ = true;
  }
}

std::vector<AnswerPart> AnswerParts::Push(std::string_view text) {
  held_ += text;
  std::vector<AnswerPart> parts;
  Take(/*at_end=*/false, &parts);
  return parts;
}

std::vector<AnswerPart> AnswerParts::Finish() {
  std::vector<AnswerPart> parts;
  Take(/*at_end=*/true, &parts);
  return parts;
}

void AnswerParts::Take(bool at_end, std::vector<AnswerPart>* parts) {
  size_t searched = 0;  // no marker that counts begins before
  for (;;) {
    const Marker* first = nullptr;
    size_t at = std::string::npos;
    for (const Marker& marker : kMarkers) {
      const size_t found = held_.find(marker.text, searched);
      if (found < at) {
        at = found;
        first = &marker;
      }
    }
    if (first == nullptr) break;
    const bool answered = answered_ || (!reasoning_ && !IsBlank(held_.substr(0, at)));
    const bool counts = reasoning_ ? first->meaning != Meaning::kBegin : !answered;
    if (!counts) {
      searched = at + first->text.size();
      continue;
    }
    Emit(std::string_view(held_).substr(0, at), parts);
    held_.erase(0, at + first->text.size());
    searched = 0;
    if (first->meaning != Meaning::kNothing) reasoning_ = first->meaning == Meaning::kBegin;
    reasoned_ = false;
  }
  const size_t keep = at_end ? 0 : HeldLength(held_);
  Emit(std::string_view(held_).substr(0, held_.size() - keep), parts);
  held_.erase(0, held_.size() - keep);
}

// White space at the beginning of a part is the format's, not the model's words.
void AnswerParts::Emit(std::string_view text, std::vector<AnswerPart>* parts) {
  bool& begun = reasoning_ ? reasoned_ : answered_;
  if (!begun) text.remove_prefix(std::min(text.find_first_not_of(kWhiteSpace), text.size()));
  if (text.empty()) return;
  begun = true;
  if (!parts->empty() && parts->back().reasoning == reasoning_) {
    parts->back().text += text;
  } else {
    parts->push_back({reasoning_, std::string(text)});
  }
}

std::vector<int32_t> MarkerTokens(const Tokenizer& tokenizer) {
  std::vector<int32_t> tokens;
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    const std::string& name = tokenizer.TokenBytes(id);
    if (tokenizer.Type(id) != TokenType::kControl || name.empty()) continue;
    const bool used = std::any_of(
        std::begin(kMarkers), std::end(kMarkers),
        [&](const Marker& marker) { return marker.text.find(name) != std::string_view::npos; });
    if (used) tokens.push_back(id);
  }
  return tokens;
}

}  // namespace cambium
