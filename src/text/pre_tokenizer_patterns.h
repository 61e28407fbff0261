// SPDX-License-Identifier: Apache-2.0
// The table of pre-tokenizers: names as GGUF has them in tokenizer.ggml.pre, and the regular
// expressions that they stand for. Read by pre_tokenizer.cc. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/pre_tokenizer_ascii.h"

namespace cambium {

struct PreTokenizerPatterns {
  std::string_view name;
  std::vector<std::string_view> stages;
  AsciiMatcher ascii = nullptr;  // of stage 0
  bool ignores_merges = false;   // a piece that is a token is that token
  bool adds_bos = false;         // unless the file says otherwise
  std::vector<std::string_view> other_names = {};
};

// nullptr: not known.
const PreTokenizerPatterns* FindPatterns(std::string_view name);
// Throws kUnsupported naming those that are known.
const PreTokenizerPatterns& PatternsOf(std::string_view name);
// Without the other names.
std::vector<std::string> PreTokenizerNames();

}  // namespace cambium
