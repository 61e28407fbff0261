// SPDX-License-Identifier: Apache-2.0
// Every supported family against transformers: tiny random models with the logits and greedy tokens
// that it computes (tests/golden/architectures, whose generate.py made them). And one sequence, one
// set of bits, for each of them: whatever the chunks, the batch and the threads; and the same after
// a detour through a GGUF file and a new Hugging Face folder.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/model_description.h"
#include "formats/safetensors.h"
#include "infer/session.h"
#include "model/model_file.h"

namespace cambium {
namespace {

// Of the largest logit: transformers adds in another order, in f32 like this build.
constexpr float kTolerance = 2e-5f;
constexpr size_t kContext = 48;  // prompt and greedy tokens; below the original context of phi3

std::filesystem::path Folder(const std::string& family) {
  return std::filesystem::path(CAMBIUM_SOURCE_DIR) / "tests/golden/architectures" / family;
}

struct Expected {
  std::vector<int32_t> prompt, greedy;
  std::vector<float> logits;  // [prompt, vocabulary]
};

Expected ReadExpected(const std::string& family) {
  Expected expected;
  const Json json = Json::parse(ReadFile(Folder(family) / "expected.json"));
  expected.prompt = json["prompt"].get<std::vector<int32_t>>();
  expected.greedy = json["greedy"].get<std::vector<int32_t>>();
  const SafetensorsFile file(Folder(family) / "expected.safetensors");
  const SafetensorsTensor& tensor = file.RequireTensor("logits");
  expected.logits.resize(tensor.size);
  file.ReadTensor(tensor, expected.logits);
  return expected;
}

size_t ArgMax(std::span<const float> logits) {
  return static_cast<size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

// Logits of all tokens, fed in pieces of `chunk`.
std::vector<float> LogitsOfAll(Engine& engine, std::span<const int32_t> tokens, size_t chunk) {
  Sequence sequence = engine.NewSequence(kContext);
  std::vector<float> all;
  for (size_t begin = 0; begin < tokens.size(); begin += chunk) {
    const std::span<const int32_t> piece =
        tokens.subspan(begin, std::min(chunk, tokens.size() - begin));
    const ForwardRequest request = {&sequence, piece, LogitsOf::kAll};
    const std::span<const float> logits = engine.Forward({&request, 1});
    all.insert(all.end(), logits.begin(), logits.end());
  }
  return all;
}

bool SameBits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

class ArchitecturesTest : public testing::TestWithParam<const char*> {};

TEST_P(ArchitecturesTest, LogitsAndGreedyTokensAreThoseOfTransformers) {
  const LoadedModel model = LoadModel(Folder(GetParam()));
  const Expected expected = ReadExpected(GetParam());
  ThreadPool pool(2);
  Engine engine(*model.parameters, pool, {.compute = DType::kF32, .max_context = kContext});
  Sequence sequence = engine.NewSequence(kContext);
  const ForwardRequest request = {&sequence, expected.prompt, LogitsOf::kAll};
  std::span<const float> logits = engine.Forward({&request, 1});
  ASSERT_EQ(logits.size(), expected.logits.size());
  float largest = 0, worst = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    largest = std::max(largest, std::fabs(expected.logits[i]));
    worst = std::max(worst, std::fabs(logits[i] - expected.logits[i]));
  }
  EXPECT_LE(worst, kTolerance * largest);
  RecordProperty("worst_relative", fmt::format("{:.3g}", worst / largest));
  const size_t V = engine.config().vocab_size;
  std::vector<int32_t> greedy;
  while (true) {
    greedy.push_back(static_cast<int32_t>(ArgMax(logits.last(V))));
    if (greedy.size() == expected.greedy.size()) break;
    const ForwardRequest next = {&sequence, std::span(greedy).last(1), LogitsOf::kLast};
    logits = engine.Forward({&next, 1});
  }
  EXPECT_EQ(greedy, expected.greedy);
}

TEST_P(ArchitecturesTest, BitsDoNotDependOnChunksBatchOrThreads) {
  const LoadedModel model = LoadModel(Folder(GetParam()));
  const std::vector<int32_t> prompt = ReadExpected(GetParam()).prompt;
  for (const DType compute : {DType::kF32, DType::kBF16}) {
    std::vector<float> first;
    for (const size_t threads : {1, 2, 3}) {
      ThreadPool pool(threads);
      Engine engine(*model.parameters, pool,
                    {.compute = compute, .max_context = kContext, .max_batch_tokens = 64});
      for (const size_t chunk : {size_t{1}, size_t{7}, prompt.size()}) {
        const std::vector<float> logits = LogitsOfAll(engine, prompt, chunk);
        if (first.empty()) first = logits;
        ASSERT_TRUE(SameBits(logits, first))
            << DTypeName(compute) << ", " << threads << " threads, chunks of " << chunk;
      }
      // Between two others of other lengths and tokens.
      std::vector<int32_t> reversed(prompt.rbegin(), prompt.rend() - 9);
      std::vector<Sequence> sequences;
      for (size_t i = 0; i < 3; ++i) sequences.push_back(engine.NewSequence(kContext));
      const ForwardRequest requests[] = {
          {&sequences[0], reversed, LogitsOf::kNone},
          {&sequences[1], prompt, LogitsOf::kAll},
          {&sequences[2], std::span(reversed).first(5), LogitsOf::kNone}};
      ASSERT_TRUE(SameBits(engine.Forward(requests), first))
          << DTypeName(compute) << ", " << threads << " threads, in a batch";
    }
  }
}

TEST_P(ArchitecturesTest, FilesOfOursHoldTheSameModel) {
  const LoadedModel model = LoadModel(Folder(GetParam()));
  const ModelDescription description = DescribeModel(Folder(GetParam()));
  EXPECT_EQ(description.why_not_runnable, "");
  EXPECT_EQ(description.default_compute, model.types.compute);
  const auto directory = std::filesystem::path(testing::TempDir()) / "cambium_architecture";
  std::filesystem::remove_all(directory);
  MakeDirectories(directory);
  const SaveOptions options = {.type = GgmlType::kF32, .hyper_parameters = &model.hyper_parameters};
  SaveGguf(directory / "model.gguf", *model.parameters, model.tokenizer, options);
  const LoadedModel gguf = LoadModel(directory / "model.gguf");
  EXPECT_EQ(gguf.config, model.config);
  EXPECT_EQ(gguf.parameters->Fingerprint(), model.parameters->Fingerprint());
  const RopeScaling& scaling = gguf.hyper_parameters.rope_scaling;
  if (scaling.kind == RopeScalingKind::kLongRope) {
    // Other readers take what the file does not say for 1.
    EXPECT_EQ(scaling.attention_factor, model.config.rope_magnitude);
    EXPECT_GT(scaling.attention_factor, 1);
  }
  SaveHfModel(directory / "hf", *model.parameters, model.tokenizer, options);
  const LoadedModel hf = LoadModel(directory / "hf");
  EXPECT_EQ(hf.config, model.config);
  EXPECT_EQ(ModelConfig::FromJson(model.config.ToJson()), model.config);
  // Of Gemma's norms the file has the difference from 1, which rounds.
  if (!model.hyper_parameters.hidden_act.starts_with("gelu_pytorch")) {
    EXPECT_EQ(hf.parameters->Fingerprint(), model.parameters->Fingerprint());
  }
  // The file's own word on the model is enough for a folder too.
  SaveHfModel(directory / "hf_of_gguf", *gguf.parameters, gguf.tokenizer,
              {.type = GgmlType::kF32, .hyper_parameters = &gguf.hyper_parameters});
  EXPECT_EQ(LoadModel(directory / "hf_of_gguf").config, model.config);
  std::filesystem::remove_all(directory);
}

std::string FamilyName(const testing::TestParamInfo<const char*>& param) { return param.param; }

INSTANTIATE_TEST_SUITE_P(Families, ArchitecturesTest,
                         testing::Values("llama", "llama3", "llama_linear", "mistral", "qwen2",
                                         "qwen3", "qwen3_yarn", "gemma", "gemma2", "gemma3", "phi3",
                                         "phi3_long", "phi4_mini", "gpt2", "olmo2", "mixtral",
                                         "qwen3_moe", "olmoe", "gpt_oss", "gpt_oss_mxfp4"),
                         FamilyName);

}  // namespace
}  // namespace cambium
