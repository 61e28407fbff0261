// SPDX-License-Identifier: Apache-2.0
// A whole training run in a folder: data, steps, validation, checkpoints, record, model files.
//
//   DIR/model.gguf        the trained model, tokenizer included
//   DIR/tokenizer.json    the tokenizer (Hugging Face form)
//   DIR/config.toml       the configuration: the same run again with --config
//   DIR/metrics.jsonl     one line per logged step
//   DIR/run.json          the run's record, as in the ledger
//   DIR/tokens.bin        cache of the tokenized data
//   DIR/.lock             held while the run is worked on (base/folder_lock.h, by the caller)
//   DIR/checkpoint.ckpt   the last good checkpoint (and checkpoint.prev.ckpt)
//
// Exact resume: a run killed at any moment and continued ends in the same bits as one that was not
// (test: run_test.cc). Everything a step needs is weights, optimizer state and the step's number.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/gguf_types.h"
#include "ledger/ledger.h"
#include "text/tokenizer.h"
#include "train/evaluate.h"
#include "train/run_config.h"
#include "train/token_dataset.h"
#include "train/trainer.h"

namespace cambium {

struct TrainRunOptions {
  std::filesystem::path data;
  std::filesystem::path out;
  TrainConfig config;
  std::shared_ptr<const Tokenizer> tokenizer;
  std::string tokenizer_spec;  // TokenizerIdentity::spec, for the record
  TokenDatasetOptions dataset;
  // Hash of the text that the configuration was made for, in hex; empty: any text.
  std::string wanted_data_sha256;
  bool resume = false;

  uint64_t log_every_steps = 1;
  uint64_t eval_every_steps = 0;       // 0: a tenth of the run
  uint64_t eval_max_tokens = 200'000;  // of one validation during the run
  uint64_t final_eval_max_tokens = 0;  // of the one at its end; 0: all there are
  bool validate = true;                // false: never
  double checkpoint_every_s = 60;      // 0: only at the end and on Ctrl-C
  // Steps after which the weights' fingerprint is recorded, besides the last; 0: a twentieth.
  uint64_t fingerprint_every_steps = 0;
  uint64_t stop_after_steps = 0;  // 0: all; else end there as if interrupted (verification)
  GgmlType export_type = GgmlType::kF32;
  bool export_hf = false;
  std::string model_name = "cambium";

  std::filesystem::path ledger_path;  // empty: no ledger
  int threads = 0;                    // for the record
  bool quiet = false;
  // Fraction of this many FLOP/s is shown; 0: not shown.
  double peak_flops_per_s = 0;
  // Lets the model speak after a validation; the result is shown. prompt: the beginning of a
  // document kept for validation, behind bos; not empty. Must leave the weights as they are.
  std::function<std::string(std::span<const int32_t> prompt)> sample;
  // Called once, when the data is ready and before the first step.
  std::function<void(const MemoryPlan&)> on_start;
  // Called after each step, for tests; throwing stops the run.
  std::function<void(uint64_t step, const StepResult&)> on_step;
  // Hashes of every operation's result go here (op_trace.h); empty: none.
  std::filesystem::path op_trace;
};

struct TrainRunResult {
  std::string run_id;  // empty without ledger
  uint64_t steps_done = 0;
  uint64_t num_steps = 0;  // of the whole run
  bool finished = false;   // all steps; else interrupted, and a checkpoint says where
  std::string fingerprint;
  double train_loss = 0;  // of the last step
  std::optional<Evaluation> validation;
  double wall_seconds = 0;  // over all parts of the run
  double cpu_seconds = 0;
  uint64_t tokens = 0;
  uint64_t flops = 0;
  double tokens_per_s = 0;  // median over steps of this part
  size_t planned_bytes = 0;
  std::vector<StepFingerprint> fingerprints;  // of this part
};

// Throws what data and configuration give; kInternal when the loss stops being finite (the last
// good checkpoint stays); kInvalidArgument when the text is not the one wanted, when the folder
// holds another run and resume is not set, or resume is set and the configuration differs from the
// checkpoint's. Of a run that is complete only the model files are written again; the result is the
// recorded one.
TrainRunResult RunTraining(const TrainRunOptions& options, ParameterStore& parameters,
                           ThreadPool& pool);

// What the run's config.toml says, but for the hash of its text.
RunConfig RunConfigOf(const TrainRunOptions& options);

// Tokenizer and data set as the loop sees them: end tokens around documents.
DatasetTokenizer DatasetTokenizerOf(const Tokenizer& tokenizer, ThreadPool& pool);
std::vector<uint32_t> BytesOfTokens(const Tokenizer& tokenizer);

}  // namespace cambium
