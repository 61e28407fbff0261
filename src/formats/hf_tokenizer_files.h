// SPDX-License-Identifier: Apache-2.0
// The files of a Hugging Face folder that a tokenizer is written to: tokenizer.json,
// tokenizer_config.json (its special tokens by name) and chat_template.jinja. What hf_tokenizer.h
// and hf_chat.h read. Source: transformers 4.57, PreTrainedTokenizerFast. Pure functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "text/tokenizer_data.h"

namespace cambium {

// File names and contents. Throws kUnsupported as ToHfTokenizer.
std::vector<std::pair<std::string, std::string>> HfTokenizerFiles(const TokenizerData& data);

}  // namespace cambium
