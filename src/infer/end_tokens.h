// SPDX-License-Identifier: Apache-2.0
// The tokens with which a model ends what it has to say: the end of text; what the file names
// beside it (GGUF: eot and eom; Hugging Face: a list of eos ids); and control tokens with names
// that chat models use for the end of a turn, since many files name only one of several.
#pragma once

#include <cstdint>
#include <vector>

#include "text/tokenizer.h"

namespace cambium {

// Sorted.
std::vector<int32_t> EndTokens(const Tokenizer& tokenizer);

}  // namespace cambium
