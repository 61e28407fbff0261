// SPDX-License-Identifier: Apache-2.0
#include "infer/speculation.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace cambium {

std::vector<int32_t> NgramProposer::Propose(std::span<const int32_t> history, SamplerState,
                                            size_t max_tokens) {
  const size_t n = history.size();
  size_t best_length = kMinMatch - 1;
  size_t best_end = 0;  // where the match ends, and the guess begins
  for (size_t end = n - 1; end >= kMinMatch; --end) {
    size_t length = 0;
    while (length < std::min(end, kMaxMatch) &&
           history[end - 1 - length] == history[n - 1 - length])
      ++length;
    if (length > best_length) {
      best_length = length;
      best_end = end;
    }
    if (length == kMaxMatch) break;
  }
  if (best_end == 0) return {};
  const std::span<const int32_t> guess =
      history.subspan(best_end, std::min(max_tokens, n - best_end));
  return {guess.begin(), guess.end()};
}

DraftProposer::DraftProposer(Engine& engine, const Sampler& sampler, uint64_t sequence,
                             size_t vocab_size, size_t capacity)
    : engine_(engine),
      sampler_(sampler),
      sampler_sequence_(sequence),
      vocab_size_(std::min(vocab_size, engine.config().vocab_size)),
      sequence_(engine.NewSequence(std::min(capacity, engine.max_context()))) {}

std::vector<int32_t> DraftProposer::Propose(std::span<const int32_t> history, SamplerState state,
                                            size_t max_tokens) {
  // Wrong guesses are forgotten; the last token is fed in any case, for its logits.
  const std::vector<int32_t>& known = sequence_.tokens();
  const size_t limit = std::min(known.size(), history.size() - 1);
  const auto agreed =
      std::mismatch(known.begin(), known.begin() + static_cast<ptrdiff_t>(limit), history.begin());
  sequence_.Truncate(static_cast<size_t>(agreed.first - known.begin()));

  std::vector<int32_t> text(history.begin(), history.end());
  std::span<const int32_t> fresh = std::span(text).subspan(sequence_.tokens().size());
  while (text.size() - history.size() < max_tokens) {
    if (sequence_.tokens().size() + fresh.size() > sequence_.capacity()) break;
    const ForwardRequest request = {&sequence_, fresh, LogitsOf::kLast};
    const std::span<const float> logits = engine_.Forward({&request, 1}).first(vocab_size_);
    const SampledToken sampled =
        sampler_.Sample(logits, text, sampler_sequence_, text.size(), &state);
    if (sampled.logprob < std::log(kMinProbability)) break;
    text.push_back(sampled.token);
    fresh = std::span(text).last(1);
  }
  return {text.begin() + static_cast<ptrdiff_t>(history.size()), text.end()};
}

void CheckSameVocabulary(const Tokenizer& target, const Tokenizer& draft) {
  const std::vector<std::string>& a = target.data().tokens;
  const std::vector<std::string>& b = draft.data().tokens;
  if (a == b) return;
  const size_t at =
      static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  Fail(ErrorCode::kInvalidArgument,
       "the two models have different vocabularies ({} and {} tokens, which differ from token {} "
       "on); both must come with the same tokenizer",
       a.size(), b.size(), at);
}

std::unique_ptr<Proposer> MakeProposer(const SpeculationOptions& options, const Sampler& sampler,
                                       uint64_t sequence, size_t vocab_size, size_t capacity) {
  switch (options.kind) {
    case SpeculationKind::kNone:
      break;
    case SpeculationKind::kNgram:
      return std::make_unique<NgramProposer>();
    case SpeculationKind::kDraft:
      return std::make_unique<DraftProposer>(*options.draft, sampler, sequence, vocab_size,
                                             capacity);
  }
  return nullptr;
}

}  // namespace cambium
