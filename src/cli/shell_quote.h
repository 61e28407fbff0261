// SPDX-License-Identifier: Apache-2.0
// Commands as a user can paste them into a shell.
#pragma once

#include <string>

namespace cambium {

// A word as a shell reads it back.
std::string ShellQuote(const std::string& word);

}  // namespace cambium
