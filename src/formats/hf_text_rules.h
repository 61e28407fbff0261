// SPDX-License-Identifier: Apache-2.0
// The "normalizer", "pre_tokenizer" and "decoder" of a Hugging Face tokenizer.json for the models
// that are not byte-level, to and from the options of text/tokenizer_data.h. Pure functions.
#pragma once

#include "formats/hf_json.h"
#include "text/tokenizer_data.h"

namespace cambium {

// root: the whole file. Throws kUnsupported naming the component that has no equal here.
SentencePieceOptions ParseHfSentencePiece(const HfJson& json, const HfJson::Node& root);
WordPieceOptions ParseHfWordPiece(const HfJson& json, const HfJson::Node& root);

struct HfTextRules {
  Json normalizer, pre_tokenizer, decoder;
};
// kUnsupported for options that Hugging Face has no component for.
HfTextRules HfRulesOf(const SentencePieceOptions& options);
HfTextRules HfRulesOf(const WordPieceOptions& options);

}  // namespace cambium
