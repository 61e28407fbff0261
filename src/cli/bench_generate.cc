// SPDX-License-Identifier: Apache-2.0
// cambium bench generate: speed of prompts and of generation, as tokens per second and as parts of
// what the machine can do.
#include <algorithm>
#include <cmath>
#include <memory>

#include "base/interrupt.h"
#include "base/physical_memory.h"
#include "base/stopwatch.h"
#include "cli/commands.h"
#include "cli/generation_model.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/text_table.h"
#include "infer/generation_memory.h"
#include "infer/sampler.h"
#include "infer/session.h"
#include "model/model_file.h"
#include "numerics/machine_peak.h"

namespace cambium {
namespace {

struct BenchGenerateArguments {
  std::filesystem::path model;
  std::string preset, compute, kv_type;
  size_t vocab_size = 50304, prompt_tokens = 512, steps = 32, repeat = 3, chunk = 512;
  std::vector<size_t> batches = {1, 8, 32}, depths = {0};
};

// One line of the result: a prompt, or steps of generation.
struct Measurement {
  bool prompt = false;
  size_t batch = 1;
  size_t depth = 0;             // tokens that each sequence has before
  size_t tokens = 0;            // of the prompt, or steps
  std::vector<double> seconds;  // of each repetition: the prompt, or one step
  double forward_seconds = 0;   // of a step without sampling
  // What the machine could do, measured before and after, and what a repetition needs of it.
  double limit_per_s = 0;
  double need = 0;

