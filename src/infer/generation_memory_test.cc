// SPDX-License-Identifier: Apache-2.0
#include "infer/generation_memory.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "infer/generate.h"

namespace cambium {
namespace {

class GenerationMemoryTest : public ::testing::Test {
 protected:
  GenerationMemoryTest() {
    ModelConfig config = FindModelPreset("nano").config;
    config.vocab_size = 257;
    config.context_length = 512;
    store_ = std::make_unique<ParameterStore>(config, /*with_gradients=*/false);
    store_->Initialize(5, pool_);
    engine_ = std::make_unique<Engine>(*store_, pool_, EngineOptions{.compute = DType::kBF16});
    draft_ = std::make_unique<Engine>(*store_, pool_,
                                      EngineOptions{.compute = DType::kBF16, .max_context = 100});
  }
  // Of one position: keys and values of all layers in bf16.
  size_t PositionBytes() const {
    const ModelConfig& config = engine_->config();
    return config.num_layers * config.num_kv_heads * 2 * config.head_dim * 2;
  }

  ThreadPool pool_{1};
  std::unique_ptr<ParameterStore> store_;
  std::unique_ptr<Engine> engine_, draft_;
};

TEST_F(GenerationMemoryTest, ASequenceHoldsItsPositionsAndFewMore) {
  for (const size_t positions : {1, 4, 16, 17, 250, 257, 511}) {
    const size_t bytes = PlanMemory(*engine_, 1, positions).cache_bytes;
    EXPECT_GE(bytes, positions * PositionBytes());
    EXPECT_LT(bytes, (positions + 16) * PositionBytes()) << positions;
  }
}

TEST_F(GenerationMemoryTest, CountsEverySequenceAndTheDraft) {
  const GenerationMemory one = PlanMemory(*engine_, 1, 200), many = PlanMemory(*engine_, 9, 200);
  EXPECT_EQ(many.all_cache_bytes(), 9 * one.all_cache_bytes());
  EXPECT_GT(many.working_bytes(), one.working_bytes());
  EXPECT_EQ(many.weights_bytes, one.weights_bytes);

  const GenerationMemory guessed =
      PlanMemory(*engine_, 9, 200, {.kind = SpeculationKind::kDraft, .draft = draft_.get()});
  EXPECT_EQ(guessed.weights_bytes, 2 * one.weights_bytes);
  EXPECT_EQ(guessed.cache_bytes, one.cache_bytes + draft_->CacheBytes(100));
  EXPECT_EQ(guessed.tables_bytes, one.tables_bytes + one.tables_bytes / 2);
  EXPECT_EQ(guessed.logits_bytes, 9 * one.logits_bytes);  // 8 guessed tokens, and what follows
  EXPECT_NE(many.Text().find("9 x 200 positions, bf16"), std::string::npos) << many.Text();
  const Json json = many.ToJson();
  EXPECT_EQ(json["total"], json["weights"].get<size_t>() + json["kv_cache"].get<size_t>() +
                               json["working"].get<size_t>());
}

// Any one of them fits, and so many cannot be made before they are found to be too many.
TEST_F(GenerationMemoryTest, MoreSequencesThanMemoryHoldsAreRefusedFirst) {
  const std::string special = "<|endoftext|>";
  const Tokenizer tokenizer(MakeByteTokenizer({&special, 1}));
  const std::vector<int32_t> prompt = {1, 2, 3};
  const GenerateOptions options = {.max_tokens = 200, .num_sequences = size_t{1} << 40};
  try {
    Generate(*engine_, tokenizer, prompt, options);
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
    const std::string message = error.what();
    EXPECT_NE(message.find("1099511627776 sequences of 202 tokens"), std::string::npos) << message;
    EXPECT_NE(message.find("fewer sequences"), std::string::npos) << message;
  }
}

TEST_F(GenerationMemoryTest, ASequenceLargerThanMemoryIsRefused) {
  ModelConfig config = engine_->config();
  config.num_layers = 4096;
  config.context_length = size_t{1} << 20;
  const auto shapes = ParameterStore::ShapesOnly(config);
  const Engine engine(*shapes, pool_,
                      {.compute = DType::kF32, .max_batch_tokens = 1, .pack_weights = false});
  try {
    engine.NewSequence(engine.max_context());
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted) << error.what();
  }
}

}  // namespace
}  // namespace cambium
