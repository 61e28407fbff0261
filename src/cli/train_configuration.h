// SPDX-License-Identifier: Apache-2.0
// The configuration of a new training run, and whether a command line agrees with the configuration
// of one that exists.
#pragma once

#include "base/thread_pool.h"
#include "cli/context.h"
#include "cli/train_arguments.h"
#include "text/tokenizer.h"
#include "train/run_config.h"
#include "train/token_dataset.h"
#include "train/train_config.h"

namespace cambium {

// From --budget, or --preset, --tokens and the rest. Throws kInvalidArgument.
TrainConfig NewTrainConfig(const TrainArguments& a, const Context& context,
                           const Tokenizer& tokenizer, const TokenDatasetOptions& dataset,
                           ThreadPool& pool);

// Throws kInvalidArgument when an option was given that says something else than `config`, naming
// option and both values. owner: whose configuration it is, "the run in DIR" or a file.
// (--tokenizer is compared where it is loaded.)
void CheckAgreement(const TrainArguments& a, const RunConfig& config, const std::string& owner);

// How documents are read: as `settled` says (a run that exists, or --config), or the command line.
DocumentRules DocumentRulesOf(const TrainArguments& a, const std::optional<RunConfig>& settled);

// What --vocab-size says, or its default.
uint64_t VocabSizeOf(const TrainArguments& a);

}  // namespace cambium
