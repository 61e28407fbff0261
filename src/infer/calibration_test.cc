// SPDX-License-Identifier: Apache-2.0
#include "infer/calibration.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "infer/session.h"
#include "model/gguf_importance.h"
#include "model/model_file.h"
#include "text/tokenizer.h"

namespace cambium {
namespace {

ModelConfig Config() {
  ModelConfig config = FindModelPreset("nano").config;
  config.vocab_size = 100;
  return config;
}

Calibration RunCalibration(size_t threads, size_t max_tokens = 0) {
  ThreadPool pool(threads, false);
  ParameterStore parameters(Config(), /*with_gradients=*/false);
  parameters.Initialize(4, pool);
  std::vector<int32_t> tokens(90);
  for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<int32_t>(i * 37 % 100);
  return Calibrate(parameters, tokens,
                   {.window_tokens = 20, .max_tokens = max_tokens, .compute = DType::kF32}, pool);
}

TEST(CalibrationTest, ThreadsDoNotMatter) {
  const Calibration one = RunCalibration(1), three = RunCalibration(3);
  EXPECT_EQ(one.num_tokens, 80u);  // whole windows
  EXPECT_EQ(one.importance, three.importance);
}

TEST(CalibrationTest, HasTheMeanSquareOfWhatEveryMatrixSees) {
  const Calibration calibration = RunCalibration(2, 20);
  EXPECT_EQ(calibration.num_tokens, 20u);
  const ModelConfig config = Config();
  // Seven matrices a layer; neither embedding nor head.
  EXPECT_EQ(calibration.importance.size(), 7 * config.num_layers);
  for (const char* name : {"blk.0.attn_q.weight", "blk.0.ffn_up.weight"}) {
    // The input is a normed row: with a norm of ones its mean square is 1, but for the epsilon
    // beside the small first embeddings.
    const std::vector<float>& weights = calibration.importance.at(name);
    ASSERT_EQ(weights.size(), config.width);
    double mean = 0;
    for (const float w : weights)
      mean += static_cast<double>(w) / static_cast<double>(config.width);
    EXPECT_NEAR(mean, 1.0, 5e-3) << name;
  }
  EXPECT_EQ(calibration.importance.at("blk.1.ffn_down.weight").size(), config.ffn_width);
  EXPECT_EQ(calibration.importance.at("blk.0.attn_q.weight"),
            calibration.importance.at("blk.0.attn_v.weight"));
}

// By the tensors of a file: stacked experts have the columns of all, 1 where no token came by.
TEST(CalibrationTest, IsNamedAsTheFileNamesTensors) {
  ModelConfig config = Config();
  config.vocab_size = 256;
  config.num_experts = 16;
  config.experts_per_token = 1;
  config.ffn_width = 32;
  ThreadPool pool(2, false);
  ParameterStore parameters(config, /*with_gradients=*/false);
  parameters.Initialize(4, pool);
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("cambium_calibration.{}.gguf", getpid());
  SaveGguf(path, parameters, MakeByteTokenizer({}), {.type = GgmlType::kF32});
  const std::vector<int32_t> tokens = {1, 2, 3, 4};
  const Calibration calibration =
      Calibrate(parameters, tokens, {.window_tokens = 4, .compute = DType::kF32}, pool);
  const GgufFile file(path);
  const ImportanceMap named = GgufImportance(
      calibration.importance, LoadModel(path).hyper_parameters, parameters.specs(), file);
  std::filesystem::remove(path);
  EXPECT_EQ(named.at("blk.0.attn_q.weight"), calibration.importance.at("blk.0.attn_q.weight"));
  const std::vector<float>& all = named.at("blk.0.ffn_down_exps.weight");
  ASSERT_EQ(all.size(), 16 * config.ffn_width);
  size_t chosen = 0;
  for (size_t e = 0; e < 16; ++e) {
    const auto found = calibration.importance.find(fmt::format("blk.0.ffn_down.{}.weight", e));
    const bool seen = found != calibration.importance.end();
    chosen += seen ? 1 : 0;
    for (size_t i = 0; i < config.ffn_width; ++i) {
      EXPECT_EQ(all[e * config.ffn_width + i], seen ? found->second[i] : 1.0f) << e << ' ' << i;
    }
  }
  EXPECT_GT(chosen, 0u);
  EXPECT_LE(chosen, 4u);
}

TEST(CalibrationTest, NeedsAWindow) {
  ThreadPool pool(1);
  ParameterStore parameters(Config(), /*with_gradients=*/false);
  parameters.Initialize(4, pool);
  const std::vector<int32_t> tokens(10);
  EXPECT_THROW(Calibrate(parameters, tokens, {.window_tokens = 11}, pool), Error);
}

}  // namespace
}  // namespace cambium
