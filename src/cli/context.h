// SPDX-License-Identifier: Apache-2.0
// What the program hands to the chosen subcommand: the options of every command, and where the
// command leaves the function that does its work.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

namespace cambium {

struct Context {
  std::string program = "cambium";  // as it was called, quoted for a shell: begins suggestions

  size_t threads = 0;  // 0: one per CPU that the process may use
  std::string isa;     // empty: the best this CPU has; applied before the command runs
  bool json = false;   // one JSON object on standard output
  bool quiet = false;  // no progress and no notes on standard error
  std::filesystem::path ledger_path;  // as given; empty: the default

  // What the program exits with when the command ends without an error; a comparison that finds a
  // difference sets 1.
  int exit_code = 0;  // exit_codes.h

  // Set by the chosen subcommand while the command line is parsed, called once afterwards.
  std::function<void()> run;

  // Threads to use: never 0.
  size_t NumThreads() const;
  // The file given by --ledger, or the default one.
  std::filesystem::path LedgerPath() const;
  // A line for people on standard error, unless quiet.
  void Note(const std::string& line) const;
  // Ctrl-C ends the program at once from now on, with an error as JSON where that is wanted: for
  // commands that have nothing to save and work long between looks.
  void EndAtOnceOnInterrupt() const;
};

}  // namespace cambium
