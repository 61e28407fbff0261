// SPDX-License-Identifier: Apache-2.0
// What to say to arguments that cannot be parsed: which word is unknown, and what was meant.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace cambium {

// One line without a full stop. app: after it threw `error` while parsing these arguments.
std::string DescribeUsageError(const CLI::App& app, const CLI::ParseError& error, int argc,
                               const char* const* argv);

// Of `names`, the one that a slip of the fingers makes `word`: at most two letters wrong, missing,
// extra or swapped, and fewer than half of them. Empty: none.
std::string NearestName(const std::string& word, const std::vector<std::string>& names);

}  // namespace cambium
