// SPDX-License-Identifier: Apache-2.0
#include "cli/generation_model.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "base/error.h"
#include "base/file.h"
#include "cli/option_checks.h"

namespace cambium {
namespace {

jinja::CivilTime DateOf(const std::string& date) {
  if (date.empty()) {
    const std::time_t now = std::time(nullptr);
    std::tm local = {};
    localtime_r(&now, &local);
    return {.year = local.tm_year + 1900,
            .month = local.tm_mon + 1,
            .day = local.tm_mday,
            .hour = local.tm_hour,
            .minute = local.tm_min,
            .second = std::min(local.tm_sec, 59)};
  }
  int year = 0, month = 0, day = 0, length = 0;
  const bool read = std::sscanf(date.c_str(), "%4d-%2d-%2d%n", &year, &month, &day, &length) == 3;
  const std::chrono::year_month_day named{std::chrono::year(year),
                                          std::chrono::month(static_cast<unsigned>(month)),
                                          std::chrono::day(static_cast<unsigned>(day))};
  if (!read || static_cast<size_t>(length) != date.size() || year < 1 || !named.ok()) {
    Fail(ErrorCode::kInvalidArgument, "--date {}: not a day of the calendar like 2026-03-31", date);
  }
  return {.year = year, .month = month, .day = day};
}

}  // namespace

DType ComputeType(const std::string& option, DType stored) {
  if (option.empty()) return stored;
  return option == "f32" ? DType::kF32 : DType::kBF16;
}

void AddKvTypeOption(CLI::App& command, std::string& kv_type, const std::string& group) {
  CLI::Option* option =
      command
          .add_option("--kv-type", kv_type,
                      "What keys and values are held in: bf16, f16, f32 or q8_0; default: the "
                      "compute type. Part of it: another type may give other bits")
          ->check(OneOf({"bf16", "f16", "f32", "q8_0"}))
          ->type_name("TYPE");
  if (!group.empty()) option->group(group);
}

std::optional<ops::KvType> KvTypeOption(const std::string& option) {
  if (option.empty()) return std::nullopt;
  return ops::FindKvType(option);
}

void AddGenerationModelOptions(CLI::App& command, GenerationModelArguments& arguments) {
  GenerationModelArguments& a = arguments;
  command.add_option("--model", a.model, "A GGUF file, or the folder of a run or a model")
      ->required()
      ->type_name("FILE");
  CLI::Option* draft =
      command
          .add_option("--draft", a.draft,
                      "A smaller model of the same vocabulary that guesses what comes; never "
                      "changes the text")
          ->type_name("FILE")
          ->group("SPEED");
  command
      .add_option("--speculate", a.speculate,
                  "ngram: guess that what was there before comes again; never changes the text")
      ->check(OneOf({"none", "ngram"}))
      ->excludes(draft)
      ->type_name("HOW")
      ->group("SPEED");
  command.add_option("--speculate-tokens", a.speculate_tokens, "Tokens of one guess at most")
      ->capture_default_str()
      ->check(WholeNumber(1, 64))
      ->type_name("N")
      ->group("SPEED");
  command.add_option("--compute", a.compute, kComputeHelp)
      ->check(OneOf({"f32", "bf16"}))
      ->type_name("TYPE")
      ->group("SPEED");
  AddKvTypeOption(command, a.kv_type, "SPEED");
  command
      .add_option("--prefill-chunk", a.prefill_chunk,
                  "Tokens of the prompt in one pass: memory and speed, never the result")
      ->capture_default_str()
      ->check(WholeNumber(1, 4096))
      ->type_name("N")
      ->group("SPEED");
}

GenerationModel::GenerationModel(const Context& context, const GenerationModelArguments& a)
    : pool_(context.NumThreads()), model_(LoadModel(a.model, MatrixMemory::kStored)) {
  tokenizer_ = std::make_unique<Tokenizer>(model_.tokenizer);
  if (a.context > model_.config.context_length) {
    Fail(ErrorCode::kInvalidArgument,
         "--context {}: the model was trained for a context of {} tokens, and cannot see more",
         a.context, model_.config.context_length);
  }
  if (!a.draft.empty()) {
    draft_model_ = LoadModel(a.draft, MatrixMemory::kStored);
    CheckSameVocabulary(*tokenizer_, Tokenizer(draft_model_.tokenizer));
  }
  const auto engine_of = [&](LoadedModel& model, const std::string& compute,
                             const std::string& kv_type, size_t positions) {
    // A guess of speculate_tokens is checked in one pass also where the prompt comes in small ones.
    return std::make_unique<Engine>(
        *model.parameters, pool_,
        EngineOptions{.compute = ComputeType(compute, model.types.compute),
                      .kv_type = KvTypeOption(kv_type),
                      .max_context = positions,
                      .max_batch_tokens = std::max(a.prefill_chunk, a.speculate_tokens + 1),
                      .prefill_chunk = a.prefill_chunk,
                      .release_values = true});
  };
  engine_ = engine_of(model_, a.compute, a.kv_type, a.context);
  if (!a.draft.empty()) {
    const size_t positions = std::min(engine_->max_context(), draft_model_.config.context_length);
    draft_ = engine_of(draft_model_, "", "", positions);
    speculation_ = {.kind = SpeculationKind::kDraft, .draft = draft_.get()};
  } else if (a.speculate == "ngram") {
    speculation_.kind = SpeculationKind::kNgram;
  }
  speculation_.max_tokens = a.speculate_tokens;
}

void AddChatTemplateOptions(CLI::App& command, ChatTemplateArguments& arguments) {
  command
      .add_option("--chat-template", arguments.chat_template,
                  "A Jinja file to use instead of the model's template, or none for plain lines of "
                  "\"User:\" and \"Assistant:\"")
      ->type_name("FILE")
      ->group("CHAT");
  command
      .add_option("--reasoning", arguments.reasoning,
                  "show or hide what the model thinks before it answers; off asks the template to "
                  "leave it out (enable_thinking)")
      ->capture_default_str()
      ->check(OneOf({"show", "hide", "off"}))
      ->type_name("HOW")
      ->group("CHAT");
  command
      .add_option("--date", arguments.date,
                  "The day that the template tells the model, where it tells one (gpt-oss, "
                  "Granite), like 2026-03-31; default: today")
      ->type_name("DAY")
      ->group("CHAT");
}

ChatPrompt MakeChatPrompt(const Context& context, const ChatTemplateArguments& arguments,
                          const Tokenizer& tokenizer) {
  ChatPromptOptions options;
  options.now = DateOf(arguments.date);
  std::string where = "the model's chat template";
  if (arguments.chat_template.empty()) {
    options.chat_template = tokenizer.data().chat_template;
    if (options.chat_template.empty()) {
      context.Note(
          "The model has no chat template, so it was probably not trained to answer. It\n"
          "gets lines of \"User:\" and \"Assistant:\"; --chat-template FILE gives another form.");
    }
  } else if (arguments.chat_template != "none") {
    options.chat_template = ReadFile(arguments.chat_template);
    where = arguments.chat_template;
  }
  if (arguments.reasoning == "off") {
    options.variables = {{"enable_thinking", false}, {"thinking", false}};
  }
  try {
    return ChatPrompt(tokenizer, options);
  } catch (const Error& error) {
    Fail(error.code(), "{}: {}; --chat-template FILE uses another, --chat-template none none",
         where, error.what());
  }
}

Json SpeculationJson(const SpeculationOptions& options, const GenerateStats& stats) {
  constexpr const char* kNames[] = {"none", "ngram", "draft"};
  return {{"kind", kNames[static_cast<size_t>(options.kind)]},
          {"proposed_tokens", stats.proposed_tokens},
          {"accepted_tokens", stats.accepted_tokens},
          {"passes", stats.passes}};
}

std::string SpeculationText(const GenerateStats& stats) {
  return fmt::format("{} of {} guessed tokens accepted, {} passes", stats.accepted_tokens,
                     stats.proposed_tokens, stats.passes);
}

}  // namespace cambium
