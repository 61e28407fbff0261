// SPDX-License-Identifier: Apache-2.0
// One configuration, one set of weights: over threads, instruction sets, interruptions and kills.
#include "train/run.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "formats/checkpoint_folder.h"
#include "numerics/simd_target.h"
#include "train/run_test_data.h"

namespace cambium {
namespace {

class RunTest : public ::testing::Test {
 protected:
  RunTest() : folder_("run"), tokenizer_(TestTokenizer()) {
    WriteFileAtomically(folder_.path() / "text.txt", MadeUpText(200, 1));
  }
  ~RunTest() override { SetSimdTarget(AvailableSimdTargets().back()); }

  TrainRunOptions Options(const std::string& out, const TrainConfig& config) const {
    TrainRunOptions options = {
        .data = folder_.path() / "text.txt", .out = folder_.path() / out, .config = config};
    options.tokenizer = tokenizer_;
    options.dataset.reader.separator = "<|endoftext|>";
    options.eval_every_steps = 5;
    options.checkpoint_every_s = 0;
    options.quiet = true;
    return options;
  }

  static TrainRunResult Train(const TrainRunOptions& options, size_t threads = 2) {
    ThreadPool pool(threads, /*pin=*/false);
    ParameterStore parameters(options.config.model, /*with_gradients=*/true);
    return RunTraining(options, parameters, pool);
  }

  // The code of the error that training ends with; nullopt: none.
  static std::optional<ErrorCode> FailureOf(const TrainRunOptions& options) {
    try {
      Train(options);
    } catch (const Error& error) {
      return error.code();
    }
    return std::nullopt;
  }

  std::string UninterruptedFingerprint(const TrainConfig& config) const {
    const TrainRunResult result = Train(Options("uninterrupted", config));
    EXPECT_TRUE(result.finished);
    EXPECT_EQ(result.fingerprint.size(), 64u);
    return result.fingerprint;
  }

  // How often each step has a line with a loss.
  std::map<uint64_t, int> LoggedSteps(const std::string& out) const {
    std::map<uint64_t, int> count;
    std::istringstream lines(ReadFile(folder_.path() / out / "metrics.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      const Json json = Json::parse(line);
      if (json.contains("loss")) ++count[json["step"].get<uint64_t>()];
    }
    return count;
  }
  void ExpectEveryStepOnce(const std::string& out, uint64_t num_steps) const {
    const std::map<uint64_t, int> count = LoggedSteps(out);
    EXPECT_EQ(count.size(), num_steps);
    for (const auto& [step, times] : count) EXPECT_EQ(times, 1) << "step " << step;
  }

  TestFolder folder_;
  std::shared_ptr<const Tokenizer> tokenizer_;
};

TEST_F(RunTest, ResumedRunsEndInTheSameBits) {
  constexpr uint64_t kSteps = 12;
  for (const OptimizerKind optimizer : {OptimizerKind::kMuon, OptimizerKind::kAdamW}) {
    TrainConfig config = TestConfig(kSteps);
    config.optimizer = optimizer;
    std::filesystem::remove_all(folder_.path() / "uninterrupted");
    const std::string expected = UninterruptedFingerprint(config);
    for (const uint64_t stop : {1, 5, 11}) {
      const std::string out = fmt::format("stop{}.{}", stop, static_cast<int>(optimizer));
      TrainRunOptions options = Options(out, config);
      options.stop_after_steps = stop;
      const TrainRunResult first = Train(options);
      EXPECT_FALSE(first.finished);
      EXPECT_EQ(first.steps_done, stop);
      EXPECT_NE(first.fingerprint, expected);
      // Twice, with other threads each time.
      options.resume = true;
      options.stop_after_steps = std::min(stop + 3, kSteps);
      Train(options, 3);
      options.stop_after_steps = 0;
      const TrainRunResult last = Train(options, 1);
      EXPECT_TRUE(last.finished);
      EXPECT_EQ(last.fingerprint, expected) << "interrupted after step " << stop;
      ExpectEveryStepOnce(out, kSteps);
      // Resuming a run that is complete changes nothing.
      EXPECT_EQ(Train(options).fingerprint, expected);
      ExpectEveryStepOnce(out, kSteps);
    }
  }
}

// The child trains with a checkpoint after every step, and never returns.
pid_t StartTraining(TrainRunOptions options) {
  const pid_t child = fork();
  if (child != 0) return child;
  options.checkpoint_every_s = 1e-9;
  options.resume = true;
  int code = 1;
  try {
    ThreadPool pool(2, /*pin=*/false);
    ParameterStore parameters(options.config.model, true);
    RunTraining(options, parameters, pool);
    code = 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
  }
  _exit(code);
}

TEST_F(RunTest, KilledRunsEndInTheSameBits) {
  constexpr uint64_t kSteps = 12;
  constexpr int kKills = 20;
  const TrainConfig config = TestConfig(kSteps);
  const std::string expected = UninterruptedFingerprint(config);
  const TrainRunOptions options = Options("killed", config);
  const auto finish_and_check = [&] {
    TrainRunOptions rest = options;
    rest.resume = true;
    EXPECT_EQ(Train(rest).fingerprint, expected);
    ExpectEveryStepOnce("killed", kSteps);
  };

  // How long a whole run takes here, with its checkpoints.
  const auto begin = std::chrono::steady_clock::now();
  int status = 0;
  ASSERT_EQ(waitpid(StartTraining(options), &status, 0) > 0, true);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begin);
  finish_and_check();
  std::filesystem::remove_all(options.out);

