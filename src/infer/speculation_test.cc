// SPDX-License-Identifier: Apache-2.0
// Guesses change how fast a text comes, and nothing else.
#include "infer/speculation.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "infer/generate.h"

namespace cambium {
namespace {

std::vector<int32_t> Ngram(const std::vector<int32_t>& history, size_t max_tokens = 8) {
  return NgramProposer().Propose(history, {}, max_tokens);
}

TEST(NgramProposer, TakesWhatFollowedTheLongestAndLatestMatch) {
  using Tokens = std::vector<int32_t>;
  EXPECT_EQ(Ngram({1}), Tokens{});
  EXPECT_EQ(Ngram({1, 2, 3}), Tokens{});
  EXPECT_EQ(Ngram({1, 2, 3, 2}), Tokens{});  // one token is no match
  EXPECT_EQ(Ngram({1, 2, 3, 1, 2}), (Tokens{3, 1, 2}));
  EXPECT_EQ(Ngram({1, 2, 3, 1, 2}, 2), (Tokens{3, 1}));
  EXPECT_EQ(Ngram({1, 2, 3, 1, 2, 4, 1, 2}, 1), Tokens{4});        // the latest
  EXPECT_EQ(Ngram({7, 1, 2, 3, 1, 2, 4, 7, 1, 2}, 1), Tokens{3});  // the longest
  EXPECT_EQ(Ngram(Tokens(40, 5), 4), Tokens{5});  // what is there, not what would follow
}

class SpeculationTest : public ::testing::Test {
 protected:
  SpeculationTest() {
    target_ = MakeModel(5);
    twin_ = MakeModel(5);
    // Near the target, so that it agrees now and then.
    near_ = MakeModel(5);
    for (size_t i = 0; i < near_->specs().size(); ++i) {
      float* values = near_->weight(i).value.f32();
      for (size_t j = 0; j < near_->specs()[i].size(); j += 7) values[j] *= 1.05f;
    }
    engine_ = std::make_unique<Engine>(*target_, pool_, EngineOptions{.prefill_chunk = 8});
    twin_engine_ = std::make_unique<Engine>(*twin_, pool_, EngineOptions{});
    near_engine_ = std::make_unique<Engine>(*near_, pool_, EngineOptions{.max_context = 64});
    prompt_ = tokenizer_.Encode("the quick brown fox and the quick brown dog and the quick");
  }

  std::unique_ptr<ParameterStore> MakeModel(uint64_t seed) {
    ModelConfig config = FindModelPreset("nano").config;
    config.vocab_size = 257;
    auto store = std::make_unique<ParameterStore>(config, /*with_gradients=*/false);
    store->Initialize(seed, pool_);
    // An untrained model finds all tokens alike; this one is sure of itself.
    for (size_t i = 0; i < store->specs().size(); ++i) {
      if (store->specs()[i].name != "output_norm.weight") continue;
      float* values = store->weight(i).value.f32();
      for (size_t j = 0; j < store->specs()[i].size(); ++j) values[j] *= 12;
    }
    return store;
  }

  GenerateResult Run(GenerateOptions options, SpeculationKind kind, Engine* draft = nullptr,
                     size_t max_tokens = 8) {
    options.fingerprint = true;
    options.num_alternatives = 3;
    options.speculation = {.kind = kind, .draft = draft, .max_tokens = max_tokens};
    return Generate(*engine_, tokenizer_, prompt_, options);
  }

