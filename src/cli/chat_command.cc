// SPDX-License-Identifier: Apache-2.0
// cambium chat: a conversation with a model on a terminal, or one message per line from a program.
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "cli/chat_loop.h"
#include "cli/commands.h"
#include "cli/generation_model.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/sampling_options.h"

namespace cambium {
namespace {

struct ChatArguments {
  GenerationModelArguments model;
  SamplingArguments sampling;
  ChatTemplateArguments chat_template;
  std::string system;
  size_t max_tokens = 0;
  bool fingerprint = false;
};

Json TurnJson(const ChatTurn& turn) {
  const ChatReply& reply = turn.reply;
  Json json = {{"user", turn.user},
               {"text", reply.answer},
               {"reasoning", reply.reasoning},
               {"tokens", reply.tokens},
               {"finish_reason", FinishReasonName(reply.finish_reason)},
               {"prompt_tokens", reply.prompt_tokens},
               {"cached_tokens", reply.stats.cached_tokens},
               {"timings",
                {{"prefill_seconds", reply.stats.prefill_seconds},
                 {"first_token_seconds", reply.stats.first_token_seconds},
                 {"decode_seconds", reply.stats.decode_seconds},
                 {"prefill_tokens_per_second", reply.stats.PrefillTokensPerSecond()},
                 {"decode_tokens_per_second", reply.stats.DecodeTokensPerSecond()}}}};
  if (!reply.fingerprint.empty()) json["fingerprint"] = reply.fingerprint;
  return json;
}

Json ChatJson(const ChatArguments& a, GenerationModel& model, const ChatPrompt& prompt,
              const GenerationMemory& memory, const Chat& chat, const ChatLoop& loop) {
  Json turns = Json::array();
  GenerateStats total;
  for (const ChatTurn& turn : loop.turns()) {
    turns.push_back(TurnJson(turn));
    total.proposed_tokens += turn.reply.stats.proposed_tokens;
    total.accepted_tokens += turn.reply.stats.accepted_tokens;
    total.passes += turn.reply.stats.passes;
  }
  return {{"model", a.model.model.string()},
          {"chat_template", prompt.has_template()},
          {"context", chat.context()},
          {"compute", DTypeName(model.engine().options().compute)},
          {"kv_type", ops::KvTypeName(model.engine().kv_type())},
          {"numerics_version", kNumericsVersion},
          {"memory", memory.ToJson()},
          {"sampling", SamplingJson(loop.options().sampler)},
          {"speculation", SpeculationJson(model.speculation(), total)},
          {"messages", chat.messages()},
          {"turns", turns},
          {"errors", loop.errors()}};
}

void RunChat(Context& context, const ChatArguments& a) {
  a.sampling.options.Validate();
  GenerationModel model(context, a.model);
  GenerateOptions options;
  options.sampler = ResolveSampling(a.sampling, model.tokenizer());
  options.speculation = model.speculation();
  options.max_tokens = a.max_tokens;
  options.fingerprint = a.fingerprint;
  const ChatPrompt prompt = MakeChatPrompt(context, a.chat_template, model.tokenizer());
  const size_t positions = model.engine().max_context();
  const GenerationMemory memory = PlanMemory(model.engine(), 1, positions, options.speculation);
  memory.Require();
  Chat chat(model.engine(), model.tokenizer(), prompt, positions);
  chat.SetSystem(a.system);

  LineReader reader;
  const bool terminal = isatty(1) == 1;
  ChatDisplay display(terminal, terminal && std::getenv("NO_COLOR") == nullptr,
                      a.chat_template.reasoning == "show");
  if (reader.is_terminal() && !context.json) {
    context.Note(fmt::format(
        "{}, context {} tokens\n{}\n{}\n/help lists commands.",
        model.model().name.empty() ? a.model.model.filename().string() : model.model().name,
        chat.context(), memory.Text(), DescribeSampling(options.sampler)));
  }
  ChatLoop loop(context, chat, reader, display, std::move(options));
  loop.Run();
  if (context.json) PrintJson(ChatJson(a, model, prompt, memory, chat, loop));
}

}  // namespace

void AddChatCommand(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("chat", "Talk with a model");
  const auto a = std::make_shared<ChatArguments>();
  a->sampling.options.temperature = 0.8f;
  AddGenerationModelOptions(*command, a->model);
  command->add_option("--system", a->system, "What the model is to be; /system changes it")
      ->type_name("TEXT");
  command
      ->add_option("--max-tokens", a->max_tokens,
                   "Tokens of an answer at most; default: what the context holds")
      ->check(WholeNumber(1))
      ->type_name("N");
  command
      ->add_option("--context", a->model.context,
                   "Tokens of the whole conversation at most; default: the model's context")
      ->check(WholeNumber(2, uint64_t{1} << 24))
      ->type_name("N");
  command->add_flag("--fingerprint", a->fingerprint,
                    "With --json: the SHA-256 of all logits that an answer was drawn from");
  AddChatTemplateOptions(*command, a->chat_template);
  AddSamplingOptions(*command, a->sampling);
  SetExamples(*command,
              "cambium chat --model model.gguf\n"
              "cambium chat --model model.gguf --system \"Answer in one sentence.\"\n"
              "cambium chat --model model.gguf --json --temperature 0 < questions.txt");
  command->footer(
      "At the prompt /help lists commands. Ctrl-C stops an answer. Where standard\n"
      "input is no terminal, every line is a message or a command (// begins a message\n"
      "with a slash); after a wrong command it goes on, and exits with 2 at the end.\n" +
      command->get_footer());
  command->callback([&context, a] { context.run = [&context, a] { RunChat(context, *a); }; });
}

}  // namespace cambium
