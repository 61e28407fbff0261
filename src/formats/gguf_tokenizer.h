// SPDX-License-Identifier: Apache-2.0
// A tokenizer in GGUF metadata (tokenizer.ggml.*), to and from TokenizerData.
//
// The format's models, and how they are read:
//   "gpt2"    byte-level BPE. Normal tokens stand in the printable byte form (text/byte_unicode.h),
//             control, user-defined, unknown and unused ones as they are; merges as "left right".
//   "llama"   SentencePiece BPE by scores; U+2581 for spaces, "<0x41>" for bytes.
//   "gemma4"  the same by merges.
//   "bert"    WordPiece; U+2581 before the pieces that begin a word.
// Others (Unigram: "t5", ...) are refused by name.
//
// What the format cannot say is in keys of ours, written only where needed, which other engines
// pass over: cambium.tokenizer = "byte" marks the byte tokenizer (written as "gpt2" with one token
// per byte and no merges, which other engines tokenize to the same bytes); cambium.tokenizer.* are
// the options of text/tokenizer_data.h. Edge cases: docs/formats/gguf.md.
#pragma once

#include "formats/gguf.h"
#include "formats/gguf_writer.h"
#include "text/tokenizer_data.h"

namespace cambium {

// kUnsupported for other tokenizer models, kCorruptData for a missing or broken one. The result
// still has to pass Tokenizer().
TokenizerData ReadGgufTokenizer(const GgufFile& file);

// kUnsupported for a tokenizer that the format cannot hold.
void WriteGgufTokenizer(const TokenizerData& tokenizer, GgufWriter* writer);

// Keys that both sides name.
namespace gguf_keys {
// Tokens that end a turn: of text, and of a message.
inline constexpr const char* kEnds[] = {"tokenizer.ggml.eot_token_id",
                                        "tokenizer.ggml.eom_token_id"};
inline constexpr const char* kOwnModel = "cambium.tokenizer";
inline constexpr const char* kSpacePrefix = "cambium.tokenizer.space_prefix";
inline constexpr const char* kPrefixBeforeSpace = "cambium.tokenizer.prefix_before_space";
inline constexpr const char* kSplitAtSpaces = "cambium.tokenizer.split_at_spaces";
inline constexpr const char* kFuseUnknown = "cambium.tokenizer.fuse_unknown";
inline constexpr const char* kStripLeft = "cambium.tokenizer.strip_left";
inline constexpr const char* kStripRight = "cambium.tokenizer.strip_right";
inline constexpr const char* kCleanText = "cambium.tokenizer.clean_text";
inline constexpr const char* kSplitChinese = "cambium.tokenizer.split_chinese";
inline constexpr const char* kMaxWordChars = "cambium.tokenizer.max_word_chars";
}  // namespace gguf_keys

}  // namespace cambium
