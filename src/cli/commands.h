// SPDX-License-Identifier: Apache-2.0
// Every subcommand, one file each (cli/NAME_command.cc). An Add function declares the command's
// options and examples; when the command is chosen, it sets context.run. `context` outlives the
// app.
#pragma once

#include "cli/context.h"

namespace CLI {
class App;
}  // namespace CLI

namespace cambium {

void AddBenchCommand(CLI::App& app, Context& context);
// Below `cambium bench`.
void AddBenchGenerateCommand(CLI::App& bench, Context& context);
void AddBenchOpsCommand(CLI::App& bench, Context& context);
void AddBenchTrainCommand(CLI::App& bench, Context& context);
void AddConvertCommand(CLI::App& app, Context& context);
void AddDataCommand(CLI::App& app, Context& context);
void AddEvalCommand(CLI::App& app, Context& context);
void AddFingerprintCommand(CLI::App& app, Context& context);
void AddGenerateCommand(CLI::App& app, Context& context);
void AddInfoCommand(CLI::App& app, Context& context);
void AddQuantizeCommand(CLI::App& app, Context& context);
void AddQuickstartCommand(CLI::App& app, Context& context);
void AddRunsCommand(CLI::App& app, Context& context);
// Below `cambium runs`.
void AddRunsVerifyCommand(CLI::App& runs, Context& context);
void AddChatCommand(CLI::App& app, Context& context);
void AddCompareTracesCommand(CLI::App& runs, Context& context);
void AddTokenizerCommand(CLI::App& app, Context& context);
void AddTrainCommand(CLI::App& app, Context& context);

}  // namespace cambium
