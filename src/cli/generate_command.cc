// SPDX-License-Identifier: Apache-2.0
// cambium generate: text from a model and a prompt.
#include <memory>
#include <optional>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/sampling_options.h"
#include "infer/generate.h"
#include "model/model_file.h"

namespace cambium {
namespace {

// Without --max-tokens.
constexpr size_t kDefaultMaxTokens = 256;

struct GenerateArguments {
  std::filesystem::path model, prompt_file;
  std::optional<std::string> prompt;
  std::string compute;
  size_t max_tokens = 0, prefill_chunk = 256;
  SamplingArguments sampling;
  GenerateOptions options;
};

Json ContinuationJson(const Continuation& made) {
  return {{"sequence", made.sequence},
          {"text", made.text},
          {"tokens", made.tokens},
          {"logprobs", made.logprobs},
          {"finish_reason", FinishReasonName(made.finish_reason)}};
}

Json ResultJson(const GenerateArguments& a, const Engine& engine, const GenerateResult& result) {
  Json continuations = Json::array();
  for (const Continuation& made : result.continuations) {
    continuations.push_back(ContinuationJson(made));
  }
  const GenerateStats& stats = result.stats;
  const Json& first = continuations.front();
  return {{"model", a.model.string()},
          {"text", first["text"]},
          {"tokens", first["tokens"]},
          {"finish_reason", first["finish_reason"]},
          {"seed", a.options.sampler.seed},
          {"sampling", SamplingJson(a.options.sampler)},
          {"compute", DTypeName(engine.options().compute)},
          {"numerics_version", kNumericsVersion},
          {"continuations", continuations},
          {"prompt_tokens", stats.prompt_tokens / result.continuations.size()},
          {"generated_tokens", stats.generated_tokens},
          {"timings",
           {{"prefill_seconds", stats.prefill_seconds},
            {"first_token_seconds", stats.first_token_seconds},
            {"decode_seconds", stats.decode_seconds},
            {"prefill_tokens_per_second", stats.PrefillTokensPerSecond()},
            {"decode_tokens_per_second", stats.DecodeTokensPerSecond()}}}};
}

std::string Summary(const GenerateArguments& a, const GenerateResult& result) {
  const GenerateStats& stats = result.stats;
  return fmt::format(
      "{} tokens, {:.1f} tokens/s; prompt {} tokens, {:.0f} tokens/s, first token after {:.0f} ms; "
      "seed {}; ended by {}",
      stats.generated_tokens, stats.DecodeTokensPerSecond(), stats.prompt_tokens,
      stats.PrefillTokensPerSecond(), stats.first_token_seconds * 1000, a.options.sampler.seed,
      FinishReasonName(result.continuations.front().finish_reason));
}

DType ComputeType(const std::string& name, DType stored) {
  if (name.empty()) return stored;
  return name == "f32" ? DType::kF32 : DType::kBF16;
}

// Empty text is what comes after the token that begins texts, also where the tokenizer does not put
// that in front by itself. Without such a token nothing can be generated from nothing.
std::vector<int32_t> PromptTokens(const Tokenizer& tokenizer, const std::string& prompt) {
  std::vector<int32_t> tokens = tokenizer.Encode(prompt, {.allow_bos = true});
  if (tokens.empty() && tokenizer.bos_id() >= 0) tokens.push_back(tokenizer.bos_id());
  return tokens;
}

void RunGenerate(Context& context, GenerateArguments a) {
  if (!a.prompt && a.prompt_file.empty()) {
    Fail(ErrorCode::kInvalidArgument,
         "a text to continue is missing; give --prompt or --prompt-file");
  }
  a.sampling.options.Validate();
  const std::string prompt = a.prompt ? *a.prompt : ReadFile(a.prompt_file);
  const LoadedModel model = LoadModel(a.model, MatrixMemory::kStored);
  const Tokenizer tokenizer(model.tokenizer);
  a.options.sampler = ResolveSampling(a.sampling, tokenizer);
  ThreadPool pool(context.NumThreads());
  Engine engine(*model.parameters, pool,
                {.compute = ComputeType(a.compute, model.stored),
                 .max_batch_tokens = a.prefill_chunk,
                 .prefill_chunk = a.prefill_chunk,
                 .release_values = true});
  const std::vector<int32_t> tokens = PromptTokens(tokenizer, prompt);
  a.options.max_tokens = a.max_tokens;
  if (a.max_tokens == 0 && tokens.size() < engine.max_context()) {
    a.options.max_tokens = std::min(kDefaultMaxTokens, engine.max_context() - tokens.size());
  }

  // Several texts at once would run into each other: they are printed when they are complete.
  const bool stream = !context.json && a.options.num_sequences == 1;
  const GenerateResult result =
      Generate(engine, tokenizer, tokens, a.options, [&](size_t, std::string_view text) {
        if (!stream) return;
        Print(text);
        FlushOutput();
      });
  for (const Continuation& made : result.continuations) {
    if (made.finish_reason == FinishReason::kCancelled) context.exit_code = kExitStopped;
  }
  if (context.json) {
    PrintJson(ResultJson(a, engine, result));
    return;
  }
  if (stream) {
    Print("\n");
  } else {
    for (const Continuation& made : result.continuations) {
      Print(fmt::format("--- {} ({})\n{}\n", made.sequence, FinishReasonName(made.finish_reason),
                        made.text));
    }
  }
  FlushOutput();
  context.Note(Summary(a, result));
}

}  // namespace

void AddGenerateCommand(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("generate", "Write a continuation of a prompt");
  const auto a = std::make_shared<GenerateArguments>();
  a->sampling.options.temperature = 0.8f;
  command->add_option("--model", a->model, "A GGUF file, or the folder of a run or a model")
      ->required()
      ->type_name("FILE");
  CLI::Option* prompt =
      command
          ->add_option("--prompt", a->prompt,
                       "The text to continue; \"\" begins a new text, where the tokenizer has a "
                       "token for that")
          ->type_name("TEXT");
  command->add_option("--prompt-file", a->prompt_file, "A file that holds the text to continue")
      ->excludes(prompt)
      ->type_name("FILE");
  command
      ->add_option("--max-tokens", a->max_tokens,
                   "Stop after this many tokens; default: 256, or what the model's context holds")
      ->check(WholeNumber(1))
      ->type_name("N");
  AddSamplingOptions(*command, a->sampling);
  command
      ->add_option("--stop", a->options.stop,
                   "End the text before this string; may be given several times")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("TEXT");
  command->add_flag("--ignore-eos", a->options.ignore_eos, "Go on after an end-of-text token");
  command->add_option("--num", a->options.num_sequences, "Write this many texts, in one batch")
      ->capture_default_str()
      ->check(WholeNumber(1, 1024))
      ->type_name("N");
  command
      ->add_option(
          "--sequence", a->options.first_sequence,
          "Number of the first text: `--num 1 --sequence I` writes text I of a batch again")
      ->capture_default_str()
      ->check(WholeNumber(0))
      ->type_name("I");
  command
      ->add_option("--compute", a->compute,
                   "f32 or bf16; default: bf16 if the model is stored as bf16, else f32")
      ->check(OneOf({"f32", "bf16"}))
      ->type_name("TYPE");
  command
      ->add_option("--prefill-chunk", a->prefill_chunk,
                   "Tokens of the prompt in one pass: memory and speed, never the result")
      ->capture_default_str()
      ->check(WholeNumber(1, 4096))
      ->type_name("N");
  SetExamples(*command,
              "cambium generate --model run/ --prompt \"Once upon a time\"\n"
              "cambium generate --model model.gguf --prompt \"2 + 2 =\" --temperature 0\n"
              "cambium generate --model model.gguf --prompt-file story.txt --num 4");
  command->callback([&context, a] { context.run = [&context, a] { RunGenerate(context, *a); }; });
}

}  // namespace cambium
