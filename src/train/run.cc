// SPDX-License-Identifier: Apache-2.0
#include "train/run.h"

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "base/sparkline.h"
#include "base/stopwatch.h"
#include "formats/checkpoint_folder.h"
#include "formats/hf_tokenizer.h"
#include "ledger/environment.h"
#include "model/model_file.h"
#include "numerics/simd_target.h"
#include "tensor/ops/elementwise.h"
#include "train/op_trace.h"
#include "train/recorded_run.h"
#include "train/run_files.h"

namespace cambium {
namespace {

BatchMode BatchModeOf(const std::string& name) {
  if (name == "packed") return BatchMode::kPacked;
  if (name == "stream") return BatchMode::kStream;
  return BatchMode::kAuto;
}

// Tensors of a checkpoint: weights, then optimizer state.
std::vector<StateTensor> RunState(ParameterStore& parameters, Trainer& trainer) {
  std::vector<StateTensor> state;
  state.reserve(parameters.specs().size());
  for (size_t i = 0; i < parameters.specs().size(); ++i) {
    state.push_back({parameters.specs()[i].name, parameters.weight(i).value});
  }
  for (StateTensor& tensor : trainer.optimizer().State()) state.push_back(std::move(tensor));
  return state;
}

// One training run from its first or its next step to its end.
class TrainRun {
 public:
  TrainRun(const TrainRunOptions& options, ParameterStore& parameters, ThreadPool& pool)
      : options_(options),
        config_(options.config),
        parameters_(parameters),
        pool_(pool),
        cpu_start_(ProcessCpuSeconds()) {}

  TrainRunResult Run();

 private:
  void PrepareData();
  void CheckData() const;
  void Restore();
  void Loop();
  void AfterStep(const StepResult& step, double seconds);
  void ValidateModel(bool last);
  std::vector<int32_t> SamplePrompt() const;
  void Sample();
  void SaveState();
  void Export();
  RunEnd End(RunStatus status, const std::string& message);
  bool Due(uint64_t every) const { return every > 0 && step_ % every == 0; }

  const TrainRunOptions& options_;
  const TrainConfig& config_;
  ParameterStore& parameters_;
  ThreadPool& pool_;
  std::optional<Trainer> trainer_;
  std::optional<TokenDataset> dataset_;
  std::shared_ptr<const TokenFile> tokens_;
  std::optional<DataLoader> loader_;
  std::optional<RunRecorder> recorder_;
  std::optional<MetricsFile> metrics_;
  std::optional<Progress> progress_;
  std::optional<OpTraceWriter> op_trace_;

