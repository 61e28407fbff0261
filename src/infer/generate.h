// SPDX-License-Identifier: Apache-2.0
// Text from a prompt: the loop of forward pass, sampling, decoding and stopping, for any number of
// continuations in one batch.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "infer/sampler.h"
#include "infer/session.h"
#include "text/tokenizer.h"

namespace cambium {

struct GenerateOptions {
  SamplerOptions sampler;
  size_t max_tokens = 0;          // 0: until the context is full
  std::vector<std::string> stop;  // the text ends right before the first of these
  bool ignore_eos = false;
  // Continuation i is sequence first_sequence + i of the sampler: it is the same text whether it is
  // made alone or with others.
  size_t num_sequences = 1;
  uint64_t first_sequence = 0;
};

enum class FinishReason {
  kEos,        // the model ended the text
  kStop,       // a stop string came
  kLength,     // max_tokens, or the end of the context
  kCancelled,  // Ctrl-C
};
// "eos", "stop", "length", "cancelled".
const char* FinishReasonName(FinishReason reason);

struct Continuation {
  uint64_t sequence = 0;
  std::vector<int32_t> tokens;  // all that were drawn, an end-of-text token too
  std::vector<float> logprobs;  // one per token
  std::string text;             // well-formed UTF-8: ill-formed bytes are U+FFFD
  FinishReason finish_reason = FinishReason::kLength;
};

struct GenerateStats {
  size_t prompt_tokens = 0;     // of all sequences, as computed
  size_t generated_tokens = 0;  // of all sequences
  double prefill_seconds = 0;
  double first_token_seconds = 0;  // from the call to the first token
  double decode_seconds = 0;       // from the first token to the last
  double PrefillTokensPerSecond() const;
  // Tokens after the first of each sequence.
  double DecodeTokensPerSecond() const;
  size_t decoded_tokens = 0;
};

struct GenerateResult {
  std::vector<Continuation> continuations;
  GenerateStats stats;
};

// Called with every piece of text as soon as it may be shown, and the number of its continuation.
using TextCallback = std::function<void(size_t index, std::string_view text)>;

// Throws kInvalidArgument, before anything is computed, when the prompt is empty, or it and
// max_tokens do not fit the context. Looks at Interrupted() between passes.
GenerateResult Generate(Engine& engine, const Tokenizer& tokenizer, std::span<const int32_t> prompt,
                        const GenerateOptions& options, const TextCallback& on_text = nullptr);

}  // namespace cambium
