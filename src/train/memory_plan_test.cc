// SPDX-License-Identifier: Apache-2.0
// The plan against what a trainer takes, and configurations that no machine holds: refused at once
// and without taking memory, which a limit of the address space would show.
#include "train/memory_plan.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "base/error.h"
#include "base/physical_memory.h"
#include "base/stopwatch.h"
#include "train/run_test_data.h"
#include "train/trainer.h"

namespace cambium {
namespace {

TEST(MemoryPlanTest, IsWhatATrainerTakes) {
  ThreadPool pool(2, /*pin=*/false);
  for (const OptimizerKind optimizer : {OptimizerKind::kAdamW, OptimizerKind::kMuon}) {
    TrainConfig config = TestConfig(4);
    config.optimizer = optimizer;
    config.gradient_leaves = 2;
    const MemoryPlan plan = PlanTraining(config, pool);
    ParameterStore parameters(config.model, /*with_gradients=*/true);
    EXPECT_EQ(plan.weights_bytes, parameters.size() * sizeof(float));
    EXPECT_EQ(plan.gradients_bytes, 2 * plan.weights_bytes);  // of two levels
    // Scratch takes whole pages.
    EXPECT_NEAR(static_cast<double>(parameters.memory_bytes()),
                2 * static_cast<double>(plan.weights_bytes), 8192);
    Trainer trainer(config, parameters, pool);
    EXPECT_EQ(trainer.memory_plan().total_bytes(), plan.total_bytes());
    EXPECT_GE(plan.packing_bytes, parameters.pack_cache_bytes());
    EXPECT_GT(parameters.pack_cache_bytes(), 0u);
    size_t state_bytes = 0;
    for (const StateTensor& state : trainer.optimizer().State()) {
      state_bytes += state.tensor.size_bytes();
    }
    EXPECT_GE(plan.optimizer_bytes, state_bytes);
    EXPECT_GT(state_bytes, 0u);
  }
}

// The code of the refusal; nullopt: none.
std::optional<ErrorCode> Refusal(const TrainConfig& config, ThreadPool& pool) {
  const Clock::time_point start = Clock::now();
  std::optional<ErrorCode> code;
  try {
    PlanTraining(config, pool);
  } catch (const Error& error) {
    code = error.code();
  }
  EXPECT_LT(SecondsSince(start), 1);
  return code;
}

TEST(MemoryPlanTest, WhatNoMachineHoldsIsRefusedAtOnce) {
  ThreadPool pool(1, /*pin=*/false);
  ASSERT_EQ(Refusal(TestConfig(4), pool), std::nullopt);
  const std::function<void(TrainConfig&)> kTooMuch[] = {
      [](TrainConfig& c) { c.model.width = c.model.ffn_width = 1'000'000; },
      [](TrainConfig& c) { c.model.num_layers = 4096, c.model.width = 65536; },
      [](TrainConfig& c) {
        c.model.ffn_width = size_t{1} << 22, c.model.width = 1 << 20, c.model.num_layers = 4096;
      },
      [](TrainConfig& c) { c.model.vocab_size = 1 << 24, c.model.width = 1 << 20; },
      [](TrainConfig& c) { c.model.num_heads = 1 << 14, c.model.width = 1 << 20; },
      // Few weights, but activations of 2^40 tokens.
      [](TrainConfig& c) {
        c.model.context_length = c.row_tokens = 1 << 24;
        c.rows = c.micro_batch_rows = 65536;
      }};
  for (const auto& change : kTooMuch) {
    TrainConfig config = TestConfig(4);
    change(config);
    EXPECT_EQ(Refusal(config, pool), ErrorCode::kResourceExhausted) << config.ToJson().dump();
  }
}

TEST(MemoryPlanTest, SizesOutOfBoundsAreNoModel) {
  ThreadPool pool(1, /*pin=*/false);
  constexpr size_t ModelConfig::*kFields[] = {
      &ModelConfig::vocab_size, &ModelConfig::num_layers,     &ModelConfig::width,
      &ModelConfig::num_heads,  &ModelConfig::num_kv_heads,   &ModelConfig::head_dim,
      &ModelConfig::ffn_width,  &ModelConfig::context_length, &ModelConfig::num_experts};
  for (const auto field : kFields) {
    for (const size_t value : {size_t{1} << 25, size_t{1} << 40, ~size_t{0} - 1}) {
      TrainConfig config = TestConfig(4);
      config.model.experts_per_token = 1;
      config.model.*field = value;
      EXPECT_EQ(Refusal(config, pool), ErrorCode::kInvalidArgument) << config.ToJson().dump();
    }
  }
  TrainConfig config = TestConfig(4);
  config.model.num_layers = 100'000;
  EXPECT_EQ(Refusal(config, pool), ErrorCode::kInvalidArgument);
  // Each within its bounds, but not together.
  config = TestConfig(4);
  config.model.num_layers = config.model.num_experts = 4096;
  config.model.experts_per_token = 1;
  EXPECT_EQ(Refusal(config, pool), ErrorCode::kInvalidArgument);
}

TEST(MemoryLimitTest, TheSmallestControlGroupCounts) {
  const TestFolder folder("groups");
  const std::filesystem::path& mount = folder.path();
  std::filesystem::create_directories(mount / "outer/inner");
  const auto limit = [&](const std::string& membership) {
    WriteFileAtomically(mount / "self", membership);
    return ControlGroupLimitBytes(mount, mount / "self");
  };
  EXPECT_EQ(limit("0::/outer/inner\n"), UINT64_MAX);
  WriteFileAtomically(mount / "outer/inner/memory.max", "max\n");
  EXPECT_EQ(limit("0::/outer/inner\n"), UINT64_MAX);
  WriteFileAtomically(mount / "outer/memory.max", "5000\n");
  EXPECT_EQ(limit("0::/outer/inner\n"), 5000u);
  EXPECT_EQ(limit("0::/elsewhere\n"), UINT64_MAX);
  WriteFileAtomically(mount / "memory.max", "4000\n");
  EXPECT_EQ(limit("0::/outer/inner\n"), 4000u);
  EXPECT_EQ(limit("not a line of the format\n"), 4000u);
  std::filesystem::create_directories(mount / "memory/old");
  WriteFileAtomically(mount / "memory/old/memory.limit_in_bytes", "3000\n");
  EXPECT_EQ(limit("3:cpu:/outer\n4:memory:/old\n"), 3000u);
  EXPECT_GT(MemoryLimitBytes(), uint64_t{1} << 20);
}

}  // namespace
}  // namespace cambium