  ThreadPool pool_{1};
  const std::string special_ = "<|endoftext|>";
  Tokenizer tokenizer_{MakeByteTokenizer({&special_, 1})};
  std::unique_ptr<ParameterStore> target_, twin_, near_;
  std::unique_ptr<Engine> engine_, twin_engine_, near_engine_;
  std::vector<int32_t> prompt_;
};

void ExpectSameText(const GenerateResult& a, const GenerateResult& b, const std::string& where) {
  ASSERT_EQ(a.continuations.size(), b.continuations.size());
  for (size_t i = 0; i < a.continuations.size(); ++i) {
    const Continuation& x = a.continuations[i];
    const Continuation& y = b.continuations[i];
    EXPECT_EQ(x.tokens, y.tokens) << where;
    EXPECT_EQ(x.logprobs, y.logprobs) << where;
    EXPECT_EQ(x.text, y.text) << where;
    EXPECT_EQ(x.fingerprint, y.fingerprint) << where;
    EXPECT_EQ(x.finish_reason, y.finish_reason) << where;
    ASSERT_EQ(x.alternatives.size(), x.tokens.size()) << where;
    ASSERT_EQ(y.alternatives.size(), y.tokens.size()) << where;
    for (size_t t = 0; t < x.tokens.size(); ++t) {
      for (size_t k = 0; k < 3; ++k) {
        EXPECT_EQ(x.alternatives[t][k].token, y.alternatives[t][k].token) << where;
      }
    }
  }
}

TEST_F(SpeculationTest, TextAndLogitsAreThoseWithoutGuesses) {
  const std::vector<std::pair<std::string, GenerateOptions>> all = {
      {"greedy", {.sampler = {.temperature = 0}, .max_tokens = 60}},
      {"seeded", {.sampler = {.temperature = 0.7f, .seed = 3}, .max_tokens = 60}},
      {"batch",
       {.sampler = {.temperature = 0.2f, .top_p = 0.9f, .seed = 4},
        .max_tokens = 50,
        .num_sequences = 3}},
      {"mirostat and penalties",
       {.sampler = {.penalties = {.repeat = 1.2f}, .mirostat = {.active = true, .tau = 2}},
        .max_tokens = 40}},
      {"a stop string",
       {.sampler = {.temperature = 0.3f}, .max_tokens = 60, .stop = {"e", "th", "a"}}},
  };
  size_t accepted = 0, proposed = 0;
  for (const auto& [name, options] : all) {
    const GenerateResult plain = Run(options, SpeculationKind::kNone);
    EXPECT_EQ(plain.continuations[0].fingerprint.size(), 64u);
    EXPECT_EQ(plain.stats.proposed_tokens, 0u);
    for (const size_t max_tokens : {size_t{1}, size_t{5}, size_t{16}}) {
      const GenerateResult ngram = Run(options, SpeculationKind::kNgram, nullptr, max_tokens);
      ExpectSameText(ngram, plain, name + ", n-gram");
      const GenerateResult draft =
          Run(options, SpeculationKind::kDraft, near_engine_.get(), max_tokens);
      ExpectSameText(draft, plain, name + ", draft");
      accepted += draft.stats.accepted_tokens;
      proposed += draft.stats.proposed_tokens;
      EXPECT_LE(draft.stats.accepted_tokens, draft.stats.proposed_tokens);
    }
  }
  EXPECT_GT(accepted, 0u);
  EXPECT_GT(proposed, accepted);  // some were wrong, too
}

TEST_F(SpeculationTest, ATwinIsAlwaysRight) {
  const GenerateOptions options = {.sampler = {.temperature = 0.7f, .logit_bias = {}, .seed = 1},
                                   .max_tokens = 41,
                                   .ignore_eos = true};
  const GenerateResult result = Run(options, SpeculationKind::kDraft, twin_engine_.get(), 4);
  EXPECT_GT(result.stats.proposed_tokens, 10u);
  EXPECT_EQ(result.stats.accepted_tokens, result.stats.proposed_tokens);
  EXPECT_EQ(result.stats.decoded_tokens, result.stats.accepted_tokens + result.stats.passes);
}

TEST_F(SpeculationTest, FingerprintTellsModelsAndTextsApart) {
  const GenerateOptions options = {.sampler = {.temperature = 0}, .max_tokens = 5};
  const std::string one = Run(options, SpeculationKind::kNone).continuations[0].fingerprint;
  EXPECT_EQ(Run(options, SpeculationKind::kNone).continuations[0].fingerprint, one);
  prompt_.back() ^= 1;
  EXPECT_NE(Run(options, SpeculationKind::kNone).continuations[0].fingerprint, one);
}

TEST_F(SpeculationTest, RefusesAnotherVocabulary) {
  CheckSameVocabulary(tokenizer_, tokenizer_);
  const std::string other = "<|end|>";
  const Tokenizer draft(MakeByteTokenizer({&other, 1}));
  EXPECT_THROW(CheckSameVocabulary(tokenizer_, draft), Error);
  const Tokenizer smaller(MakeByteTokenizer({}));
  EXPECT_THROW(CheckSameVocabulary(tokenizer_, smaller), Error);
}

TEST_F(SpeculationTest, ASequenceKeepsWhatTheNextPromptShares) {
  Sequence sequence = engine_->NewSequence(engine_->max_context());
  const GenerateOptions options = {.sampler = {.temperature = 0.5f, .seed = 8},
                                   .max_tokens = 20,
                                   .ignore_eos = true,
                                   .fingerprint = true};
  const GenerateResult first = GenerateInto(*engine_, tokenizer_, sequence, prompt_, options);
  EXPECT_EQ(first.stats.cached_tokens, 0u);
  EXPECT_EQ(first.continuations[0].fingerprint,
            Generate(*engine_, tokenizer_, prompt_, options).continuations[0].fingerprint);
  std::vector<int32_t> longer = prompt_;
  const std::vector<int32_t>& made = first.continuations[0].tokens;
  longer.insert(longer.end(), made.begin(), made.begin() + 10);
  longer.push_back(made[10] ^ 1);
  for (const SpeculationKind kind : {SpeculationKind::kNone, SpeculationKind::kNgram}) {
    GenerateOptions again = options;
    again.speculation.kind = kind;
    const GenerateResult warm = GenerateInto(*engine_, tokenizer_, sequence, longer, again);
    EXPECT_GE(warm.stats.cached_tokens, prompt_.size() + 10);
    EXPECT_EQ(warm.stats.cached_tokens + warm.stats.prompt_tokens, longer.size());
    EXPECT_EQ(warm.continuations[0].fingerprint,
              Generate(*engine_, tokenizer_, longer, options).continuations[0].fingerprint);
    EXPECT_EQ(sequence.tokens().size(), longer.size() + 19);
  }
}

}  // namespace
}  // namespace cambium
