// SPDX-License-Identifier: Apache-2.0
#include "cli/shell_quote.h"

namespace cambium {

std::string ShellQuote(const std::string& word) {
  if (!word.empty() && word.find_first_of(" \t\n'\"$&;|<>()*?[]~`\\#!{}") == std::string::npos) {
    return word;
  }
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace cambium
