// SPDX-License-Identifier: Apache-2.0
// The words of a text as BERT sees them: control characters dropped, accents and case removed,
// white space, punctuation and every Chinese character parting words. Bytes that are no UTF-8 count
// as U+FFFD, which is dropped. Source: the published tokenization.py of BERT (google-research/bert,
// BasicTokenizer), as Hugging Face `tokenizers` has it (BertNormalizer, BertPreTokenizer).
// Classes are those of Unicode 14; `tokenizers` has older ones, so that characters assigned since
// (U+1AC2, U+1B7E) part words differently there.
// Pure functions.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "text/tokenizer_data.h"

namespace cambium {

// Calls fn(word) for every word in order; words are not empty and not views into `text`.
void ForEachWord(std::string_view text, const WordPieceOptions& options,
                 const std::function<void(std::string_view word)>& fn);

}  // namespace cambium
