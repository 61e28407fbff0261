// SPDX-License-Identifier: Apache-2.0
// From what a user asks for (a preset, a number of tokens, an amount of time) to an explicit
// TrainConfig. The choice may look at the machine; what was chosen is printed and stored, so that
// the same run can be repeated anywhere with --config.
#pragma once

#include <optional>
#include <string>

#include "base/thread_pool.h"
#include "train/train_config.h"

namespace cambium {

// Learning rates, batch, warm-up and micro-batches for a model, for `tokens` of training.
//   rows * row_tokens: about 8192 tokens a step for small models, 16384 from 50M parameters on
//   AdamW's learning rate: 3e-3 sqrt(128 / C), which keeps the first steps of wide models stable
TrainConfig DefaultTrainConfig(const ModelConfig& model, uint64_t tokens, OptimizerKind optimizer);

struct BudgetChoice {
  TrainConfig config;
  double flops_per_s = 0;   // measured with the chosen model
  double step_seconds = 0;  // measured
  double epochs = 0;        // over the data
  double tokens_per_parameter = 0;
  std::string explanation;  // a few lines for people
};

// Chooses model size and token count for `seconds` in all, of which elapsed_s are over already:
// about 20 tokens per parameter (Hoffmann et al. 2022, arXiv:2203.15556), at most kMaxEpochs epochs
// over the data (repeating more hardly helps: Muennighoff et al. 2023, arXiv:2305.16264), and no
// model that the data is too little for. Measures
// for a few seconds with real steps of the chosen model, until the choice and the measured speed
// agree.
inline constexpr double kTokensPerParameter = 20;
inline constexpr double kMaxEpochs = 4;
BudgetChoice ChooseForBudget(double seconds, double elapsed_s, uint64_t data_tokens,
                             size_t vocab_size, DType compute, OptimizerKind optimizer,
                             uint64_t seed, ThreadPool& pool);

// Tokens of one validation during a run with a budget (TrainRunOptions::eval_max_tokens), which all
// together take 2 % of its time.
uint64_t BudgetEvalTokens(const TrainConfig& config);
// Tokens of the validation at the end of a run: 3 % of its time, or `at_least`. ChooseForBudget
// keeps no more for validation.
uint64_t FinalEvalTokens(const TrainConfig& config, uint64_t at_least);

}  // namespace cambium