  double tokens_per_second(double s) const {
    return static_cast<double>(prompt ? tokens : batch) / s;
  }
  double fraction() const { return need / Median(seconds) / limit_per_s; }
  std::string name() const {
    std::string text = fmt::format("{}{}", prompt ? "pp" : "tg", tokens);
    if (batch > 1) text += fmt::format(" x {}", batch);
    if (depth > 0) text += fmt::format(" @ {}", depth);
    return text;
  }
};

std::vector<int32_t> SomeTokens(size_t count, size_t vocab_size) {
  std::vector<int32_t> tokens(count);
  for (size_t i = 0; i < count; ++i) tokens[i] = static_cast<int32_t>((i * 7919) % vocab_size);
  return tokens;
}

// Operations per second of the unit that the weights are multiplied on.
double PeakOf(const Engine& engine, const MachinePeak& peak) {
  if (engine.runs_integers()) return peak.byte_ops_per_s;
  return engine.options().compute == DType::kBF16 ? peak.bf16_flops_per_s : peak.f32_flops_per_s;
}

void CheckInterrupted() {
  if (Interrupted()) Fail(ErrorCode::kCancelled, "stopped");
}

void Append(Engine& engine, Sequence& sequence, size_t count) {
  const std::vector<int32_t> tokens = SomeTokens(count, engine.config().vocab_size);
  const ForwardRequest request = {&sequence, tokens, LogitsOf::kNone};
  if (count > 0) engine.Forward({&request, 1});
}

Measurement MeasurePrompt(const BenchGenerateArguments& a, Engine& engine, size_t depth) {
  Measurement m = {.prompt = true, .depth = depth, .tokens = a.prompt_tokens};
  const MachinePeak before = MeasureMachinePeak(engine.pool(), 30);
  Sequence sequence = engine.NewSequence(depth + a.prompt_tokens);
  Append(engine, sequence, depth);
  const std::vector<int32_t> prompt = SomeTokens(a.prompt_tokens, engine.config().vocab_size);
  for (size_t i = 0; i <= a.repeat; ++i) {
    CheckInterrupted();
    const Clock::time_point start = Clock::now();
    const ForwardRequest request = {&sequence, prompt, LogitsOf::kLast};
    engine.Forward({&request, 1});
    if (i > 0) m.seconds.push_back(SecondsSince(start));  // the first warms up
    sequence.Truncate(depth);
  }
  const MachinePeak after = MeasureMachinePeak(engine.pool(), 30);
  m.limit_per_s = (PeakOf(engine, before) + PeakOf(engine, after)) / 2;
  const double visible = static_cast<double>(depth) + static_cast<double>(a.prompt_tokens + 1) / 2;
  const double head = 2.0 * static_cast<double>(engine.config().vocab_size * engine.config().width);
  const double per_token = engine.config().ForwardFlopsPerToken(visible) - head;
  m.need = per_token * static_cast<double>(a.prompt_tokens) + head;
  return m;
}

Measurement MeasureSteps(const BenchGenerateArguments& a, Engine& engine, size_t batch,
                         size_t depth) {
  const size_t V = engine.config().vocab_size;
  Measurement m = {.batch = batch, .depth = depth, .tokens = a.steps};
  const double before = MeasureReadSpeed(engine.pool(), 30);
  std::vector<Sequence> sequences;
  std::vector<int32_t> tokens(batch, 1);
  std::vector<ForwardRequest> requests;
  for (size_t i = 0; i < batch; ++i) sequences.push_back(engine.NewSequence(depth + a.steps + 1));
  for (size_t i = 0; i < batch; ++i) {
    Append(engine, sequences[i], depth);
    requests.push_back({&sequences[i], {&tokens[i], 1}, LogitsOf::kLast});
  }
  std::span<const float> logits = engine.Forward(requests);
  const Sampler sampler(SamplerOptions{.temperature = 0.8f});
  std::vector<double> forward_seconds;
  for (size_t step = 0; step < a.steps; ++step) {
    CheckInterrupted();
    const Clock::time_point start = Clock::now();
    engine.pool().ParallelFor(batch, [&](size_t i, size_t) {
      tokens[i] = sampler.Sample(logits.subspan(i * V, V), {}, i, step).token;
    });
    const Clock::time_point forward = Clock::now();
    logits = engine.Forward(requests);
    forward_seconds.push_back(SecondsSince(forward));
    m.seconds.push_back(SecondsSince(start));
  }
  m.forward_seconds = Median(std::move(forward_seconds));
  m.limit_per_s = (before + MeasureReadSpeed(engine.pool(), 30)) / 2;
  // The weights that a step needs, keys and values of every sequence.
  const double position_bytes =
      static_cast<double>(engine.CacheBytes(ops::kSplitPositions)) / ops::kSplitPositions;
  const double cache = position_bytes * static_cast<double>(depth + a.steps / 2);
  m.need = engine.WeightBytesRead(batch) + static_cast<double>(batch) * cache;
  return m;
}

void PrintResults(const Context& context, const Engine& engine, const std::string& name,
                  const std::vector<Measurement>& results) {
  using Align = TableColumn::Align;
  TextTable table({{.name = "TEST"},
                   {.name = "TOKENS/S", .align = Align::kRight},
                   {.name = "SLOWEST", .align = Align::kRight},
                   {.name = "FASTEST", .align = Align::kRight},
                   {.name = "SAMPLING", .align = Align::kRight},
                   {.name = "OF LIMIT"}});
  Json rows = Json::array();
  for (const Measurement& m : results) {
    const double seconds = Median(m.seconds);
    const auto [fastest, slowest] = std::minmax_element(m.seconds.begin(), m.seconds.end());
    const std::string sampling =
        m.prompt ? "" : fmt::format("{:.2f} ms", (seconds - m.forward_seconds) * 1000);
    table.AddRow({m.name(), fmt::format("{:.1f}", m.tokens_per_second(seconds)),
                  fmt::format("{:.1f}", m.tokens_per_second(*slowest)),
                  fmt::format("{:.1f}", m.tokens_per_second(*fastest)), sampling,
                  fmt::format("{:.0f}% of {:.0f} {}", m.fraction() * 100, m.limit_per_s / 1e9,
                              m.prompt ? "Gop/s" : "GB/s")});
    rows.push_back({{"test", m.name()},
                    {"kind", m.prompt ? "prompt" : "generation"},
                    {"tokens", m.tokens},
                    {"batch", m.batch},
                    {"depth", m.depth},
                    {"tokens_per_second", m.tokens_per_second(seconds)},
                    {"seconds", m.seconds},
                    {"fraction_of_limit", m.fraction()},
                    {"limit_per_second", m.limit_per_s},
                    {"limit", m.prompt ? "operations" : "bytes read"}});
  }
  if (context.json) {
    PrintJson({{"model", name},
               {"compute", DTypeName(engine.options().compute)},
               {"kv_type", ops::KvTypeName(engine.kv_type())},
               {"threads", context.NumThreads()},
               {"weight_bytes", std::llround(engine.WeightBytesRead(1))},
               {"measurements", rows}});
    return;
  }
  Print(fmt::format("{}\n{}{}, keys in {}, {} threads, {:.1f} MB of weights read for a token\n",
                    name, DTypeName(engine.options().compute),
                    engine.runs_integers() ? " and quantised weights as integers" : "",
                    ops::KvTypeName(engine.kv_type()), context.NumThreads(),
                    engine.WeightBytesRead(1) / 1e6));
  Print(table.Format());
}

// Before the first measurement, which may take long.
void RequireSequences(const BenchGenerateArguments& a, const Engine& engine, size_t depth) {
  if (a.prompt_tokens > 0) PlanMemory(engine, 1, depth + a.prompt_tokens).Require();
  if (a.steps == 0) return;
  const size_t batch = *std::max_element(a.batches.begin(), a.batches.end());
  PlanMemory(engine, batch, depth + a.steps + 1).Require();
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
    RequireMemory(sizeof(float) * static_cast<double>(model.config.NumParameters()),
                  fmt::format("the preset {} in f32", a.preset), "a smaller one needs less");
    model.types.compute = DType::kBF16;
    model.parameters = std::make_unique<ParameterStore>(model.config, /*with_gradients=*/false);
    model.parameters->Initialize(1, pool);
  }
  const DType compute = ComputeType(a.compute, model.types.compute);
  const size_t depth = *std::max_element(a.depths.begin(), a.depths.end());
  const size_t context_tokens = depth + std::max(a.prompt_tokens, a.steps + 1);
  if (!a.model.empty() && context_tokens > model.config.context_length) {
    Fail(ErrorCode::kInvalidArgument, "{} tokens are needed, the model's context has {}",
         context_tokens, model.config.context_length);
  }
  Engine engine(*model.parameters, pool,
                {.compute = compute,
                 .kv_type = KvTypeOption(a.kv_type),
                 .max_context = context_tokens,
                 .max_batch_tokens = a.chunk,
                 .prefill_chunk = a.chunk,
                 .release_values = true});
  RequireSequences(a, engine, depth);
  std::vector<Measurement> results;
  for (const size_t d : a.depths) {
    if (a.prompt_tokens > 0) results.push_back(MeasurePrompt(a, engine, d));
    if (a.steps == 0) continue;
    for (const size_t batch : a.batches) results.push_back(MeasureSteps(a, engine, batch, d));
  }
  PrintResults(context, engine, name, results);
}

}  // namespace

