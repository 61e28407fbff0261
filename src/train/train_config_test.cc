// SPDX-License-Identifier: Apache-2.0
#include "train/train_config.h"

#include <gtest/gtest.h>

#include <limits>

#include "train/run_test_data.h"

namespace cambium {
namespace {

// Every multiply-add of the forward pass of one row, one by one.
uint64_t CountedRow(const ModelConfig& model, uint64_t row_tokens) {
  uint64_t flops = 0;
  for (uint64_t t = 0; t < row_tokens; ++t) {
    uint64_t keys = 0;
    for (uint64_t key = 0; key <= t; ++key) keys += model.window == 0 || t - key < model.window;
    flops += 2 * model.NumMatmulParameters();
    flops += model.num_layers * model.num_heads * model.head_dim * keys * 4;  // scores and sums
  }
  return flops;
}

TEST(TrainConfigTest, FlopsAreCountedExactly) {
  TrainConfig config = TestConfig(3);
  for (const size_t window : {0, 1, 5, 32, 100}) {
    config.model.window = window;
    EXPECT_EQ(config.model.ForwardFlopsOfRow(32), CountedRow(config.model, 32)) << window;
    EXPECT_EQ(config.FlopsPerStep(), 3 * 8 * CountedRow(config.model, 32)) << window;
  }
  // Above 2^53 a double has no odd numbers.
  const uint64_t step = config.FlopsPerStep();
  const uint64_t steps = (uint64_t{1} << 54) / step + 1;
  EXPECT_EQ(config.FlopsOf(steps + 1) - config.FlopsOf(steps), step);
  EXPECT_EQ(config.FlopsOf(steps), steps * step);
  EXPECT_EQ(config.FlopsOf(uint64_t{1} << 60), uint64_t{std::numeric_limits<int64_t>::max()});
}

}  // namespace
}  // namespace cambium
