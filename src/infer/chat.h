// SPDX-License-Identifier: Apache-2.0
// A conversation with a model: messages, and one sequence whose keys and values stay from turn to
// turn. Every turn renders the whole conversation anew and computes what follows the longest
// beginning that the sequence already holds, so that a template may change what it wrote before
// (many leave out earlier reasoning). Not thread-safe.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "infer/answer_parts.h"
#include "infer/chat_prompt.h"
#include "infer/generate.h"

namespace cambium {

struct ChatReply {
  std::string answer;
  std::string reasoning;
  FinishReason finish_reason = FinishReason::kEos;
  std::vector<int32_t> tokens;
  std::string fingerprint;   // where asked for
  size_t prompt_tokens = 0;  // of the whole conversation, before the answer
  GenerateStats stats;
};

using PartCallback = std::function<void(const AnswerPart& part)>;

class Chat {
 public:
  // All must outlive it. context: positions of the conversation at most, in [2, max_context].
  Chat(Engine& engine, const Tokenizer& tokenizer, const ChatPrompt& prompt, size_t context);

  // role and content; of answers also reasoning_content, where there was some.
  const Json& messages() const { return messages_; }
  size_t context() const { return sequence_.capacity(); }
  // Tokens whose keys and values are held.
  size_t held_tokens() const { return sequence_.tokens().size(); }

  // Empty: none. For the turns to come; the conversation so far stays.
  void SetSystem(const std::string& text);
  // Forgets all but the system message.
  void Reset();
  // Takes back the last thing said by the user, and the answer. False where there is none.
  bool Undo();

  // Says `text` and answers. options.max_tokens is cut to what fits; stop, shown_specials and
  // sequence numbers are set here. Throws kInvalidArgument before anything is computed, and the
  // conversation is as before, where the context or the template has no place for it.
  ChatReply Say(const std::string& text, const GenerateOptions& options,
                const PartCallback& on_part = nullptr);
  // Answers the last message of the user again, with other random numbers. Throws
  // kInvalidArgument where there is none.
  ChatReply Retry(const GenerateOptions& options, const PartCallback& on_part = nullptr);

 private:
  ChatReply Answer(GenerateOptions options, const PartCallback& on_part);

  Engine& engine_;
  const Tokenizer& tokenizer_;
  const ChatPrompt& prompt_;
  const std::vector<int32_t> marker_tokens_;
  Sequence sequence_;
  Json messages_ = Json::array();
  uint64_t tries_ = 0;  // of the last message: the sampler's sequence number
};

}  // namespace cambium
