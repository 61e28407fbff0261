// SPDX-License-Identifier: Apache-2.0
// cambium bench generate: decoding speed, and how much of the memory's bandwidth it uses.
#include <chrono>
#include <memory>

#include "base/interrupt.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/text_table.h"
#include "infer/sampler.h"
#include "infer/session.h"
#include "model/model_file.h"
#include "numerics/machine_peak.h"

namespace cambium {
namespace {

using Clock = std::chrono::steady_clock;

struct BenchGenerateArguments {
  std::filesystem::path model;
  std::string preset, compute;
  size_t vocab_size = 50304, prompt_tokens = 64, steps = 32;
  std::vector<size_t> batches = {1, 8, 32};
};

struct BatchResult {
  size_t batch = 0;
  double prefill_tokens_per_s = 0;
  double step_seconds = 0;  // median
  double forward_seconds = 0;
  double read_bytes_per_s = 0;  // of the machine, measured before and after
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

BatchResult MeasureBatch(const BenchGenerateArguments& a, Engine& engine, size_t batch) {
  const size_t V = engine.config().vocab_size;
  BatchResult result = {.batch = batch};
  const double before = MeasureMachinePeak(engine.pool(), 50).read_bytes_per_s;

  std::vector<Sequence> sequences;
  for (size_t i = 0; i < batch; ++i) {
    sequences.push_back(engine.NewSequence(a.prompt_tokens + a.steps));
  }
  std::vector<int32_t> prompt(a.prompt_tokens);
  for (size_t i = 0; i < prompt.size(); ++i) prompt[i] = static_cast<int32_t>((i * 7919) % V);
  std::vector<ForwardRequest> requests;
  for (Sequence& sequence : sequences) requests.push_back({&sequence, prompt, LogitsOf::kLast});
  Clock::time_point start = Clock::now();
  std::span<const float> logits = engine.Forward(requests);
  result.prefill_tokens_per_s = static_cast<double>(batch * a.prompt_tokens) / SecondsSince(start);

  const Sampler sampler(SamplerOptions{.temperature = 0.8f});
  std::vector<int32_t> tokens(batch);
  std::vector<double> step_seconds, forward_seconds;
  for (size_t step = 0; step < a.steps && !Interrupted(); ++step) {
    start = Clock::now();
    engine.pool().ParallelFor(batch, [&](size_t i, size_t) {
      tokens[i] = sampler.Sample(logits.subspan(i * V, V), {}, i, step).token;
    });
    for (size_t i = 0; i < batch; ++i) requests[i].tokens = {&tokens[i], 1};
    const Clock::time_point forward = Clock::now();
    logits = engine.Forward(requests);
    forward_seconds.push_back(SecondsSince(forward));
    step_seconds.push_back(SecondsSince(start));
  }
  if (step_seconds.empty()) Fail(ErrorCode::kCancelled, "stopped before the first step");
  result.step_seconds = Median(std::move(step_seconds));
  result.forward_seconds = Median(std::move(forward_seconds));
  const double after = MeasureMachinePeak(engine.pool(), 50).read_bytes_per_s;
  result.read_bytes_per_s = (before + after) / 2;
  return result;
}

void PrintResults(const Context& context, const Engine& engine, const std::string& name,
                  const std::vector<BatchResult>& results) {
  const double bytes = static_cast<double>(engine.weight_bytes());
  using Align = TableColumn::Align;
  TextTable table({{.name = "BATCH", .align = Align::kRight},
                   {.name = "TOKENS/S", .align = Align::kRight},
                   {.name = "MS/STEP", .align = Align::kRight},
                   {.name = "SAMPLING", .align = Align::kRight},
                   {.name = "GB/S", .align = Align::kRight},
                   {.name = "OF BANDWIDTH", .align = Align::kRight},
                   {.name = "PREFILL TOK/S", .align = Align::kRight}});
  Json rows = Json::array();
  for (const BatchResult& r : results) {
    const double tokens_per_s = static_cast<double>(r.batch) / r.step_seconds;
    const double bytes_per_s = bytes / r.step_seconds;
    const double fraction = bytes_per_s / r.read_bytes_per_s;
    const double sampling = r.step_seconds - r.forward_seconds;
    table.AddRow({fmt::format("{}", r.batch), fmt::format("{:.1f}", tokens_per_s),
                  fmt::format("{:.2f}", r.step_seconds * 1000),
                  fmt::format("{:.2f}", sampling * 1000), fmt::format("{:.1f}", bytes_per_s / 1e9),
                  fmt::format("{:.0f}%", fraction * 100),
                  fmt::format("{:.0f}", r.prefill_tokens_per_s)});
    rows.push_back({{"batch", r.batch},
                    {"tokens_per_second", tokens_per_s},
                    {"step_seconds", r.step_seconds},
                    {"forward_seconds", r.forward_seconds},
                    {"weight_bytes_per_second", bytes_per_s},
                    {"machine_read_bytes_per_second", r.read_bytes_per_s},
                    {"fraction_of_bandwidth", fraction},
                    {"prefill_tokens_per_second", r.prefill_tokens_per_s}});
  }
  if (context.json) {
    PrintJson({{"model", name},
               {"compute", DTypeName(engine.options().compute)},
               {"threads", context.NumThreads()},
               {"weight_bytes", engine.weight_bytes()},
               {"batches", rows}});
    return;
  }
  Print(fmt::format("{}: {}, {:.1f} MB of weights read per step\n", name,
                    DTypeName(engine.options().compute), bytes / 1e6));
  Print(table.Format());
}

void RunBenchGenerate(Context& context, const BenchGenerateArguments& a) {
  if (a.model.empty() && a.preset.empty()) {
    Fail(ErrorCode::kInvalidArgument, "a model is missing; give --model or --preset");
  }
  ThreadPool pool(context.NumThreads());
  LoadedModel model;
  std::string name = a.model.string();
  if (a.preset.empty()) {
    model = LoadModel(a.model, MatrixMemory::kStored);
  } else {
    name = a.preset + " with random weights";
    model.config = FindModelPreset(a.preset).config;
    model.config.vocab_size = a.vocab_size;
    model.stored = DType::kBF16;
    model.parameters = std::make_unique<ParameterStore>(model.config, /*with_gradients=*/false);
    model.parameters->Initialize(1, pool);
  }
  const DType compute = a.compute.empty()    ? model.stored
                        : a.compute == "f32" ? DType::kF32
                                             : DType::kBF16;
  Engine engine(*model.parameters, pool, {.compute = compute, .release_values = true});
  std::vector<BatchResult> results;
  for (const size_t batch : a.batches) {
    if (Interrupted()) break;
    results.push_back(MeasureBatch(a, engine, batch));
  }
  PrintResults(context, engine, name, results);
  if (results.size() < a.batches.size()) context.exit_code = kExitStopped;
}

}  // namespace

void AddBenchGenerateCommand(CLI::App& bench, Context& context) {
  CLI::App* command = bench.add_subcommand(
      "generate",
      "Decoding speed at several batch sizes, and the fraction of the memory's bandwidth with "
      "which weights are read");
  const auto a = std::make_shared<BenchGenerateArguments>();
  CLI::Option* model =
      command->add_option("--model", a->model, "A GGUF file, or the folder of a run or a model")
          ->type_name("FILE");
  command->add_option("--preset", a->preset, "Instead of a model: random weights in this shape")
      ->excludes(model)
      ->type_name("NAME");
  command->add_option("--vocab-size", a->vocab_size, "Of a preset")
      ->capture_default_str()
      ->check(WholeNumber(2, size_t{1} << 20))
      ->type_name("N");
  command->add_option("--compute", a->compute, "f32 or bf16; default: as generate chooses it")
      ->check(OneOf({"f32", "bf16"}))
      ->type_name("TYPE");
  command->add_option("--batch", a->batches, "Batch sizes")
      ->capture_default_str()
      ->check(WholeNumber(1, 256))
      ->delimiter(',')
      ->type_name("N,...");
  command->add_option("--prompt-tokens", a->prompt_tokens, "Tokens before the first step")
      ->capture_default_str()
      ->check(WholeNumber(1))
      ->type_name("N");
  command->add_option("--steps", a->steps, "Steps of each batch; the median counts")
      ->capture_default_str()
      ->check(WholeNumber(1))
      ->type_name("N");
  SetExamples(*command,
              "cambium bench generate --model model.gguf\n"
              "cambium bench generate --preset gpt2 --batch 1,4 --json");
  command->callback(
      [&context, a] { context.run = [&context, a] { RunBenchGenerate(context, *a); }; });
}

}  // namespace cambium
