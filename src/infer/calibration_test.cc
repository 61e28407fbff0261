// SPDX-License-Identifier: Apache-2.0
#include "infer/calibration.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "infer/session.h"

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
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < 90; ++i) tokens.push_back(i * 37 % 100);
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

TEST(CalibrationTest, NeedsAWindow) {
  ThreadPool pool(1);
  ParameterStore parameters(Config(), /*with_gradients=*/false);
  parameters.Initialize(4, pool);
  const std::vector<int32_t> tokens(10);
  EXPECT_THROW(Calibrate(parameters, tokens, {.window_tokens = 11}, pool), Error);
}

}  // namespace
}  // namespace cambium
