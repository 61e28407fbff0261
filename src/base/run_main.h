// SPDX-License-Identifier: Apache-2.0
// main() of the small programs beside cambium (bench/, fuzz/).
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <exception>

namespace cambium {

// The exit status of run(argc, argv); what it throws is printed to standard error, and the status
// is 1.
inline int RunMain(int (*run)(int, char**), int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}

}  // namespace cambium
