// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

#include "cli/exit_codes.h"
#include "cli/text_table.h"

namespace cambium {
namespace {

constexpr size_t kWidth = 80;
constexpr size_t kNameWidth = 26;

}  // namespace

HelpFormatter::HelpFormatter() {
  column_width(kNameWidth);
  label("SUBCOMMAND", "COMMAND");
  label("Positionals", "Arguments");
  label("REQUIRED", "(required)");
}

std::string HelpFormatter::make_description(const CLI::App* app) const {
  return WrapText(app->get_description(), kWidth) + "\n";
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  std::stringstream out;
  CLI::detail::format_help(out, command->get_display_name(true),
                           WrapText(command->get_description(), kWidth - kNameWidth), kNameWidth);
  return out.str();
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  if (option->get_type_size() == 0 || option->get_positional()) return "";
  // "N:UINT in [0 - 1024]": what follows the colon is for error messages.
  const std::string type = option->get_type_name();
  return type.empty() ? "" : " " + type.substr(0, type.find(':'));
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  std::string text = option->get_description();
  // Lists come with brackets of their own.
  const std::string value = option->get_default_str();
  if (!value.empty()) text += value.front() == '[' ? " " + value : " [" + value + "]";
  if (option->get_required()) text += " (required)";
  return WrapText(text, kWidth - kNameWidth);
}

void SetExamples(CLI::App& command, const std::string& examples) {
  std::string footer;
  if (command.get_parent() != nullptr) {
    footer =
        "Also the options of every command: --threads, --isa, --json, --quiet, --ledger\n"
        "(`cambium --help` explains them).\n\n";
  } else {
    footer = std::string(kExitCodesHelp) + "\n";
  }
  footer += "Examples:\n";
  std::stringstream lines(examples);
  for (std::string line; std::getline(lines, line);) footer += "  " + line + "\n";
  footer.pop_back();
  command.footer(footer);
}

}  // namespace cambium