  uint64_t step_ = 0;  // steps done
  std::string run_id_;
  double earlier_wall_s_ = 0, earlier_cpu_s_ = 0;
  double cpu_start_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_checkpoint_ = Clock::now();
  double average_loss_ = 0;
  Sparkline loss_curve_{8};
  std::optional<std::vector<int32_t>> sample_prompt_;  // found when it is first needed
  std::vector<double> step_seconds_;
  TrainRunResult result_;
};

void TrainRun::CheckData() const {
  const std::string data_sha256 = ToHex(tokens_->info().data_hash);
  if (options_.wanted_data_sha256.empty() || options_.wanted_data_sha256 == data_sha256) return;
  Fail(
      ErrorCode::kInvalidArgument,
      "{}: the configuration was made for other text, or for text that is cut into documents in "
      "another way (SHA-256 there {}, here {}); to use it with any text, take the table [data] out "
      "of it",
      options_.data.string(), options_.wanted_data_sha256, data_sha256);
}

void TrainRun::PrepareData() {
  TokenDatasetOptions dataset = options_.dataset;
  dataset.val_fraction = config_.val_fraction;
  dataset.reader.exclude.push_back(options_.out);
  std::optional<Progress> progress;
  std::string phase;
  dataset.progress = [&](const char* name, uint64_t done, uint64_t total) {
    if (phase != name) {
      phase = name;
      progress.reset();
      progress.emplace(phase, total, "B", options_.quiet);
    }
    progress->Update(done);
    if (Interrupted())
      Fail(ErrorCode::kCancelled, "stopped while the data was read; nothing is lost");
  };
  dataset_.emplace(PrepareTokenDataset(options_.data, options_.out / "tokens.bin",
                                       DatasetTokenizerOf(*options_.tokenizer, pool_), dataset));
  progress.reset();
  // Among it what was skipped and repaired.
  if (!options_.quiet) std::fprintf(stderr, "%s\n", dataset_->stats.Summary().c_str());
  tokens_ = std::make_shared<const TokenFile>(std::move(dataset_->file));
  loader_.emplace(tokens_, DataLoaderOptions{.rows = config_.rows,
                                             .row_tokens = config_.row_tokens,
                                             .seed = config_.seed,
                                             .mode = BatchModeOf(config_.batch_mode),
                                             .bos_id = options_.tokenizer->bos_id(),
                                             .eos_id = options_.tokenizer->eos_id()});
}

void TrainRun::Restore() {
  std::optional<LastGoodCheckpoint> last = OpenLastGoodCheckpoint(options_.out);
  if (!last) {
    if (options_.resume && !options_.quiet) {
      std::fprintf(stderr, "note: no checkpoint in %s yet; starting at step 0\n",
                   options_.out.c_str());
    }
    return;
  }
  if (!options_.resume) {
    Fail(ErrorCode::kInvalidArgument,
         "{}: holds a training run already; continue it with --resume, or give another --out",
         options_.out.string());
  }
  if (!last->note.empty() && !options_.quiet)
    std::fprintf(stderr, "note: %s\n", last->note.c_str());
  const Json& state = last->reader.state();
  try {
    const auto require = [&](const char* key, const std::string& expected, const char* difference) {
      const std::string recorded = state.at(key);
      if (recorded == expected) return;
      Fail(ErrorCode::kInvalidArgument,
           "{}: the run was begun with {}, and can only be continued with the same ({} there {}, "
           "here {})",
           last->reader.path().string(), difference, key, recorded, expected);
    };
    if (state.at("numerics_version") != kNumericsVersion) {
      Fail(ErrorCode::kUnsupported,
           "{}: the checkpoint was made under numerics version {}, this program has {}; go on with "
           "the program that began the run",
           last->reader.path().string(), state.at("numerics_version").dump(), kNumericsVersion);
    }
    require("configuration", config_.ToJson().dump(), "another configuration");
    require("data_hash", ToHex(tokens_->info().data_hash),
            "other data: the text, or how it is cut into documents, has changed since");
    require("tokenizer_hash", ToHex(options_.tokenizer->Hash()), "another tokenizer");
    step_ = state.at("step");
    run_id_ = state.at("run_id");
    earlier_wall_s_ = state.at("wall_seconds");
    earlier_cpu_s_ = state.at("cpu_seconds");
  } catch (const Json::exception& error) {
    Fail(ErrorCode::kCorruptData, "{}: state: {}", last->reader.path().string(), error.what());
  }
  for (const StateTensor& tensor : RunState(parameters_, *trainer_)) {
    last->reader.ReadTensor(tensor.name, {tensor.tensor.f32(), tensor.tensor.size()});
  }
  trainer_->WeightsChanged();
}

void TrainRun::SaveState() {
  std::vector<CheckpointTensor> tensors;
  for (const StateTensor& state : RunState(parameters_, *trainer_)) {
    // What the next step would stop at must not replace the last good checkpoint.
    if (ops::HasNonFinite(state.tensor, pool_)) {
      Fail(ErrorCode::kInternal,
           "step {}: {} is not finite any more; training has diverged and nothing was saved. A "
           "lower learning rate usually helps",
           step_, state.name);
    }
    tensors.push_back({state.name,
                       {state.tensor.rows(), state.tensor.cols()},
                       {state.tensor.f32(), state.tensor.size()}});
  }
  const Json state = {{"configuration", config_.ToJson().dump()},
                      {"data_hash", ToHex(tokens_->info().data_hash)},
                      {"tokenizer_hash", ToHex(options_.tokenizer->Hash())},
                      {"tokenizer_spec", options_.tokenizer_spec},
                      {"documents", ToJson(*RunConfigOf(options_).documents)},
                      {"numerics_version", kNumericsVersion},
                      {"step", step_},
                      {"run_id", run_id_},
                      {"wall_seconds", earlier_wall_s_ + SecondsSince(start_)},
                      {"cpu_seconds", earlier_cpu_s_ + ProcessCpuSeconds() - cpu_start_}};
  SaveCheckpoint(options_.out, state, tensors);
  last_checkpoint_ = Clock::now();
}

void TrainRun::ValidateModel(bool last) {
  if (!options_.validate || tokens_->info().num_validation_tokens == 0) return;
  const ValidationLoader loader(
      tokens_,
      {.rows = config_.micro_batch_rows,
       .row_tokens = config_.row_tokens,
       .bos_id = options_.tokenizer->bos_id(),
       .max_tokens = last ? options_.final_eval_max_tokens : options_.eval_max_tokens},
      BytesOfTokens(*options_.tokenizer));
  result_.validation = Evaluate(*trainer_, loader);
  const Evaluation& v = *result_.validation;
  metrics_->Append({{"step", step_},
                    {"validation_nats_per_token", v.nats_per_token},
                    {"validation_bits_per_byte", v.bits_per_byte},
                    {"validation_rows", v.num_rows},
                    {"validation_rows_total", v.total_rows}});
  recorder_->Metric({static_cast<int64_t>(step_), "validation_bits_per_byte", v.bits_per_byte});
  const std::string rows = v.num_rows < v.total_rows
                               ? fmt::format("{} of {} rows", v.num_rows, v.total_rows)
                               : fmt::format("all {} rows", v.total_rows);
  progress_->Note(fmt::format("step {:>6}  validation {:.4f} bits/byte  ({:.4f} nats/token, {})",
                              step_, v.bits_per_byte, v.nats_per_token, rows));
  Sample();
}

// Behind bos, the beginning of the first document kept for validation.
std::vector<int32_t> TrainRun::SamplePrompt() const {
  constexpr size_t kPromptTokens = 6;
  std::vector<int32_t> prompt;
  for (uint64_t i = 0; i < tokens_->info().num_documents; ++i) {
    const TokenDocument document = tokens_->document(i);
    if (!document.validation) continue;
    prompt.resize(std::min<uint64_t>(kPromptTokens, document.num_tokens()));
    tokens_->CopyTokens(document.begin, prompt);
    break;
  }
  const int32_t bos_id = options_.tokenizer->bos_id();
  if (bos_id >= 0) prompt.insert(prompt.begin(), bos_id);
  return prompt;
}

void TrainRun::Sample() {
  if (!options_.sample) return;
  if (!sample_prompt_) sample_prompt_ = SamplePrompt();
  if (sample_prompt_->empty()) return;
  const std::string text = options_.sample(*sample_prompt_);
  if (!text.empty()) progress_->Note(text);
}

void TrainRun::AfterStep(const StepResult& step, double seconds) {
  step_seconds_.push_back(seconds);
  result_.train_loss = step.loss;
  average_loss_ = average_loss_ == 0 ? step.loss : 0.95 * average_loss_ + 0.05 * step.loss;
  loss_curve_.Add(step.loss);
  std::string details = fmt::format("loss {:.3f} {}", average_loss_, loss_curve_.Text());
  if (options_.peak_flops_per_s > 0) {
    details += fmt::format("  {:.0f}% of peak", 100 * static_cast<double>(config_.FlopsPerStep()) /
                                                    seconds / options_.peak_flops_per_s);
  }
  progress_->Update(step_ * config_.TokensPerStep(), details);
  if (Due(options_.log_every_steps) || step_ == config_.num_steps) {
    metrics_->Append({{"step", step_},
                      {"loss", step.loss},
                      {"gradient_norm", step.gradient_norm},
                      {"lr_factor", LearningRateFactor(config_, step_ - 1)},
                      {"targets", step.num_targets},
                      {"seconds", seconds}});
  }
  const uint64_t fingerprint_every = options_.fingerprint_every_steps > 0
                                         ? options_.fingerprint_every_steps
                                         : std::max<uint64_t>(1, config_.num_steps / 20);
  if (Due(fingerprint_every) || step_ == config_.num_steps) {
    result_.fingerprints.push_back({static_cast<int64_t>(step_), ToHex(parameters_.Fingerprint()),
                                    static_cast<float>(step.loss)});
    recorder_->Fingerprint(result_.fingerprints.back());
    recorder_->Metric({static_cast<int64_t>(step_), "train_loss", step.loss});
  }
  const uint64_t eval_every = options_.eval_every_steps > 0
                                  ? options_.eval_every_steps
                                  : std::max<uint64_t>(1, config_.num_steps / 10);
  if (step_ == config_.num_steps) {
    ValidateModel(true);
  } else if (Due(eval_every)) {
    ValidateModel(false);
  }
}

void TrainRun::Loop() {
  const uint64_t last = options_.stop_after_steps > 0
                            ? std::min(config_.num_steps, options_.stop_after_steps)
                            : config_.num_steps;
  Batch batch;
  while (step_ < last && !Interrupted()) {
    const Clock::time_point begin = Clock::now();
    loader_->Load(step_, batch);
    if (op_trace_) op_trace_->BeginStep(step_);
    const StepResult step = trainer_->Step(step_, batch);
    ++step_;
    AfterStep(step, SecondsSince(begin));
    if (op_trace_) op_trace_->Flush();
    if (options_.on_step) options_.on_step(step_, step);
    if (options_.checkpoint_every_s > 0 &&
        SecondsSince(last_checkpoint_) >= options_.checkpoint_every_s && step_ < last) {
      SaveState();
    }
  }
}

RunEnd TrainRun::End(RunStatus status, const std::string& message) {
  return {.status = status,
          .message = message,
          .tokens = static_cast<int64_t>(step_ * config_.TokensPerStep()),
          .flops = static_cast<int64_t>(config_.FlopsOf(step_)),
          .wall_seconds = earlier_wall_s_ + SecondsSince(start_),
          .cpu_seconds = earlier_cpu_s_ + ProcessCpuSeconds() - cpu_start_,
          .fingerprint = status == RunStatus::kDone ? result_.fingerprint : ""};
}

void TrainRun::Export() {
  const SaveOptions save = {.type = options_.export_type,
                            .name = options_.model_name,
                            .fingerprint = result_.fingerprint,
                            .compute_type = DTypeName(config_.compute)};
  const TokenizerData& tokenizer = options_.tokenizer->data();
  SaveGguf(options_.out / "model.gguf", parameters_, tokenizer, save);
  if (options_.export_hf) SaveHfModel(options_.out / "hf", parameters_, tokenizer, save);
}

TrainRunResult TrainRun::Run() {
  // Before anything is written or computed; the caller has done so before it took the weights.
  result_.planned_bytes = PlanTraining(config_, pool_).total_bytes();
  MakeDirectories(options_.out);
  parameters_.Initialize(config_.seed, pool_);
  trainer_.emplace(config_, parameters_, pool_);
  PrepareData();
  CheckData();
  Restore();
  if (const auto finished = ResultOfFinishedRun(options_.out, config_, step_)) {
    result_.fingerprint = finished->fingerprint;
    Export();
    return *finished;
  }
  if (options_.on_start) options_.on_start(trainer_->memory_plan());
  RunConfig run_config = RunConfigOf(options_);
  run_config.data_sha256 = ToHex(tokens_->info().data_hash);
  // The configuration last: with it the folder has all that a run without a checkpoint goes on
  // from.
  WriteFileAtomically(options_.out / "tokenizer.json", ToHfTokenizer(options_.tokenizer->data()));
  WriteFileAtomically(options_.out / "config.toml", run_config.ToToml());
  if (!options_.op_trace.empty()) {
    op_trace_.emplace(options_.op_trace);
    trainer_->set_trace(
        [this](std::string_view name, const Tensor& result) { op_trace_->Record(name, result); });
  }

  const Json configuration = {{"train", config_.ToJson()},
                              {"data", std::filesystem::absolute(options_.data).string()},
                              {"documents", ToJson(*run_config.documents)},
                              {"tokenizer", ToJson(*run_config.tokenizer)}};
  const RunStart start = {.kind = "train",
                          .configuration = configuration.dump(),
                          .data_hash = ToHex(tokens_->info().data_hash),
                          .tokenizer_hash = ToHex(options_.tokenizer->Hash()),
                          .numerics_version = kNumericsVersion,
                          .compute_type = DTypeName(config_.compute),
                          .simd_target = SimdTargetName(ActiveSimdTarget()),
                          .threads = static_cast<int>(pool_.num_threads()),
                          .out_dir = std::filesystem::absolute(options_.out).string()};
  recorder_.emplace(options_.ledger_path, start, run_id_);
  run_id_ = recorder_->run_id();
  result_.run_id = run_id_;
  metrics_.emplace(options_.out / "metrics.jsonl", step_);
  progress_.emplace("training", config_.num_steps * config_.TokensPerStep(), "tok", options_.quiet,
                    step_ * config_.TokensPerStep());
  last_checkpoint_ = Clock::now();
  try {
    Loop();
    if (step_ < config_.num_steps) {
      SaveState();
    } else {
      result_.finished = true;
    }
    result_.fingerprint = ToHex(parameters_.Fingerprint());
    progress_->Finish();
    if (op_trace_) op_trace_->Finish();
    if (result_.finished) {
      // First what cannot be had again: a full disk may end the other.
      SaveState();
      Export();
    }
  } catch (const std::exception& error) {
    progress_->Finish();
    recorder_->Finish(End(RunStatus::kFailed, error.what()));
    throw;
  }
  const RunEnd end = End(result_.finished ? RunStatus::kDone : RunStatus::kInterrupted, "");
  recorder_->Finish(end);
  Json record = {{"run_id", run_id_},
                 {"status", RunStatusName(end.status)},
                 {"configuration", configuration},
                 {"data_hash", start.data_hash},
                 {"tokenizer_hash", start.tokenizer_hash},
                 {"numerics_version", kNumericsVersion},
                 {"compute_type", start.compute_type},
                 {"binary_version", BinaryVersion()},
                 {"simd_target", start.simd_target},
                 {"cpu_model", CpuModel()},
                 {"threads", start.threads},
                 {"steps", step_},
                 {"tokens", end.tokens},
                 {"flops", end.flops},
                 {"wall_seconds", end.wall_seconds},
                 {"cpu_seconds", end.cpu_seconds},
                 {"fingerprint", result_.fingerprint}};
  WriteFileAtomically(options_.out / "run.json", record.dump(2) + "\n");
  result_.steps_done = step_;
  result_.num_steps = config_.num_steps;
  result_.wall_seconds = end.wall_seconds;
  result_.cpu_seconds = end.cpu_seconds;
  result_.tokens = static_cast<uint64_t>(end.tokens);
  result_.flops = static_cast<uint64_t>(end.flops);
  if (!step_seconds_.empty()) {
    result_.tokens_per_s = static_cast<double>(config_.TokensPerStep()) / Median(step_seconds_);
  }
  return result_;
}

}  // namespace

DatasetTokenizer DatasetTokenizerOf(const Tokenizer& tokenizer, ThreadPool& pool) {
  return {.hash = tokenizer.Hash(),
          .vocab_size = static_cast<uint32_t>(tokenizer.vocab_size()),
          .encode = [&tokenizer, &pool](std::span<const std::string_view> texts,
                                        std::vector<std::vector<int32_t>>& tokens) {
            tokens = tokenizer.EncodeBatch(texts, pool);
          }};
}

std::vector<uint32_t> BytesOfTokens(const Tokenizer& tokenizer) {
  std::vector<uint32_t> bytes(static_cast<size_t>(tokenizer.vocab_size()));
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    const bool text = tokenizer.Type(id) == TokenType::kNormal ||
                      tokenizer.Type(id) == TokenType::kUserDefined ||
                      tokenizer.Type(id) == TokenType::kByte;
    bytes[static_cast<size_t>(id)] =
        text ? static_cast<uint32_t>(tokenizer.TokenBytes(id).size()) : 0;
  }
  return bytes;
}

RunConfig RunConfigOf(const TrainRunOptions& options) {
  return {.train = options.config,
          .documents = DocumentRules{.separator = options.dataset.reader.separator,
                                     .skip_bad_lines = options.dataset.reader.skip_bad_json_lines},
          .tokenizer = TokenizerIdentity{.spec = options.tokenizer_spec,
                                         .sha256 = ToHex(options.tokenizer->Hash())}};
}

TrainRunResult RunTraining(const TrainRunOptions& options, ParameterStore& parameters,
                           ThreadPool& pool) {
  return TrainRun(options, parameters, pool).Run();
}

}  // namespace cambium
