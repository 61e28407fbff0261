// SPDX-License-Identifier: Apache-2.0
#include "infer/chat_prompt.h"

#include <algorithm>

#include "base/error.h"

namespace cambium {
namespace {

constexpr const char* kUser = "User:";
constexpr const char* kAssistant = "Assistant:";

std::string ContentOf(const Json& message) {
  const auto content = message.find("content");
  return content != message.end() && content->is_string() ? content->get<std::string>() : "";
}

// Whether the system message is the first, and a user's the second.
bool BeginsWithSystem(const Json& messages) {
  return messages.size() > 1 && messages[0].value("role", "") == "system" &&
         messages[1].value("role", "") == "user";
}

Json WithSystemInUser(const Json& messages) {
  Json merged = messages;
  merged[1]["content"] = ContentOf(messages[0]) + "\n\n" + ContentOf(messages[1]);
  merged.erase(0);
  return merged;
}

// Where a control token's name begins in `text`, at or behind `from`; npos: nowhere.
bool NamesControlToken(const Tokenizer& tokenizer, std::string_view text) {
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (tokenizer.Type(id) != TokenType::kControl || tokenizer.TokenBytes(id).empty()) continue;
    if (text.find(tokenizer.TokenBytes(id)) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

ChatPrompt::ChatPrompt(const Tokenizer& tokenizer, const ChatPromptOptions& options)
    : tokenizer_(tokenizer), variables_(options.variables), now_(options.now) {
  if (!options.chat_template.empty()) template_.emplace(options.chat_template);
  const auto add = [&](const char* name, int32_t id) {
    if (id >= 0) special_tokens_[name] = tokenizer.TokenBytes(id);
  };
  add("bos_token", tokenizer.bos_id());
  add("eos_token", tokenizer.eos_id());
}

std::vector<std::string> ChatPrompt::stop() const {
  if (has_template()) return {};
  return {std::string("\n") + kUser};
}

std::string ChatPrompt::PlainText(const Json& messages) const {
  std::string text;
  for (const Json& message : messages) {
    const std::string role = message.value("role", "");
    if (role == "system") {
      text += ContentOf(message) + "\n\n";
    } else {
      text += fmt::format("{} {}\n", role == "assistant" ? kAssistant : kUser, ContentOf(message));
    }
  }
  return text + kAssistant;
}

std::string ChatPrompt::Render(const Json& messages) const {
  jinja::RenderOptions options;
  options.now = now_;
  return template_->Render({.messages = messages,
                            .tools = {},
                            .documents = {},
                            .add_generation_prompt = true,
                            .special_tokens = special_tokens_,
                            .variables = variables_},
                           options);
}

std::string ChatPrompt::Text(const Json& messages) const {
  if (!has_template()) return PlainText(messages);
  try {
    return Render(messages);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidArgument || !BeginsWithSystem(messages)) throw;
  }
  return Render(WithSystemInUser(messages));
}

std::vector<int32_t> ChatPrompt::Tokens(const Json& messages) const {
  const std::string text = Text(messages);
  std::vector<int32_t> tokens;
  if (!has_template()) {
    tokens = tokenizer_.Encode(text, {.allow_bos = true});
    return tokens;
  }
  size_t begin = 0;  // of what is not encoded yet
  size_t from = 0;   // where the next message's content is looked for
  for (const Json& message : messages) {
    const std::string content = ContentOf(message);
    if (content.empty()) continue;
    const size_t at = text.find(content, from);
    if (at == std::string::npos) continue;  // the template has changed it
    from = at + content.size();
    if (!NamesControlToken(tokenizer_, content)) continue;
    tokenizer_.Encode(std::string_view(text).substr(begin, at - begin), {.parse_special = true},
                      &tokens);
    tokenizer_.Encode(content, {}, &tokens);
    begin = from;
  }
  tokenizer_.Encode(std::string_view(text).substr(begin), {.parse_special = true}, &tokens);
  return tokens;
}

}  // namespace cambium
