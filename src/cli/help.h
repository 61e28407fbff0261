// SPDX-License-Identifier: Apache-2.0
// How --help looks: lines of at most 80 columns, defaults after the description, and at the end of
// every command the options that all commands have, and examples.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace cambium {

class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter();
  std::string make_description(const CLI::App* app) const override;
  std::string make_subcommand(const CLI::App* command) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

// examples: one command per line.
void SetExamples(CLI::App& command, const std::string& examples);

}  // namespace cambium
