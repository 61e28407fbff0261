// SPDX-License-Identifier: Apache-2.0
// Runs the commands of the documents, so that what a reader types works. A fenced block that opens
// with "```sh run-in-tests" is run by bash in an empty folder, where `cambium` and
// `build/release/cambium` are this build; it must succeed. When a "```text output" block follows,
// its lines must be the standard output; a line "..." there stands for any lines.
// Blocks of one document run in order in the same folder.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "base/file.h"
#include "tests/source_tree.h"

namespace cambium {
namespace {

constexpr std::string_view kRunFence = "```sh run-in-tests";
constexpr std::string_view kOutputFence = "```text output";

struct DocCommand {
  size_t line = 0;  // of the opening fence, from 1
  std::string script;
  bool has_output = false;
  std::vector<std::string> output;
};

std::vector<DocCommand> FindCommands(const std::vector<std::string>& lines) {
  std::vector<DocCommand> commands;
  for (size_t i = 0; i < lines.size(); ++i) {
    const bool is_command = lines[i] == kRunFence;
    const bool is_output = lines[i] == kOutputFence;
    if (!is_command && !is_output) continue;
    if (is_command) commands.push_back({.line = i + 1, .script = "", .output = {}});
    if (commands.empty()) {
      ADD_FAILURE() << "line " << i + 1 << ": output without a command";
      continue;
    }
    commands.back().has_output |= is_output;
    for (++i; i < lines.size() && lines[i] != "```"; ++i) {
      if (is_command) commands.back().script += lines[i] + "\n";
      if (is_output) commands.back().output.push_back(lines[i]);
    }
  }
  return commands;
}

std::vector<std::string> SplitLines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Whether `actual` from index a on is `expected` from e on, with "..." for any lines.
bool Matches(const std::vector<std::string>& expected, const std::vector<std::string>& actual,
             size_t e = 0, size_t a = 0) {
  if (e == expected.size()) return a == actual.size();
  if (expected[e] == "...") {
    for (size_t next = a; next <= actual.size(); ++next) {
      if (Matches(expected, actual, e + 1, next)) return true;
    }
    return false;
  }
  return a < actual.size() && expected[e] == actual[a] && Matches(expected, actual, e + 1, a + 1);
}

void WriteProgram(const std::filesystem::path& path) {
  WriteFileAtomically(path, fmt::format("#!/bin/sh\nexec {} \"$@\"\n", CAMBIUM_PROGRAM));
  ASSERT_EQ(chmod(path.c_str(), 0755), 0);
}

void RunCommand(const DocCommand& command, const std::filesystem::path& folder) {
  WriteFileAtomically(folder / ".script", command.script);
  // The user's own ledger and settings are left alone.
  const std::string line = fmt::format(
      "cd '{0}' && env HOME='{0}' XDG_DATA_HOME='{0}/.data' PATH='{0}/build/release':\"$PATH\" "
      "bash -euo pipefail .script >.out 2>.err </dev/null",
      folder.string());
  const int status = std::system(line.c_str());
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
      << command.script << ReadFile(folder / ".out") << ReadFile(folder / ".err");
  const std::string out = ReadFile(folder / ".out");
  if (command.has_output) {
    EXPECT_TRUE(Matches(command.output, SplitLines(out))) << command.script << "prints:\n" << out;
  }
}

TEST(DocCommandsTest, EveryMarkedCommandWorks) {
  size_t count = 0;
  for (const SourceFile& file : SourceFiles()) {
    if (!file.path.ends_with(".md")) continue;
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / fmt::format("cambium_docs.{}", getpid());
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder / "build" / "release");
    WriteProgram(folder / "build" / "release" / "cambium");
    for (const DocCommand& command : FindCommands(file.lines)) {
      SCOPED_TRACE(fmt::format("{}:{}", file.path, command.line));
      RunCommand(command, folder);
      ++count;
    }
    std::filesystem::remove_all(folder);
  }
  EXPECT_GE(count, 1u) << "no marked commands were found";
}

TEST(DocCommandsTest, FindsBlocksAndComparesOutput) {
  const std::vector<DocCommand> commands = FindCommands(
      {"text", std::string(kRunFence), "a", "b", "```", "", std::string(kOutputFence), "x", "...",
       "z", "```", "```sh", "not run", "```", std::string(kRunFence), "c", "```"});
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(commands[0].line, 2u);
  EXPECT_EQ(commands[0].script, "a\nb\n");
  EXPECT_TRUE(commands[0].has_output);
  EXPECT_FALSE(commands[1].has_output);
  EXPECT_TRUE(Matches(commands[0].output, {"x", "z"}));
  EXPECT_TRUE(Matches(commands[0].output, {"x", "y", "z", "z"}));
  EXPECT_FALSE(Matches(commands[0].output, {"x", "y"}));
  EXPECT_FALSE(Matches(commands[0].output, {"y", "z"}));
}

}  // namespace
}  // namespace cambium
