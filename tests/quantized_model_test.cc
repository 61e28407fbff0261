// SPDX-License-Identifier: Apache-2.0
// A model whose matrices are quantised: it stays in its file, runs as integers, and gives one set
// of bits whatever the chunks, the batch, the threads and the instruction set.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "base/philox.h"
#include "formats/gguf_quantize.h"
#include "infer/session.h"
#include "model/model_file.h"
#include "numerics/simd_target.h"
#include "text/tokenizer.h"

namespace cambium {
namespace {

constexpr size_t kVocab = 300;

// Rows of 256 and 512, so that every format fits; grouped queries; 300 is no multiple of a panel.
ModelConfig SmallConfig() {
  ModelConfig config = FindModelPreset("nano").config;
  config.vocab_size = kVocab;
  config.width = 256;
  config.num_heads = 4;
  config.num_kv_heads = 2;
  config.head_dim = 64;
  config.ffn_width = 512;
  config.context_length = 400;
  config.qk_norm = false;  // "llama": the file has queries and keys in another order
  config.tied_embeddings = false;
  return config;
}

std::vector<int32_t> RandomTokens(size_t count, uint64_t stream) {
  const Philox random(3, RandomPurpose::kTest);
  std::vector<int32_t> tokens;
  for (size_t i = 0; i < count; ++i) {
    tokens.push_back(static_cast<int32_t>(random.Below(kVocab, stream, i)));
  }
  return tokens;
}

class QuantizedModelTest : public testing::TestWithParam<const char*> {
 protected:
  QuantizedModelTest() {
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("cambium_quantized_model_{}_{}", GetParam(), getpid());
    std::filesystem::create_directories(folder_);
    ThreadPool pool(2);
    ParameterStore parameters(SmallConfig(), /*with_gradients=*/false);
    parameters.Initialize(5, pool);
    std::vector<std::string> special;
    for (size_t i = 256; i < kVocab; ++i) special.push_back(fmt::format("<{}>", i));
    const TokenizerData tokenizer = MakeByteTokenizer(special);
    SaveGguf(folder_ / "f32.gguf", parameters, tokenizer, {.type = GgmlType::kF32});
    QuantizeGguf(GgufFile(folder_ / "f32.gguf"), *FindQuantRecipe(GetParam()), path(), {}, pool);
  }
  ~QuantizedModelTest() override {
    SetSimdTarget(AvailableSimdTargets(Arithmetic::kAny).back());
    std::filesystem::remove_all(folder_);
  }
  std::filesystem::path path() const { return folder_ / "quantized.gguf"; }

  std::filesystem::path folder_;
};

std::vector<float> Logits(Engine& engine, std::span<const int32_t> tokens) {
  Sequence sequence = engine.NewSequence(tokens.size());
  const ForwardRequest request = {&sequence, tokens, LogitsOf::kAll};
  const std::span<const float> logits = engine.Forward({&request, 1});
  return {logits.begin(), logits.end()};
}

bool SameBits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

TEST_P(QuantizedModelTest, OneSetOfBits) {
  const std::vector<int32_t> tokens = RandomTokens(70, 0);
  std::vector<float> expected;
  for (const SimdTarget target : AvailableSimdTargets(Arithmetic::kAny)) {
    SetSimdTarget(target);
    for (const auto& [threads, chunk] : {std::pair<size_t, size_t>{1, 256}, {2, 1}, {3, 7}}) {
      ThreadPool pool(threads, false);
      SCOPED_TRACE(
          fmt::format("{} {} threads, chunks of {}", SimdTargetName(target), threads, chunk));
      LoadedModel model = LoadModel(path(), MatrixMemory::kStored);
      Engine engine(*model.parameters, pool,
                    {.compute = model.types.compute, .prefill_chunk = chunk});
      const std::vector<float> alone = Logits(engine, tokens);
      if (expected.empty()) expected = alone;
      ASSERT_TRUE(SameBits(alone, expected));
      // With another sequence in the same passes.
      const std::vector<int32_t> other = RandomTokens(33, 1);
      Sequence first = engine.NewSequence(80), second = engine.NewSequence(80);
      const ForwardRequest requests[] = {{&second, other, LogitsOf::kLast},
                                         {&first, tokens, LogitsOf::kAll}};
      ASSERT_TRUE(SameBits(engine.Forward(requests).subspan(kVocab), expected));
    }
  }
}

// The same numbers as the weights that the file stands for, up to the rounding of activations.
TEST_P(QuantizedModelTest, IsNearTheDequantizedModel) {
  const std::vector<int32_t> tokens = RandomTokens(40, 2);
  ThreadPool pool(2, false);
  LoadedModel stored = LoadModel(path(), MatrixMemory::kStored);
  LoadedModel values = LoadModel(path(), MatrixMemory::kValues);
  const bool halves = std::string_view(GetParam()) == "F16";
  EXPECT_EQ(stored.types.compute, halves ? DType::kF32 : DType::kBF16);
  EXPECT_EQ(stored.parameters->Fingerprint(), values.parameters->Fingerprint());
  EXPECT_LT(stored.parameters->memory_bytes(), values.parameters->memory_bytes() / 20);
  // The memory is known before it is packed, but for the rounding to pages.
  const size_t promised = stored.parameters->InferenceBytes(stored.types.compute);
  Engine integers(*stored.parameters, pool,
                  {.compute = stored.types.compute, .release_values = true});
  EXPECT_GE(stored.parameters->memory_bytes(), promised);
  EXPECT_LT(stored.parameters->memory_bytes(), promised + 2 * 4096);
  Engine floats(*values.parameters, pool, {.compute = DType::kF32});
  const std::vector<float> a = Logits(integers, tokens), b = Logits(floats, tokens);
  double error = 0, size = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    error += (a[i] - b[i]) * (a[i] - b[i]);
    size += b[i] * b[i];
  }
  EXPECT_LT(std::sqrt(error / size), 0.02);
  // Halves are widened exactly; elsewhere activations were rounded.
  EXPECT_EQ(error == 0, halves);
}

INSTANTIATE_TEST_SUITE_P(Types, QuantizedModelTest,
                         testing::Values("F16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K",
                                         "Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K", "IQ4_NL", "IQ4_XS"),
                         [](const auto& type) { return std::string(type.param); });

}  // namespace
}  // namespace cambium
