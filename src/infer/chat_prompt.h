// SPDX-License-Identifier: Apache-2.0
// A conversation as the tokens that a model reads: by the chat template that comes with it, or,
// where there is none, as plain "User:" and "Assistant:" lines.
//
// Special tokens are found in what the template writes and never in what a person or a model said:
// a message that contains "<|im_end|>" is that text, and ends nothing. (Where a message holds such
// a name, the text is cut at the ends of that message before it is encoded; otherwise the tokens
// are those of transformers' apply_chat_template.) Immutable and thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace cambium {

struct ChatPromptOptions {
  std::string chat_template;        // Jinja; empty: the plain form
  Json variables = Json::object();  // for the template, like enable_thinking
  // What a template that asks for the date is told (gpt-oss, Granite); without it such a template
  // fails. Given and not looked up, so that the same conversation can be the same text tomorrow.
  std::optional<jinja::CivilTime> now = {};
};

class ChatPrompt {
 public:
  // tokenizer must outlive it. Throws kCorruptData, with line and reason, for a template that
  // cannot be parsed.
  ChatPrompt(const Tokenizer& tokenizer, const ChatPromptOptions& options);

  bool has_template() const { return template_.has_value(); }
  // Where an answer ends in the plain form; nothing with a template.
  std::vector<std::string> stop() const;

  // messages: objects with role and content, as in ChatInput; the answer is to follow. A template
  // that refuses a system message gets its text at the beginning of the first user's. Throws
  // kInvalidArgument for a conversation that the template refuses.
  std::string Text(const Json& messages) const;
  std::vector<int32_t> Tokens(const Json& messages) const;

 private:
  std::string Render(const Json& messages) const;
  std::string PlainText(const Json& messages) const;

  const Tokenizer& tokenizer_;
  std::optional<ChatTemplate> template_;
  Json variables_;
  std::optional<jinja::CivilTime> now_;
  Json special_tokens_ = Json::object();
};

}  // namespace cambium
