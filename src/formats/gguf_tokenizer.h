// SPDX-License-Identifier: Apache-2.0
// A tokenizer in GGUF metadata (tokenizer.ggml.*), to and from TokenizerData.
//
// BPE is the format's model "gpt2". Normal tokens are stored in the printable byte form
// (text/byte_unicode.h), control, user-defined, unknown and unused ones as they are; merges as
// "left right" in the printable form.
//
// The byte tokenizer has no model of its own in GGUF. It is written as "gpt2" with one token per
// byte and no merges, which other engines tokenize to the same bytes, plus the key
// cambium.tokenizer = "byte", by which it is known again. Edge cases: docs/formats/gguf.md.
#pragma once

#include "formats/gguf.h"
#include "formats/gguf_writer.h"
#include "text/tokenizer_data.h"

namespace cambium {

// kUnsupported for tokenizer models other than "gpt2" (SentencePiece, WordPiece, ...),
// kCorruptData for a missing or broken one.
TokenizerData ReadGgufTokenizer(const GgufFile& file);

void WriteGgufTokenizer(const TokenizerData& tokenizer, GgufWriter* writer);

}  // namespace cambium
