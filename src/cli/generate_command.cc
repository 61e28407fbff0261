// SPDX-License-Identifier: Apache-2.0
// cambium generate: text from a model and a prompt.
#include <algorithm>
#include <memory>
#include <optional>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/generation_model.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/sampling_options.h"

namespace cambium {
namespace {

// Without --max-tokens.
constexpr size_t kDefaultMaxTokens = 256;

struct GenerateArguments {
  GenerationModelArguments model;
  SamplingArguments sampling;
  ChatTemplateArguments chat_template;
  std::filesystem::path prompt_file;
  std::optional<std::string> prompt;
  std::string system;
  bool chat = false;
  size_t max_tokens = 0;
  GenerateOptions options;
};

Json AlternativesJson(const Continuation& made, const Tokenizer& tokenizer) {
  Json all = Json::array();
  for (const std::vector<SampledToken>& at_position : made.alternatives) {
    Json row = Json::array();
    for (const SampledToken& token : at_position) {
      row.push_back({{"token", token.token},
                     {"text", tokenizer.TokenBytes(token.token)},
                     {"logprob", token.logprob}});
    }
    all.push_back(std::move(row));
  }
  return all;
}

Json ContinuationJson(const Continuation& made, const Tokenizer& tokenizer) {
  Json json = {{"sequence", made.sequence},
               {"text", made.text},
               {"tokens", made.tokens},
               {"logprobs", made.logprobs},
               {"finish_reason", FinishReasonName(made.finish_reason)}};
  if (!made.alternatives.empty()) json["alternatives"] = AlternativesJson(made, tokenizer);
  if (!made.fingerprint.empty()) json["fingerprint"] = made.fingerprint;
  return json;
}

Json ResultJson(const GenerateArguments& a, GenerationModel& model, const GenerationMemory& memory,
                const GenerateResult& result) {
  Json continuations = Json::array();
  for (const Continuation& made : result.continuations) {
    continuations.push_back(ContinuationJson(made, model.tokenizer()));
  }
  const GenerateStats& stats = result.stats;
  const Json& first = continuations.front();
  return {{"model", a.model.model.string()},
          {"text", first["text"]},
          {"tokens", first["tokens"]},
          {"finish_reason", first["finish_reason"]},
          {"seed", a.options.sampler.seed},
          {"sampling", SamplingJson(a.options.sampler)},
          {"compute", DTypeName(model.engine().options().compute)},
          {"kv_type", ops::KvTypeName(model.engine().kv_type())},
          {"numerics_version", kNumericsVersion},
          {"memory", memory.ToJson()},
          {"continuations", continuations},
          {"prompt_tokens", stats.prompt_tokens / result.continuations.size()},
          {"generated_tokens", stats.generated_tokens},
          {"speculation", SpeculationJson(a.options.speculation, stats)},
          {"timings",
           {{"prefill_seconds", stats.prefill_seconds},
            {"first_token_seconds", stats.first_token_seconds},
            {"decode_seconds", stats.decode_seconds},
            {"prefill_tokens_per_second", stats.PrefillTokensPerSecond()},
            {"decode_tokens_per_second", stats.DecodeTokensPerSecond()}}}};
}

std::string Summary(const GenerateArguments& a, const GenerateResult& result) {
  const GenerateStats& stats = result.stats;
  std::string text = fmt::format(
      "{} tokens, {:.1f} tokens/s; prompt {} tokens, {:.0f} tokens/s, first token after {:.0f} ms; "
      "seed {}; ended by {}",
      stats.generated_tokens, stats.DecodeTokensPerSecond(), stats.prompt_tokens,
      stats.PrefillTokensPerSecond(), stats.first_token_seconds * 1000, a.options.sampler.seed,
      FinishReasonName(result.continuations.front().finish_reason));
  if (a.options.speculation.kind != SpeculationKind::kNone) text += "; " + SpeculationText(stats);
  return text;
}

// A line per token: what was drawn, and what the model found most probable.
std::string AlternativesText(const Continuation& made, const Tokenizer& tokenizer) {
  const auto quoted = [&](int32_t token) {
    return Json(tokenizer.TokenBytes(token)).dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  std::string text = "TOKEN (LOGPROB)       MOST PROBABLE\n";
  for (size_t i = 0; i < made.tokens.size(); ++i) {
    std::string row =
        fmt::format("{:<21}", fmt::format("{} ({:.3f})", quoted(made.tokens[i]), made.logprobs[i]));
    for (const SampledToken& token : made.alternatives[i]) {
      row += fmt::format(" {} ({:.3f})", quoted(token.token), token.logprob);
    }
    text += row + "\n";
  }
  return text;
}

// Empty text is what comes after the token that begins texts, also where the tokenizer does not put
// that in front by itself. Without such a token nothing can be generated from nothing.
std::vector<int32_t> PromptTokens(const Tokenizer& tokenizer, const std::string& prompt) {
  std::vector<int32_t> tokens = tokenizer.Encode(prompt, {.allow_bos = true});
  if (tokens.empty() && tokenizer.bos_id() >= 0) tokens.push_back(tokenizer.bos_id());
  return tokens;
}

// The prompt as a message of the user, behind the system's.
std::vector<int32_t> ChatTokens(const Context& context, GenerateArguments& a,
                                const Tokenizer& tokenizer, const std::string& prompt) {
  const ChatPrompt chat = MakeChatPrompt(context, a.chat_template, tokenizer);
  Json messages = Json::array();
  if (!a.system.empty()) messages.push_back({{"role", "system"}, {"content", a.system}});
  messages.push_back({{"role", "user"}, {"content", prompt}});
  for (const std::string& stop : chat.stop()) a.options.stop.push_back(stop);
  return chat.Tokens(messages);
}

void RunGenerate(Context& context, GenerateArguments a) {
  if (!a.prompt && a.prompt_file.empty()) {
    Fail(ErrorCode::kInvalidArgument,
         "a text to continue is missing; give --prompt or --prompt-file");
  }
  a.sampling.options.Validate();
  const std::string prompt =
      a.prompt ? *a.prompt : ReadFile(a.prompt_file == "-" ? "/dev/stdin" : a.prompt_file);
  if (!a.prompt && prompt.empty()) {
    context.Note(fmt::format("note: {} is empty: a new text begins", a.prompt_file.string()));
  }
  GenerationModel model(context, a.model);
  const Tokenizer& tokenizer = model.tokenizer();
  a.options.sampler = ResolveSampling(a.sampling, tokenizer);
  a.options.speculation = model.speculation();
  const std::vector<int32_t> tokens = a.chat || !a.system.empty()
                                          ? ChatTokens(context, a, tokenizer, prompt)
                                          : PromptTokens(tokenizer, prompt);
  const size_t room = model.engine().max_context();
  a.options.max_tokens = a.max_tokens;
  if (a.max_tokens == 0 && tokens.size() < room) {
    a.options.max_tokens = std::min(kDefaultMaxTokens, room - tokens.size());
  }
  const GenerationMemory memory = PlanGeneration(model.engine(), tokens.size(), a.options);
  memory.Require();
  if (!context.json) context.Note(memory.Text());

  // Several texts at once would run into each other: they are printed when they are complete.
  const bool stream = !context.json && a.options.num_sequences == 1;
  const GenerateResult result =
      Generate(model.engine(), tokenizer, tokens, a.options, [&](size_t, std::string_view text) {
        if (!stream) return;
        Print(text);
        FlushOutput();
      });
  for (const Continuation& made : result.continuations) {
    if (made.finish_reason == FinishReason::kCancelled) context.exit_code = kExitStopped;
  }
  if (context.json) {
    PrintJson(ResultJson(a, model, memory, result));
    return;
  }
  if (stream) Print("\n");
  for (const Continuation& made : result.continuations) {
    if (!stream) {
      Print(fmt::format("--- {} ({})\n{}\n", made.sequence, FinishReasonName(made.finish_reason),
                        made.text));
    }
    if (!made.alternatives.empty()) Print(AlternativesText(made, tokenizer));
    if (!made.fingerprint.empty()) Print(fmt::format("fingerprint {}\n", made.fingerprint));
  }
  FlushOutput();
  context.Note(Summary(a, result));
}

}  // namespace

void AddGenerateCommand(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("generate", "Write a continuation of a prompt");
  const auto a = std::make_shared<GenerateArguments>();
  a->sampling.options.temperature = 0.8f;
  AddGenerationModelOptions(*command, a->model);
  CLI::Option* prompt =
      command
          ->add_option("--prompt", a->prompt,
                       "The text to continue; \"\" begins a new text, where the tokenizer has a "
                       "token for that")
          ->type_name("TEXT");
  command
      ->add_option("--prompt-file", a->prompt_file,
                   "A file that holds the text to continue; - for standard input")
      ->excludes(prompt)
      ->type_name("FILE");
  command
      ->add_option("--max-tokens", a->max_tokens,
                   "Stop after this many tokens; default: 256, or what the model's context holds")
      ->check(WholeNumber(1))
      ->type_name("N");
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
      ->add_option("--logprobs", a->options.num_alternatives,
                   "Also the N most probable tokens at every position, with log-probabilities")
      ->check(WholeNumber(1, 100))
      ->type_name("N");
  command->add_flag("--fingerprint", a->options.fingerprint,
                    "Also the SHA-256 of all logits that tokens were drawn from: equal on two "
                    "machines when every bit was");
  command->add_flag("--chat", a->chat, "The prompt is what a user says: use the chat template")
      ->group("CHAT");
  command->add_option("--system", a->system, "A system message before it; means --chat")
      ->type_name("TEXT")
      ->group("CHAT");
  AddChatTemplateOptions(*command, a->chat_template);
  AddSamplingOptions(*command, a->sampling);
  SetExamples(*command,
              "cambium generate --model run/ --prompt \"Once upon a time\"\n"
              "cambium generate --model model.gguf --prompt \"2 + 2 =\" --temperature 0\n"
              "cambium generate --model model.gguf --prompt-file story.txt --num 4\n"
              "cambium generate --model model.gguf --chat --prompt \"Why is the sky blue?\"");
  command->callback([&context, a] { context.run = [&context, a] { RunGenerate(context, *a); }; });
}

}  // namespace cambium
