// SPDX-License-Identifier: Apache-2.0
// A model's chat template: messages in, the text that the model reads out. As apply_chat_template
// of transformers 5 does it: `messages`, `tools`, `documents` and `add_generation_prompt` are
// always defined (none when absent), special tokens have their names (bos_token, eos_token), and
// everything else that the caller sets (enable_thinking) is a variable too.
//
// Templates come with models and may be hostile; jinja/template.h says what bounds them. Immutable
// and thread-safe after construction.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "text/jinja/template.h"

namespace cambium {

struct ChatInput {
  // Objects with role, content (text, null, or parts), tool_calls, tool_call_id, name, and the
  // reasoning of an assistant under reasoning_content, thinking or reasoning.
  Json messages = Json::array();
  Json tools;      // JSON schemas of functions, or null
  Json documents;  // for retrieval, or null
  bool add_generation_prompt = false;
  Json special_tokens = Json::object();  // bos_token, eos_token, ...: their texts
  Json variables = Json::object();       // others; they win over special tokens
};

class ChatTemplate {
 public:
  // Throws kCorruptData with line and reason.
  explicit ChatTemplate(std::string_view source) : template_(source) {}

  // Throws kInvalidArgument for a conversation that the template refuses (raise_exception) or that
  // is no list of messages, and kResourceExhausted for a limit.
  std::string Render(const ChatInput& input, const jinja::RenderOptions& options = {}) const;

 private:
  jinja::Template template_;
};

}  // namespace cambium
