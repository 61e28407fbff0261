// SPDX-License-Identifier: Apache-2.0
// Guesses of the tokens that come next, which the model then checks in one pass. A guess can only
// save time: the model draws its own token at every position from its own logits, which are the
// same bits whether the position came alone or behind a guess, and goes on only as far as the
// guess agrees (Leviathan et al. 2023, arXiv:2211.17192, with exact agreement for acceptance). So
// the text is identical to one without guesses, at any temperature.
//
// Thread safety: none; a proposer belongs to one text.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "infer/sampler.h"
#include "infer/session.h"
#include "text/tokenizer.h"

namespace cambium {

class Proposer {
 public:
  virtual ~Proposer() = default;
  // At most max_tokens tokens that may follow `history`, which is not empty. state: of the sampler,
  // at the end of history.
  virtual std::vector<int32_t> Propose(std::span<const int32_t> history, SamplerState state,
                                       size_t max_tokens) = 0;
};

// What followed the last tokens the last time that they were there (prompt lookup: Saxena 2023,
// github.com/apoorvumang/prompt-lookup-decoding). Of matches the longest counts, at least
// kMinMatch and at most kMaxMatch tokens, and of those the latest.
class NgramProposer : public Proposer {
 public:
  static constexpr size_t kMinMatch = 2;
  static constexpr size_t kMaxMatch = 12;
  std::vector<int32_t> Propose(std::span<const int32_t> history, SamplerState state,
                               size_t max_tokens) override;
};

// What a smaller model of the same vocabulary draws with the same sampler, random numbers included,
// as long as it gives its tokens at least kMinProbability.
class DraftProposer : public Proposer {
 public:
  static constexpr float kMinProbability = 0.25f;
  // engine and sampler must outlive it. sequence: as in Sampler::Sample. vocab_size: tokens from
  // there on are not drawn.
  DraftProposer(Engine& engine, const Sampler& sampler, uint64_t sequence, size_t vocab_size,
                size_t capacity);
  std::vector<int32_t> Propose(std::span<const int32_t> history, SamplerState state,
                               size_t max_tokens) override;

 private:
  Engine& engine_;
  const Sampler& sampler_;
  const uint64_t sampler_sequence_;
  const size_t vocab_size_;
  Sequence sequence_;  // a part of the history, then guesses
};

// Throws kInvalidArgument unless the draft's tokenizer has the same tokens with the same ids.
void CheckSameVocabulary(const Tokenizer& target, const Tokenizer& draft);

enum class SpeculationKind { kNone, kNgram, kDraft };

struct SpeculationOptions {
  SpeculationKind kind = SpeculationKind::kNone;
  Engine* draft = nullptr;  // for kDraft
  size_t max_tokens = 8;    // of one guess
};

// nullptr for kNone. sampler must outlive it; capacity: positions of the text at most.
std::unique_ptr<Proposer> MakeProposer(const SpeculationOptions& options, const Sampler& sampler,
                                       uint64_t sequence, size_t vocab_size, size_t capacity);

}  // namespace cambium
