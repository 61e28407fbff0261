// SPDX-License-Identifier: Apache-2.0
// Text from a prompt: the loop of forward pass, sampling, decoding and stopping, for any number of
// continuations in one batch, with or without guesses (speculation.h).
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "infer/generation_memory.h"
#include "infer/sampler.h"
#include "infer/session.h"
#include "infer/speculation.h"
#include "text/tokenizer.h"

namespace cambium {

struct GenerateOptions {
  SamplerOptions sampler;
  size_t max_tokens = 0;          // 0: until the context is full
  std::vector<std::string> stop;  // the text ends right before the first of these
  bool ignore_eos = false;        // also of the other tokens that end a turn (end_tokens.h)
  // Continuation i is sequence first_sequence + i of the sampler: it is the same text whether it is
  // made alone or with others.
  size_t num_sequences = 1;
  uint64_t first_sequence = 0;
  SpeculationOptions speculation;
  size_t num_alternatives = 0;  // most probable tokens that are reported at every position
  bool fingerprint = false;     // of the logits, in every continuation
  // Control tokens that show as their names in the text, instead of not at all.
  std::vector<int32_t> shown_specials;
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
  // One per token; empty without num_alternatives.
  std::vector<std::vector<SampledToken>> alternatives;
  std::string text;  // well-formed UTF-8: ill-formed bytes are U+FFFD
  FinishReason finish_reason = FinishReason::kLength;
  // SHA-256 over the f32 bytes, little-endian, of the rows of logits that tokens were drawn from,
  // in order; hex. The first row is the prompt's last. Empty unless asked for.
  std::string fingerprint;
};

struct GenerateStats {
  size_t prompt_tokens = 0;     // of all sequences, as computed
  size_t cached_tokens = 0;     // of the prompt that were there already
  size_t generated_tokens = 0;  // of all sequences
  size_t proposed_tokens = 0;   // by speculation, of all sequences
  size_t accepted_tokens = 0;   // of those, the ones that became text
  size_t passes = 0;            // of decoding, each over all sequences
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

// What Generate will take of memory. Throws kInvalidArgument when the prompt is empty, or it and
// max_tokens do not fit the context.
GenerationMemory PlanGeneration(const Engine& engine, size_t prompt_tokens,
                                const GenerateOptions& options);

// Throws as PlanGeneration, and kResourceExhausted when there is not as much memory, before
// anything is taken or computed. Looks at Interrupted() between passes.
GenerateResult Generate(Engine& engine, const Tokenizer& tokenizer, std::span<const int32_t> prompt,
                        const GenerateOptions& options, const TextCallback& on_text = nullptr);

// The same for one continuation in a sequence that is there already (num_sequences is 1). Of what
// it holds, the longest beginning that it shares with the prompt is not computed again, and the
// rest is forgotten. Afterwards it holds the prompt and the tokens but the last. The context is its
// capacity.
GenerateResult GenerateInto(Engine& engine, const Tokenizer& tokenizer, Sequence& sequence,
                            std::span<const int32_t> prompt, const GenerateOptions& options,
                            const TextCallback& on_text = nullptr);

}  // namespace cambium
