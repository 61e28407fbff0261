// SPDX-License-Identifier: Apache-2.0
// For tests: runs the program in an empty folder of its own, with the shell's help, and looks at
// its exit code and streams. CAMBIUM_PROGRAM is the command line prefix that runs the program
// (under an emulator when cross-compiling).
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace cambium {

struct ProgramResult {
  int exit_code = -1;
  std::string out;
  std::string err;
};

class ProgramFixture : public ::testing::Test {
 protected:
  ProgramFixture() {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("cambium_cli.{}", getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ProgramFixture() override { std::filesystem::remove_all(folder_); }

  // A line for the shell; "cambium" in front of the arguments stands for the program.
  ProgramResult Shell(const std::string& line) {
    const std::string out = (folder_ / "out").string();
    const std::string err = (folder_ / "err").string();
    const std::string command =
        fmt::format("cambium() {{ {} \"$@\"; }}; cd '{}' && {{ {}; }} >'{}' 2>'{}'",
                    CAMBIUM_PROGRAM, folder_.string(), line, out, err);
    const int status = std::system(command.c_str());
    return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
            .out = ReadFile(out),
            .err = ReadFile(err)};
  }
  // As the program was called: what it begins suggested commands with.
  static std::string ProgramName() {
    const std::string line = CAMBIUM_PROGRAM;
    return line.substr(line.rfind(' ') + 1);
  }
  ProgramResult Run(const std::string& arguments) { return Shell("cambium " + arguments); }

  std::filesystem::path folder_;  // also the working folder
};

}  // namespace cambium
