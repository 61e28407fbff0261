// SPDX-License-Identifier: Apache-2.0
// One sequence, one set of bits: whatever the chunks, the batch, the threads and the instruction
// set, and the same as the forward pass of training.
#include "infer/session.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "base/philox.h"
#include "numerics/simd_target.h"

namespace cambium {
namespace {

constexpr size_t kVocab = 256;
constexpr size_t kNumSequences = 4;

ModelConfig NanoConfig() {
  ModelConfig config = FindModelPreset("nano").config;
  config.vocab_size = kVocab;
  config.num_kv_heads = 1;
  config.context_length = 512;
  return config;
}

std::vector<int32_t> RandomTokens(size_t count, uint64_t stream) {
  const Philox random(1, RandomPurpose::kTest);
  std::vector<int32_t> tokens(count);
  for (size_t i = 0; i < count; ++i) {
    tokens[i] = static_cast<int32_t>(random.Below(kVocab, stream, i));
  }
  return tokens;
}

// Lengths on both sides of the splits and panels of attention, and of the chunks.
std::vector<std::vector<int32_t>> TestTokens() {
  return {RandomTokens(301, 0), RandomTokens(1, 1), RandomTokens(64, 2), RandomTokens(130, 3)};
}

std::unique_ptr<ParameterStore> RandomModel(const ModelConfig& config, ThreadPool& pool) {
  auto store = std::make_unique<ParameterStore>(config, /*with_gradients=*/false);
  store->Initialize(7, pool);
  return store;
}

// As training computes them: recorded, weights packed per use, no cache, the whole at once.
std::vector<float> TrainingLogits(const ModelConfig& config, DType compute,
                                  const std::vector<int32_t>& tokens) {
  ThreadPool pool(1);
  const ScopedFlushDenormals flush;
  const auto store = RandomModel(config, pool);
  Transformer model(*store, config.context_length);
  std::vector<int32_t> positions;
  std::vector<size_t> rows;
  for (size_t i = 0; i < tokens.size(); ++i) {
    positions.push_back(static_cast<int32_t>(i));
    rows.push_back(i);
  }
  const std::vector<ops::AttentionSegment> segments = {{.row = 0, .num_rows = tokens.size()}};
  Arena arena(size_t{64} << 20);
  Graph graph(arena, pool, {.compute = compute, .recording = true});
  const Graph::Value hidden =
      model.Hidden(graph, {.tokens = tokens, .positions = positions, .segments = segments});
  std::vector<float> logits(tokens.size() * config.vocab_size);
  graph.Logits(hidden, model.head(), rows, config.logit_softcap, logits.data());
  return logits;
}

bool SameBits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

class SessionTest : public ::testing::Test {
 protected:
  ~SessionTest() override { SetSimdTarget(AvailableSimdTargets().back()); }
};

TEST_F(SessionTest, LogitsDoNotDependOnChunksBatchThreadsOrInstructionSet) {
  const ModelConfig config = NanoConfig();
  const std::vector<std::vector<int32_t>> texts = TestTokens();
  for (const DType compute : {DType::kF32, DType::kBF16}) {
    std::vector<std::vector<float>> expected;
    expected.reserve(texts.size());
    for (const auto& tokens : texts) {
      expected.push_back(TrainingLogits(config, compute, tokens));
    }
    for (const SimdTarget target : AvailableSimdTargets()) {
      SetSimdTarget(target);
      for (const size_t threads : {1, 2, 3}) {
        ThreadPool pool(threads);
        const auto store = RandomModel(config, pool);
        for (const size_t chunk : {1, 7, 64, 256}) {
          // 100 tokens in a pass cut chunks of 256 once more.
          Engine engine(*store, pool,
                        {.compute = compute,
                         .max_batch_tokens = chunk == 256 ? size_t{400} : size_t{100},
                         .prefill_chunk = chunk});
          const auto where = [&](const char* how) {
            return fmt::format("{} {} {} threads, chunks of {}, {}", DTypeName(compute),
                               SimdTargetName(target), threads, chunk, how);
          };
          {
            Sequence sequence = engine.NewSequence(301);
            const ForwardRequest request = {&sequence, texts[0], LogitsOf::kAll};
            ASSERT_TRUE(SameBits(engine.Forward({&request, 1}), expected[0])) << where("alone");
          }
          std::vector<Sequence> sequences;
          sequences.reserve(kNumSequences);
          for (size_t i = 0; i < kNumSequences; ++i) sequences.push_back(engine.NewSequence(400));
          std::vector<ForwardRequest> requests;
          for (const size_t i : {size_t{2}, size_t{1}, size_t{0}, size_t{3}}) {
            requests.push_back({&sequences[i], texts[i], LogitsOf::kAll});
          }
          std::span<const float> logits = engine.Forward(requests);
          for (const ForwardRequest& request : requests) {
            const size_t i = static_cast<size_t>(request.sequence - sequences.data());
            ASSERT_TRUE(SameBits(logits.first(expected[i].size()), expected[i]))
                << where("batched") << ", sequence " << i;
            logits = logits.subspan(expected[i].size());
          }
        }
      }
    }
  }
}

TEST_F(SessionTest, DecodeStepsAndPrefillShareAPass) {
  const ModelConfig config = NanoConfig();
  ThreadPool pool(2);
  const auto store = RandomModel(config, pool);
  Engine engine(*store, pool, {.max_batch_tokens = 64, .prefill_chunk = 32});
  const std::vector<std::vector<int32_t>> texts = TestTokens();
  const std::vector<float> first = TrainingLogits(config, DType::kBF16, texts[0]);
  const std::vector<float> second = TrainingLogits(config, DType::kBF16, texts[3]);
  Sequence decoding = engine.NewSequence(301), filling = engine.NewSequence(130);
  const std::span<const int32_t> tokens = texts[0];
  const ForwardRequest prompt = {&decoding, tokens.first(250), LogitsOf::kLast};
  ASSERT_TRUE(
      SameBits(engine.Forward({&prompt, 1}), std::span(first).subspan(249 * kVocab, kVocab)));
  // Crosses the end of an attention split at 256.
  for (size_t i = 250; i < 263; ++i) {
    const ForwardRequest requests[] = {
        {&filling, std::span(texts[3]).subspan((i - 250) * 10, 10), LogitsOf::kNone},
        {&decoding, tokens.subspan(i, 1), LogitsOf::kLast}};
    ASSERT_TRUE(SameBits(engine.Forward(requests), std::span(first).subspan(i * kVocab, kVocab)));
  }
  // What was forgotten is computed again, to the same bits.
  filling.Truncate(60);
  decoding.Truncate(255);
  const ForwardRequest again[] = {{&filling, std::span(texts[3]).subspan(60), LogitsOf::kLast},
                                  {&decoding, tokens.subspan(255), LogitsOf::kLast}};
  const std::span<const float> logits = engine.Forward(again);
  EXPECT_TRUE(SameBits(logits.first(kVocab), std::span(second).last(kVocab)));
  EXPECT_TRUE(SameBits(logits.last(kVocab), std::span(first).last(kVocab)));
}

TEST_F(SessionTest, OtherArchitecturesAndUnpackedWeights) {
  ModelConfig config = NanoConfig();
  config.qk_norm = false;
  config.tied_embeddings = false;
  config.ffn = FfnKind::kRelu2;
  config.window = 50;
  config.attention_softcap = 30;
  config.logit_softcap = 15;
  const std::vector<int32_t> tokens = TestTokens()[0];
  for (const DType compute : {DType::kF32, DType::kBF16}) {
    const std::vector<float> expected = TrainingLogits(config, compute, tokens);
    ThreadPool pool(2);
    const auto store = RandomModel(config, pool);
    for (const bool pack : {false, true}) {  // packing stays with the store
      Engine engine(*store, pool, {.compute = compute, .prefill_chunk = 48, .pack_weights = pack});
      Sequence sequence = engine.NewSequence(512);
      const ForwardRequest request = {&sequence, tokens, LogitsOf::kAll};
      EXPECT_TRUE(SameBits(engine.Forward({&request, 1}), expected))
          << DTypeName(compute) << (pack ? " packed" : " unpacked");
    }
  }
}

TEST_F(SessionTest, ReleasedValuesAreNotNeeded) {
  for (const bool tied : {false, true}) {
    ModelConfig config = NanoConfig();
    config.tied_embeddings = tied;
    const std::vector<int32_t> tokens = TestTokens()[3];
    ThreadPool pool(1);
    const auto store = RandomModel(config, pool);
    const size_t before = store->memory_bytes();
    const size_t promised = store->InferenceBytes(DType::kBF16);
    Engine engine(*store, pool, {.release_values = true});
    EXPECT_GE(store->memory_bytes(), promised);
    EXPECT_LT(store->memory_bytes(), promised + 2 * 4096);
    // bf16 panels and the embedding's rows, instead of f32 values.
    EXPECT_LT(store->memory_bytes(), before / 2 + 8 * kVocab * config.width);
    Sequence sequence = engine.NewSequence(tokens.size());
    const ForwardRequest request = {&sequence, tokens, LogitsOf::kAll};
    EXPECT_TRUE(
        SameBits(engine.Forward({&request, 1}), TrainingLogits(config, DType::kBF16, tokens)));
  }
}

TEST_F(SessionTest, RefusesWhatDoesNotFitBeforeComputing) {
  const ModelConfig config = NanoConfig();
  ThreadPool pool(1);
  const auto store = RandomModel(config, pool);
  Engine engine(*store, pool, {.max_context = 16});
  EXPECT_THROW(engine.NewSequence(17), Error);
  EXPECT_THROW(engine.NewSequence(0), Error);
  Sequence sequence = engine.NewSequence(8), other = engine.NewSequence(8);
  const auto forward = [&](std::vector<ForwardRequest> requests) { engine.Forward(requests); };
  const std::vector<int32_t> one = {1}, nine(9, 1), negative = {-1}, large = {kVocab};
  EXPECT_THROW(forward({{&other, one}, {&sequence, nine}}), Error);
  EXPECT_THROW(forward({{&other, one}, {&sequence, negative}}), Error);
  EXPECT_THROW(forward({{&other, one}, {&sequence, large}}), Error);
  EXPECT_THROW(forward({{&other, one}, {&other, one}}), Error);
  EXPECT_THROW(forward({{&other, {}}}), Error);
  EXPECT_TRUE(sequence.tokens().empty());
  EXPECT_TRUE(other.tokens().empty());
  EXPECT_THROW(Engine(*store, pool, {.max_batch_tokens = 0}), Error);
  EXPECT_THROW(Engine(*store, pool, {.prefill_chunk = 0}), Error);
}

// Bounds of generation (bench generate) are made of this.
TEST(Session, ATokenReadsTheExpertsThatItChose) {
  ModelConfig config = NanoConfig();
  config.num_experts = 8;
  config.experts_per_token = 2;
  config.tied_embeddings = false;
  ThreadPool pool(1);
  const auto store = RandomModel(config, pool);
  const Engine engine(*store, pool, {.compute = DType::kBF16});
  const double expert = 2.0 * 3 * static_cast<double>(config.width * config.ffn_width);
  const double layers = static_cast<double>(config.num_layers);
  const double one = engine.WeightBytesRead(1);
  EXPECT_DOUBLE_EQ(engine.WeightBytesRead(1000) - one, layers * (8 - 2) * expert);
  // The second of two tokens finds a quarter of its experts read already.
  EXPECT_DOUBLE_EQ(engine.WeightBytesRead(2) - one, layers * 2 * 0.75 * expert);
}

}  // namespace
}  // namespace cambium
