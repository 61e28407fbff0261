// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <new>
#include <string_view>

#include "base/interrupt.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/help.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/shell_quote.h"
#include "cli/version.h"
#include "cli/wrong_usage.h"
#include "numerics/simd_target.h"

namespace cambium {
namespace {

constexpr size_t kMaxThreads = 1024;

// Before parsing has succeeded, the flag is looked for by hand.
bool WantsJson(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--") return false;
    if (argument == "--json") return true;
  }
  return false;
}

// "not_found": the name of the code as JSON programs match it.
std::string MachineName(ErrorCode code) {
  std::string name = ErrorCodeName(code);
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

// Reports on both streams. Standard output may be what has failed, so nothing more is thrown.
void Report(ErrorCode code, const std::string& message, bool json) {
  std::fprintf(stderr, "cambium: error: %s\n", message.c_str());
  if (!json) return;
  try {
    PrintJson({{"error", {{"code", MachineName(code)}, {"message", message}}}});
    FlushOutput();
  } catch (const Error&) {
    // The message is on standard error already.
  }
}

void AddGlobalOptions(CLI::App& app, Context& context, bool& version) {
  app.add_flag("--version", version, "Print versions and instruction sets, and exit");
  app.add_option("--threads", context.threads, "Threads to compute with; 0 is one per CPU")
      ->check(WholeNumber(0, kMaxThreads))
      ->type_name("N");
  app.add_option("--isa", context.isa,
                 "Instruction set of the kernels; the result has the same bits with each: "
                 "avx2, avx2vnni, avx512, avx512vnni, avx512bf16, neon, neondot or neoni8mm")
      ->check(OneOf({"avx2", "avx2vnni", "avx512", "avx512vnni", "avx512bf16", "neon", "neondot",
                     "neoni8mm"}))
      ->type_name("NAME");
  app.add_flag("--json", context.json, "Print one JSON object on standard output");
  app.add_flag("--quiet", context.quiet, "No progress and no notes on standard error");
  app.add_option("--ledger", context.ledger_path,
                 "The SQLite file of run records; without it "
                 "$XDG_DATA_HOME/cambium/runs.sqlite or ~/.local/share/cambium/runs.sqlite")
      ->type_name("FILE");
}

// The command furthest down that was named.
const CLI::App& ChosenCommand(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return *command;
}

// "PROGRAM runs list"
std::string NameOf(const CLI::App& command, const std::string& program = "cambium") {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? program : NameOf(*parent, program) + " " + command.get_name();
}

int ParseAndRun(int argc, const char* const* argv, bool json) {
  Context context;
  if (argc > 0 && argv[0][0] != '\0') context.program = ShellQuote(argv[0]);
  bool version = false;
  CLI::App app("A language model is a function. Grow it, run it, measure it: bit for bit.",
               "cambium");
  app.formatter(std::make_shared<HelpFormatter>());
  app.fallthrough();
  app.require_subcommand(0, 1);
  AddGlobalOptions(app, context, version);
  AddQuickstartCommand(app, context);
  AddTrainCommand(app, context);
  AddGenerateCommand(app, context);
  AddChatCommand(app, context);
  AddTokenizerCommand(app, context);
  AddDataCommand(app, context);
  AddInfoCommand(app, context);
  AddFingerprintCommand(app, context);
  AddConvertCommand(app, context);
  AddQuantizeCommand(app, context);
  AddEvalCommand(app, context);
  AddRunsCommand(app, context);
  AddBenchCommand(app, context);
  SetExamples(app,
              "cambium quickstart\n"
              "cambium train --data books/ --out my-model --budget 10m\n"
              "cambium generate --model my-model --prompt 'Once upon a time'\n"
              "cambium train --help");

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const CLI::App& command = ChosenCommand(app);
    const CLI::App* parent = command.get_parent();
    const std::string help = command.help(parent == nullptr ? "" : NameOf(*parent));
    if (json) {
      PrintJson({{"help", help}});
    } else {
      Print(help);
    }
    return kExitDone;
  } catch (const CLI::ParseError& error) {
    Report(ErrorCode::kInvalidArgument,
           fmt::format("{}; try `{} --help`", DescribeUsageError(app, error, argc, argv),
                       NameOf(ChosenCommand(app), context.program)),
           json);
    return kExitUsage;
  }
  if (!context.isa.empty()) SetSimdTarget(context.isa);
  if (version) {
    PrintVersion(context.json);
    return kExitDone;
  }
  if (!context.run) {
    Report(ErrorCode::kInvalidArgument,
           fmt::format("a command is missing; `{} --help` lists them",
                       NameOf(ChosenCommand(app), context.program)),
           json);
    return kExitUsage;
  }
  InstallInterruptHandler();
  context.run();
  return context.exit_code;
}

}  // namespace

int RunCli(int argc, const char* const* argv) {
  const bool json = WantsJson(argc, argv);
  try {
    const int code = ParseAndRun(argc, argv, json);
    FlushOutput();
    return code;
  } catch (const OutputClosed&) {
    return kExitDone;
  } catch (const Error& error) {
    Report(error.code(), error.what(), json);
    return ExitCodeOf(error.code());
  } catch (const std::bad_alloc&) {
    Report(ErrorCode::kResourceExhausted, "out of memory", json);
    return kExitFailed;
  } catch (const std::exception& error) {
    Report(ErrorCode::kInternal, error.what(), json);
    return kExitFailed;
  }
}

}  // namespace cambium
