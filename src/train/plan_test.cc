// SPDX-License-Identifier: Apache-2.0
// What a budget leads to. Speeds are measured, so only what holds on any machine is asked.
#include "train/plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"

namespace cambium {
namespace {

BudgetChoice Choose(double seconds, double elapsed_s, uint64_t data_tokens, ThreadPool& pool) {
  return ChooseForBudget(seconds, elapsed_s, data_tokens, /*vocab_size=*/300, DType::kBF16,
                         OptimizerKind::kMuon, /*seed=*/3, pool);
}

TEST(PlanTest, ABudgetIsKeptAndUsed) {
#if defined(CAMBIUM_EMULATED)
  GTEST_SKIP() << "the first passes under an emulator are no measure of the later ones";
#endif
  ThreadPool pool(1, /*pin=*/false);
  const uint64_t kPlenty = 1'000'000'000;
  const uint64_t kFew = kPlenty / 100;
  const BudgetChoice choice = Choose(5, 0, kFew, pool);
  EXPECT_NO_THROW(choice.config.Validate());
  EXPECT_EQ(choice.config.seed, 3u);
  EXPECT_EQ(choice.config.model.vocab_size, 300u);
  const double training_s = static_cast<double>(choice.config.num_steps) * choice.step_seconds;
  EXPECT_LT(training_s, 5);
  EXPECT_GT(training_s, 0.03 * 5);
  EXPECT_NE(choice.explanation.find("tokens per parameter"), std::string::npos);
  // What is kept for validation can be looked at in a small part of the time.
  const double trained = static_cast<double>(choice.config.num_steps) *
                         static_cast<double>(choice.config.TokensPerStep());
  EXPECT_LE(choice.config.val_fraction * static_cast<double>(kFew),
            std::max(0.1 * trained, 2048.0));
  EXPECT_GE(FinalEvalTokens(choice.config, 8192),
            static_cast<uint64_t>(choice.config.val_fraction * static_cast<double>(kFew)));

  // Time that is over is not spent again; more time never gives a smaller model.
  const BudgetChoice late = Choose(20, 19, kFew, pool);
  EXPECT_LT(static_cast<double>(late.config.num_steps) * late.step_seconds, 20);
  const BudgetChoice longer = Choose(60, 0, kPlenty, pool);
  EXPECT_GE(longer.config.model.NumParameters(), choice.config.model.NumParameters());
}

TEST(PlanTest, LittleDataIsNotRepeatedForEver) {
  ThreadPool pool(1, /*pin=*/false);
  const BudgetChoice choice = Choose(600, 0, 20'000, pool);
  EXPECT_LE(choice.epochs, kMaxEpochs);
  // Nor learnt by heart by a giant: ten minutes would be enough for one.
  EXPECT_LT(choice.config.model.width, 128u);
  EXPECT_NE(choice.explanation.find("ends early"), std::string::npos) << choice.explanation;
}

TEST(PlanTest, TooLittleTimeIsSaid) {
  ThreadPool pool(1, /*pin=*/false);
  try {
    Choose(1, 0, 1000, pool);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace cambium