void AddBenchGenerateCommand(CLI::App& bench, Context& context) {
  CLI::App* command = bench.add_subcommand(
      "generate",
      "Speed of prompts and of generation, at several depths and batch sizes, and how much of "
      "the machine's limit that is: arithmetic for prompts, memory reads for generation");
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
  AddKvTypeOption(*command, a->kv_type);
  command->add_option("--batch", a->batches, "Batch sizes")
      ->capture_default_str()
      ->check(WholeNumber(1, 256))
      ->delimiter(',')
      ->type_name("N,...");
  command->add_option("--prompt-tokens", a->prompt_tokens, "Length of the prompts; 0: none")
      ->capture_default_str()
      ->check(WholeNumber(0))
      ->type_name("N");
  command->add_option("--steps", a->steps, "Steps of each batch; 0: none")
      ->capture_default_str()
      ->check(WholeNumber(0))
      ->type_name("N");
  command->add_option("--depth", a->depths, "Tokens that the sequences have before")
      ->capture_default_str()
      ->check(WholeNumber(0, size_t{1} << 20))
      ->delimiter(',')
      ->type_name("N,...");
  command->add_option("--repeat", a->repeat, "Prompts of each kind; the median counts")
      ->capture_default_str()
      ->check(WholeNumber(1))
      ->type_name("N");
  command->add_option("--prefill-chunk", a->chunk, "Tokens of a prompt in one pass")
      ->capture_default_str()
      ->check(WholeNumber(1, 4096))
      ->type_name("N");
  SetExamples(*command,
              "cambium bench generate --model model.gguf --depth 0,1024\n"
              "cambium bench generate --preset gpt2 --batch 1,4 --json");
  command->callback(
      [&context, a] { context.run = [&context, a] { RunBenchGenerate(context, *a); }; });
}

}  // namespace cambium
