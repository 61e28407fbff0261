// SPDX-License-Identifier: Apache-2.0
// The "pre_tokenizer" of a Hugging Face tokenizer.json, to and from the names of
// text/pre_tokenizer.h. Pure functions.
#pragma once

#include <string>

#include "base/json.h"

namespace cambium {

// The name; empty when the file has ByteLevel without any splitting. ignore_merges: of the file's
// model, which is a part of what a name means. Throws kUnsupported or kCorruptData.
std::string ParseHfPreTokenizer(const SortedJson& node, bool ignore_merges,
                                const std::string& source_name);

// The empty name is ByteLevel alone.
Json HfPreTokenizerToJson(const std::string& name);

}  // namespace cambium
