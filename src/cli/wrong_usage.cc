// SPDX-License-Identifier: Apache-2.0
#include "cli/wrong_usage.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace cambium {
namespace {

// Insertions, deletions, replacements and swaps of neighbours (Damerau-Levenshtein, restricted).
size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min(
          {d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

std::vector<std::string> OptionNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

std::string Meant(const std::string& word, const std::vector<std::string>& names) {
  const std::string name = NearestName(word, names);
  return name.empty() ? "" : fmt::format(" (did you mean '{}'?)", name);
}

}  // namespace

std::string NearestName(const std::string& word, const std::vector<std::string>& names) {
  std::string nearest;
  size_t least = std::min<size_t>(3, (word.size() + 1) / 2);
  for (const std::string& name : names) {
    const size_t distance = EditDistance(word, name);
    if (distance < least) {
      nearest = name;
      least = distance;
    }
  }
  return nearest;
}

std::string DescribeUsageError(const CLI::App& app, const CLI::ParseError& error, int argc,
                               const char* const* argv) {
  const std::vector<std::string> unknown = app.remaining(/*recurse=*/true);
  // A word that nobody knows explains more than what is missing without it.
  const int kind = error.get_exit_code();
  if (unknown.empty() || (kind != static_cast<int>(CLI::ExitCodes::ExtrasError) &&
                          kind != static_cast<int>(CLI::ExitCodes::RequiredError))) {
    return error.what();
  }
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  std::vector<std::string> commands;
  for (const CLI::App* sub : command->get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(sub->get_name());
  }
  // In the order of the command line, which remaining() need not have.
  std::string first_word;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (std::find(unknown.begin(), unknown.end(), word) == unknown.end()) continue;
    if (word.starts_with("-") && word != "-") {
      if (!first_word.empty() && !commands.empty()) break;
      const std::string name = word.substr(0, word.find('='));
      return fmt::format("there is no option '{}'{}", name, Meant(name, OptionNames(*command)));
    }
    if (first_word.empty()) first_word = word;
  }
  if (first_word.empty()) return error.what();
  if (!commands.empty()) {
    return fmt::format("there is no command '{}'{}", first_word, Meant(first_word, commands));
  }
  return fmt::format("'{}' is one argument too many", first_word);
}

}  // namespace cambium