  const Philox random(static_cast<uint64_t>(getpid()), RandomPurpose::kTest);
  int kills = 0, complete = 0;
  for (uint64_t start = 0; kills < kKills && start < 5 * kKills; ++start) {
    const pid_t child = StartTraining(options);
    ASSERT_GT(child, 0);
    std::this_thread::sleep_for(std::chrono::microseconds(
        random.Below(static_cast<uint64_t>(whole.count()) * 2 / 3 + 1, start, 0)));
    kill(child, SIGKILL);
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
      ++kills;
      continue;
    }
    // It was faster than the kill: the run is complete, and a new one begins.
    ASSERT_EQ(WEXITSTATUS(status), 0);
    ++complete;
    finish_and_check();
    std::filesystem::remove_all(options.out);
  }
  EXPECT_EQ(kills, kKills);
  finish_and_check();
  RecordProperty("complete_runs", complete);
}

TEST_F(RunTest, ThreadsAndInstructionSetsDoNotMatter) {
  for (const DType compute : {DType::kF32, DType::kBF16}) {
    for (const OptimizerKind optimizer : {OptimizerKind::kMuon, OptimizerKind::kAdamW}) {
      for (const uint32_t leaves : {1u, 4u}) {
        TrainConfig config = TestConfig(2);
        config.warmup_steps = 1;
        config.val_fraction = 0;
        config.compute = compute;
        config.optimizer = optimizer;
        config.gradient_leaves = leaves;
        std::string expected;
        for (const SimdTarget target : AvailableSimdTargets()) {
          SetSimdTarget(target);
          for (const size_t threads : {1, 2, 3, 8}) {
            const TrainRunOptions options = Options("matrix", config);
            const std::string fingerprint = Train(options, threads).fingerprint;
            std::filesystem::remove_all(options.out);
            if (expected.empty()) expected = fingerprint;
            EXPECT_EQ(fingerprint, expected)
                << SimdTargetName(target) << ", " << threads << " threads, " << DTypeName(compute)
                << ", optimizer " << static_cast<int>(optimizer) << ", " << leaves << " leaves";
          }
        }
      }
    }
  }
}

TEST_F(RunTest, WhatDecidesTheBitsDecidesThem) {
  // Were the fingerprint blind to any of these, equal fingerprints would prove nothing.
  const TrainConfig config = TestConfig(3);
  std::map<std::string, std::string> seen;
  const auto expect_new = [&](const std::string& what, const TrainConfig& changed) {
    const std::string out = fmt::format("other{}", seen.size());
    const auto [place, is_new] = seen.emplace(Train(Options(out, changed)).fingerprint, what);
    EXPECT_TRUE(is_new) << what << " gives the same weights as " << place->second;
  };
  expect_new("the base", config);
  TrainConfig other = config;
  other.seed = 2;
  expect_new("another seed", other);
  other = config;
  other.compute = DType::kF32;
  expect_new("another compute type", other);
  other = config;
  other.gradient_leaves = 4;
  expect_new("four leaves", other);
  other = config;
  other.optimizer = OptimizerKind::kAdamW;
  expect_new("AdamW", other);
}

TEST_F(RunTest, RefusesToContinueAnotherRun) {
  const TrainConfig config = TestConfig(6);
  TrainRunOptions options = Options("refused", config);
  options.stop_after_steps = 2;
  Train(options);
  EXPECT_EQ(FailureOf(options), ErrorCode::kInvalidArgument) << "without resume";

  options.resume = true;
  TrainRunOptions other = options;
  other.config.learning_rate *= 2;
  EXPECT_EQ(FailureOf(other), ErrorCode::kInvalidArgument) << "another configuration";
  other = options;
  WriteFileAtomically(folder_.path() / "other.txt", MadeUpText(200, 2));
  other.data = folder_.path() / "other.txt";
  EXPECT_EQ(FailureOf(other), ErrorCode::kInvalidArgument) << "other data";
  other = options;
  TokenizerData data = tokenizer_->data();
  data.bos_id = -1;
  data.add_bos = false;
  other.tokenizer = std::make_shared<const Tokenizer>(std::move(data));
  EXPECT_EQ(FailureOf(other), ErrorCode::kInvalidArgument) << "another tokenizer";

  EXPECT_EQ(FailureOf(options), std::nullopt) << "the same run";
}

TEST_F(RunTest, TracesAreInTheFileAfterEveryStep) {
  // A run that is killed keeps them.
  TrainRunOptions options = Options("traced", TestConfig(3));
  options.op_trace = folder_.path() / "trace";
  uint64_t steps = 0;
  options.on_step = [&](uint64_t step, const StepResult&) {
    const std::string trace = ReadFile(options.op_trace);
    EXPECT_TRUE(trace.ends_with("\n"));
    EXPECT_NE(trace.find(fmt::format("\n{}\t", step - 1)), std::string::npos);
    EXPECT_NE(trace.rfind("updated output_norm.weight"), std::string::npos);
    EXPECT_GT(trace.rfind("updated output_norm.weight"),
              trace.rfind(fmt::format("\n{}\t0\t", step - 1)));
    steps = step;
  };
  Train(options);
  EXPECT_EQ(steps, 3u);
}

TEST_F(RunTest, ACompleteRunGivesItsRecordedResult) {
  TrainRunOptions options = Options("complete", TestConfig(6));
  const TrainRunResult first = Train(options);
  const std::string record = ReadFile(options.out / "run.json");
  options.resume = true;
  options.on_step = [](uint64_t, const StepResult&) { ADD_FAILURE() << "a step was taken"; };
  const TrainRunResult again = Train(options);
  EXPECT_TRUE(again.finished);
  EXPECT_EQ(again.fingerprint, first.fingerprint);
  EXPECT_EQ(again.train_loss, first.train_loss);
  EXPECT_EQ(again.wall_seconds, first.wall_seconds);
  ASSERT_TRUE(again.validation.has_value());
  EXPECT_EQ(again.validation->bits_per_byte, first.validation->bits_per_byte);
  EXPECT_EQ(ReadFile(options.out / "run.json"), record);
}

TEST_F(RunTest, ValidationsOnTheWaySeeASampleAndTheLastOneAll) {
  TrainRunOptions options = Options("validated", TestConfig(6));
  options.eval_every_steps = 3;
  options.eval_max_tokens = 64;
  const TrainRunResult result = Train(options);
  std::istringstream lines(ReadFile(options.out / "metrics.jsonl"));
  std::vector<Json> validations;
  for (std::string line; std::getline(lines, line);) {
    const Json json = Json::parse(line);
    if (json.contains("validation_rows")) validations.push_back(json);
  }
  ASSERT_EQ(validations.size(), 2u);
  EXPECT_EQ(validations[0]["validation_rows"], 64 / 32);
  EXPECT_GT(validations[0]["validation_rows_total"], 64 / 32);
  EXPECT_EQ(validations[1]["validation_rows"], validations[1]["validation_rows_total"]);
  EXPECT_EQ(result.validation->num_rows, result.validation->total_rows);

  options = Options("not_validated", TestConfig(6));
  options.validate = false;
  EXPECT_FALSE(Train(options).validation.has_value());
}

TEST_F(RunTest, NotANumberStopsTheRunAndKeepsTheCheckpoint) {
  constexpr uint64_t kSteps = 8;
  const TrainConfig config = TestConfig(kSteps);
  const std::string expected = UninterruptedFingerprint(config);
  TrainRunOptions options = Options("poisoned", config);
  options.stop_after_steps = 3;
  Train(options);
  options.stop_after_steps = 0;
  options.resume = true;
  options.checkpoint_every_s = 1e-9;  // after every step, also after the poison
  {
    ThreadPool pool(2, /*pin=*/false);
    ParameterStore parameters(config.model, true);
    uint64_t last_step = 0;
    options.on_step = [&](uint64_t step, const StepResult&) {
      last_step = step;
      if (step == 5) parameters.weight(1).value.f32()[0] = std::numeric_limits<float>::quiet_NaN();
    };
    try {
      RunTraining(options, parameters, pool);
      ADD_FAILURE() << "training went on with a NaN";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInternal) << error.what();
    }
    EXPECT_EQ(last_step, 5u);
  }
  options.on_step = nullptr;
  // The poison is in no checkpoint: the run goes on from before it, to the right weights.
  std::optional<LastGoodCheckpoint> last = OpenLastGoodCheckpoint(options.out);
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->reader.state().at("step"), 4);
  EXPECT_EQ(Train(options).fingerprint, expected);
  ExpectEveryStepOnce("poisoned", kSteps);
}

TEST_F(RunTest, ADivergingRunStopsWithALoadableCheckpoint) {
  TrainConfig config = TestConfig(12);
  config.optimizer = OptimizerKind::kAdamW;
  config.learning_rate = 9.9;
  config.weight_decay = 9.9;  // |1 - lr * decay| is about 97: the weights explode
  config.warmup_steps = 0;
  config.val_fraction = 0;
  config.clip_norm = 0;
  config.num_steps = 40;
  TrainRunOptions options = Options("diverging", config);
  options.checkpoint_every_s = 1e-9;
  EXPECT_EQ(FailureOf(options), ErrorCode::kInternal);
  std::optional<LastGoodCheckpoint> last = OpenLastGoodCheckpoint(options.out);
  ASSERT_TRUE(last.has_value());
  for (const CheckpointEntry& entry : last->reader.tensors()) {
    std::vector<float> values(entry.size);
    last->reader.ReadTensor(entry.name, values);
    for (const float value : values) ASSERT_TRUE(std::isfinite(value)) << entry.name;
  }
}

}  // namespace
}  // namespace cambium
