// SPDX-License-Identifier: Apache-2.0
// Hugging Face tokenizer.json, to and from TokenizerData: byte-level BPE, SentencePiece-style BPE
// (Prepend/Replace normalizers or Metaspace, byte fallback) and WordPiece. Pure functions.
//
// Reading: merges as "left right" strings or as pairs; the pre-tokenizer of byte-level BPE
// (ByteLevel, Split, Digits, Sequences of them) must be one that GGUF has a name for. Added tokens
// that are special become control tokens, the others user-defined; lstrip and rstrip are kept,
// single_word is refused. Ids that no token has are filled with unused tokens "[PAD<id>]", as
// llama.cpp's converter does; so are vocabulary entries that no bytes can give.
// Known differences to Hugging Face: an NFC normalizer is accepted and not applied (decoding then
// gives back the very bytes, as in llama.cpp); contractions are matched in ASCII case only; U+2581
// in a text is a space to SentencePiece's added tokens too.
// The file does not name the end-of-text token: eos_id is what ends the post-processor's template,
// "<|endoftext|>", "</s>" or "<eos>" where such a control token exists; who also reads config.json
// lets that decide.
//
// Writing: what `tokenizers` 0.20 and later load, with the same ids for the same text. The byte
// tokenizer is written as BPE of 256 tokens without merges, and known again by that.
#pragma once

#include <string>
#include <string_view>

#include "text/tokenizer_data.h"

namespace cambium {

// source_name: for messages. Throws kCorruptData, and kUnsupported naming the part for other kinds
// of tokenizers (Unigram, ...). The result still has to pass Tokenizer().
TokenizerData ParseHfTokenizer(std::string_view json, const std::string& source_name);

// Throws kUnsupported for special tokens that JSON cannot hold (not UTF-8) or whose names collide
// with the printable form of another token, and for options that the format does not have.
std::string ToHfTokenizer(const TokenizerData& data);

}  // namespace cambium
