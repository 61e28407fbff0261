// SPDX-License-Identifier: Apache-2.0
#include "infer/chat.h"

#include <algorithm>

#include "base/error.h"

namespace cambium {
namespace {

bool HasRole(const Json& message, const char* role) { return message["role"] == role; }

// The context may have been chosen smaller than what the model holds.
std::string OrLarger(size_t context, size_t max_context) {
  if (context >= max_context) return "";
  return fmt::format(", or the context larger (--context, at most {} for this model)", max_context);
}

}  // namespace

Chat::Chat(Engine& engine, const Tokenizer& tokenizer, const ChatPrompt& prompt, size_t context)
    : engine_(engine),
      tokenizer_(tokenizer),
      prompt_(prompt),
      marker_tokens_(MarkerTokens(tokenizer)),
      sequence_(engine.NewSequence(context)) {}

void Chat::SetSystem(const std::string& text) {
  if (!messages_.empty() && HasRole(messages_[0], "system")) messages_.erase(0);
  if (text.empty()) return;
  messages_.insert(messages_.begin(), Json{{"role", "system"}, {"content", text}});
}

void Chat::Reset() {
  const bool keep = !messages_.empty() && HasRole(messages_[0], "system");
  messages_ = keep ? Json::array({messages_[0]}) : Json::array();
}

bool Chat::Undo() {
  size_t last = messages_.size();
  while (last > 0 && !HasRole(messages_[last - 1], "user")) --last;
  if (last == 0) return false;
  while (messages_.size() >= last) messages_.erase(messages_.size() - 1);
  return true;
}

ChatReply Chat::Say(const std::string& text, const GenerateOptions& options,
                    const PartCallback& on_part) {
  messages_.push_back({{"role", "user"}, {"content", text}});
  tries_ = 0;
  try {
    return Answer(options, on_part);
  } catch (const Error&) {
    messages_.erase(messages_.size() - 1);
    throw;
  }
}

ChatReply Chat::Retry(const GenerateOptions& options, const PartCallback& on_part) {
  Json before = messages_;
  while (!messages_.empty() && HasRole(messages_.back(), "assistant")) {
    messages_.erase(messages_.size() - 1);
  }
  if (messages_.empty() || !HasRole(messages_.back(), "user")) {
    messages_ = std::move(before);
    Fail(ErrorCode::kInvalidArgument, "there is nothing to answer again");
  }
  ++tries_;
  return Answer(options, on_part);
}

ChatReply Chat::Answer(GenerateOptions options, const PartCallback& on_part) {
  const std::vector<int32_t> tokens = prompt_.Tokens(messages_);
  if (tokens.size() >= context()) {
    Fail(ErrorCode::kInvalidArgument,
         "the conversation has {} tokens, and the context holds {}: nothing can be said any more "
         "until it is shorter{}",
         tokens.size(), context(), OrLarger(context(), engine_.config().context_length));
  }
  const size_t room = context() - tokens.size();
  options.max_tokens = options.max_tokens == 0 ? room : std::min(room, options.max_tokens);
  options.num_sequences = 1;
  options.first_sequence = tries_;
  options.stop = prompt_.stop();
  options.shown_specials = marker_tokens_;

  ChatReply reply;
  reply.prompt_tokens = tokens.size();
  AnswerParts divide(prompt_.Text(messages_));
  const auto take = [&](const std::vector<AnswerPart>& parts) {
    for (const AnswerPart& part : parts) {
      (part.reasoning ? reply.reasoning : reply.answer) += part.text;
      if (on_part) on_part(part);
    }
  };
  GenerateResult result =
      GenerateInto(engine_, tokenizer_, sequence_, tokens, options,
                   [&](size_t, std::string_view text) { take(divide.Push(text)); });
  take(divide.Finish());
  Continuation& made = result.continuations[0];
  reply.finish_reason = made.finish_reason;
  reply.tokens = std::move(made.tokens);
  reply.fingerprint = std::move(made.fingerprint);
  reply.stats = result.stats;
  Json message = {{"role", "assistant"}, {"content", reply.answer}};
  if (!reply.reasoning.empty()) message["reasoning_content"] = reply.reasoning;
  messages_.push_back(std::move(message));
  return reply;
}

}  // namespace cambium
