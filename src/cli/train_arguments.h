// SPDX-License-Identifier: Apache-2.0
// The options of `cambium train`. What is part of a run's configuration is empty unless it was
// given, so that it can be compared with a configuration that exists already.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "base/stopwatch.h"

namespace cambium {

struct TrainArguments {
  // When the program began: a budget counts from here.
  Clock::time_point start = Clock::now();

  std::string data, out;
  std::string config;  // a file; empty: none

  // Part of the configuration. Defaults: train_configuration.cc.
  std::optional<std::string> budget, preset, tokens, dtype, optimizer, schedule, batch_mode;
  std::optional<std::string> tokenizer;
  std::optional<uint64_t> steps, seed, vocab_size;
  std::optional<uint32_t> rows, row_tokens;
  std::optional<double> learning_rate, val_fraction;

  // How the data is read: part of it, too.
  std::optional<std::string> separator;
  bool skip_bad_lines = false;  // true: was given

  // What does not decide the weights.
  std::optional<uint64_t> eval_every;
  std::optional<std::string> export_type;
  std::string checkpoint_every = "60s", trace_ops;
  bool resume = false, hf = false, no_samples = false;
};

// The option strings point into `arguments`, which must outlive the command.
void AddTrainOptions(CLI::App& command, TrainArguments& arguments);

// The command that goes on with the run of this command line, as a shell reads it: the same data
// and files, --resume, and nothing that the checkpoint knows.
// program: as it was called, quoted.
std::string CommandToGoOn(const CLI::App& command, const std::string& program);

}  // namespace cambium
