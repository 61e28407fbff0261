// SPDX-License-Identifier: Apache-2.0
#include "text/chat_template.h"

#include "base/error.h"

namespace cambium {
namespace {

// Reasoning is passed under several names; templates read the first, gpt-oss's the second.
constexpr const char* kReasoningNames[] = {"reasoning_content", "thinking", "reasoning"};

Json WithReasoningNames(const Json& message) {
  const Json* reasoning = nullptr;
  for (const char* name : kReasoningNames) {
    const auto found = message.find(name);
    if (reasoning == nullptr && found != message.end() && !found->is_null()) reasoning = &*found;
  }
  if (reasoning == nullptr) return message;
  // In this order: a template may go through the keys.
  Json renamed = Json::object();
  renamed["thinking"] = *reasoning;
  for (const auto& [key, value] : message.items()) renamed[key] = value;
  renamed["reasoning_content"] = *reasoning;
  return renamed;
}

Json Messages(const Json& messages) {
  if (!messages.is_array()) {
    Fail(ErrorCode::kInvalidArgument, "chat template: messages is not a list");
  }
  Json result = Json::array();
  for (const Json& message : messages) {
    if (!message.is_object()) {
      Fail(ErrorCode::kInvalidArgument, "chat template: message {} is not an object",
           result.size());
    }
    result.push_back(WithReasoningNames(message));
  }
  return result;
}

}  // namespace

std::string ChatTemplate::Render(const ChatInput& input,
                                 const jinja::RenderOptions& options) const {
  Json variables = Json::object();
  for (const Json* more : {&input.special_tokens, &input.variables}) {
    if (!more->is_object()) {
      Fail(ErrorCode::kInvalidArgument, "chat template: variables are given as an object");
    }
    for (const auto& [key, value] : more->items()) variables[key] = value;
  }
  variables["messages"] = Messages(input.messages);
  variables["tools"] = input.tools;
  variables["documents"] = input.documents;
  variables["add_generation_prompt"] = input.add_generation_prompt;
  return template_.Render(variables, options);
}

}  // namespace cambium
