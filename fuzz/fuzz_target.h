// SPDX-License-Identifier: Apache-2.0
// A fuzz target: one function over untrusted bytes, which may throw cambium::Error and nothing
// else, and valid inputs to begin with. Linked with libFuzzer (CAMBIUM_LIBFUZZER, clang) or with
// standalone_main.cc, which mutates the seeds itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cambium {

// Small valid inputs.
std::vector<std::string> FuzzSeeds();
// Strings that mean something in the format, to be mixed in.
std::vector<std::string> FuzzWords();
void FuzzOne(const std::string& input);

}  // namespace cambium
