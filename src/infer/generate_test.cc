// SPDX-License-Identifier: Apache-2.0
#include "infer/generate.h"

#include <gtest/gtest.h>

#include <csignal>

#include "base/error.h"
#include "base/interrupt.h"
#include "text/stream_decoder.h"

namespace cambium {
namespace {

class GenerateTest : public ::testing::Test {
 protected:
  GenerateTest() {
    ModelConfig config = FindModelPreset("nano").config;
    config.vocab_size = 264;  // more than the tokenizer has: 257
    store_ = std::make_unique<ParameterStore>(config, /*with_gradients=*/false);
    store_->Initialize(5, pool_);
    engine_ = std::make_unique<Engine>(*store_, pool_, EngineOptions{.prefill_chunk = 8});
    prompt_ = tokenizer_.Encode("The quick brown fox");
  }

  GenerateResult Run(const GenerateOptions& options, const TextCallback& on_text = nullptr) {
    return Generate(*engine_, tokenizer_, prompt_, options, on_text);
  }

  ThreadPool pool_{2};
  const std::string special_ = "<|endoftext|>";
  Tokenizer tokenizer_{MakeByteTokenizer({&special_, 1})};
  std::unique_ptr<ParameterStore> store_;
  std::unique_ptr<Engine> engine_;
  std::vector<int32_t> prompt_;
};

TEST_F(GenerateTest, ABatchGivesWhatEachSequenceGivesAlone) {
  GenerateOptions options = {.sampler = {.top_p = 0.9f, .penalties = {.repeat = 1.1f}, .seed = 9},
                             .max_tokens = 40,
                             .num_sequences = 5,
                             .first_sequence = 3};
  const GenerateResult batch = Run(options);
  ASSERT_EQ(batch.continuations.size(), 5u);
  EXPECT_NE(batch.continuations[0].tokens, batch.continuations[1].tokens);
  for (size_t i = 0; i < 5; ++i) {
    const Continuation& expected = batch.continuations[i];
    EXPECT_EQ(expected.sequence, 3 + i);
    options.num_sequences = 1;
    options.first_sequence = 3 + i;
    const Continuation alone = Run(options).continuations.at(0);
    EXPECT_EQ(alone.tokens, expected.tokens);
    EXPECT_EQ(alone.logprobs, expected.logprobs);
    EXPECT_EQ(alone.text, expected.text);
    EXPECT_EQ(alone.finish_reason, expected.finish_reason);
  }
}

// Every token is what the sampler says of the logits of a fresh pass over all tokens before it.
TEST_F(GenerateTest, TokensFollowFromPromptAndSeed) {
  const GenerateOptions options = {.sampler = {.temperature = 0.8f, .top_k = 50, .seed = 4},
                                   .max_tokens = 20,
                                   .ignore_eos = true};
  const Continuation made = Run(options).continuations.at(0);
  ASSERT_EQ(made.tokens.size(), 20u);
  std::vector<int32_t> history = prompt_;
  for (size_t i = 0; i < made.tokens.size(); ++i) {
    Sequence sequence = engine_->NewSequence(history.size());
    const ForwardRequest request = {&sequence, history, LogitsOf::kLast};
    const SampledToken sampled =
        Sampler(options.sampler)
            .Sample(engine_->Forward({&request, 1}).first(257), history, 0, history.size());
    ASSERT_EQ(sampled.token, made.tokens[i]);
    ASSERT_EQ(sampled.logprob, made.logprobs[i]);
    history.push_back(sampled.token);
  }
}

TEST_F(GenerateTest, StreamsExactlyTheText) {
  std::vector<std::string> streamed(3);
  const GenerateResult result =
      Run({.max_tokens = 60, .num_sequences = 3},
          [&](size_t index, std::string_view text) { streamed[index] += text; });
  for (size_t i = 0; i < 3; ++i) {
    const Continuation& made = result.continuations[i];
    EXPECT_EQ(streamed[i], made.text);
    EXPECT_FALSE(made.text.empty());
    std::string well_formed;
    StreamDecoder decoder(tokenizer_, IllFormed::kReplace);
    for (const int32_t token : made.tokens) well_formed += decoder.Push(token);
    EXPECT_EQ(made.text, well_formed + decoder.Finish());
  }
}

TEST_F(GenerateTest, EndsAtEndOfText) {
  // The untrained model draws any token about equally often.
  const GenerateResult result =
      Run({.sampler = {.temperature = 1}, .max_tokens = 100, .num_sequences = 16});
  size_t ended = 0;
  for (const Continuation& made : result.continuations) {
    for (const int32_t token : made.tokens) EXPECT_LT(token, 257);
    const bool eos = made.tokens.back() == tokenizer_.eos_id();
    EXPECT_EQ(made.finish_reason, eos ? FinishReason::kEos : FinishReason::kLength);
    EXPECT_EQ(made.text.find("endoftext"), std::string::npos);
    EXPECT_TRUE(eos || made.tokens.size() == 100u);
    ended += eos ? 1 : 0;
  }
  EXPECT_GT(ended, 0u);
  EXPECT_LT(ended, 16u);
}

TEST_F(GenerateTest, EndsBeforeAStopString) {
  const GenerateOptions options = {
      .sampler = {.top_k = 40, .seed = 2}, .max_tokens = 80, .ignore_eos = true};
  const std::string text = Run(options).continuations[0].text;
  GenerateOptions stopping = options;
  const std::string stop = text.substr(text.size() / 2, 3);
  stopping.stop = {"never to be seen", stop};
  std::string streamed;
  const Continuation made =
      Run(stopping, [&](size_t, std::string_view piece) { streamed += piece; }).continuations[0];
  EXPECT_EQ(made.finish_reason, FinishReason::kStop);
  EXPECT_EQ(made.text, text.substr(0, text.find(stop)));
  EXPECT_EQ(streamed, made.text);
  EXPECT_LT(made.tokens.size(), 80u);
}

TEST_F(GenerateTest, FillsTheContextAndRefusesMore) {
  const size_t room = engine_->max_context() - prompt_.size();
  EXPECT_EQ(Run({.ignore_eos = true}).continuations[0].tokens.size(), room);
  EXPECT_EQ(Run({.max_tokens = room, .ignore_eos = true}).continuations[0].tokens.size(), room);
  EXPECT_THROW(Run({.max_tokens = room + 1}), Error);
  prompt_.resize(engine_->max_context() - 1);
  EXPECT_EQ(Run({}).continuations[0].tokens.size(), 1u);
  prompt_.resize(engine_->max_context());
  EXPECT_THROW(Run({}), Error);
  prompt_.clear();
  EXPECT_THROW(Run({}), Error);
}

TEST_F(GenerateTest, StopsOnInterrupt) {
  InstallInterruptHandler();
  size_t pieces = 0;
  const Continuation made = Run({.max_tokens = 100, .ignore_eos = true}, [&](size_t, auto) {
                              if (++pieces == 5) std::raise(SIGINT);
                            }).continuations[0];
  EXPECT_EQ(made.finish_reason, FinishReason::kCancelled);
  EXPECT_GE(made.tokens.size(), 5u);
  EXPECT_LT(made.tokens.size(), 100u);
  EXPECT_FALSE(made.text.empty());
  EXPECT_TRUE(Run({.max_tokens = 5}).continuations[0].tokens.empty());
  ClearInterrupt();
}

TEST_F(GenerateTest, CountsTokens) {
  const GenerateResult result = Run({.max_tokens = 10, .ignore_eos = true, .num_sequences = 2});
  EXPECT_EQ(result.stats.generated_tokens, 20u);
  EXPECT_EQ(result.stats.decoded_tokens, 18u);
  EXPECT_EQ(result.stats.prompt_tokens, 2 * prompt_.size());
  EXPECT_GT(result.stats.PrefillTokensPerSecond(), 0);
  EXPECT_GT(result.stats.DecodeTokensPerSecond(), 0);
  EXPECT_GE(result.stats.first_token_seconds, result.stats.prefill_seconds);
}

}  // namespace
}  // namespace cambium
