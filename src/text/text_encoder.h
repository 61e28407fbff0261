// SPDX-License-Identifier: Apache-2.0
// What turns plain text, with no special tokens in it, into ids: one implementation per
// TokenizerModel. Tokenizer is the class to use; this is what it is made of.
//
// Immutable and thread-safe after construction; a cache belongs to one thread at a time and to one
// encoder.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "text/piece_cache.h"
#include "text/tokenizer_data.h"

namespace cambium {

// Where a stretch of plain text stands.
enum class Section {
  kBegin,      // at the beginning of the text
  kAfter,      // behind a special token
  kContinued,  // the rest of a stretch that was cut in two
};

class TextEncoder {
 public:
  virtual ~TextEncoder() = default;

  // Appends the ids of `text`. Throws kInvalidArgument for text that the vocabulary cannot hold.
  virtual void Encode(std::string_view text, Section section, PieceCache& cache,
                      std::vector<int32_t>& ids) const = 0;
  // The token that text of exactly these bytes can become, or -1.
  virtual int32_t FindToken(std::string_view bytes) const = 0;
  // False where Encode throws for some text.
  virtual bool encodes_any_bytes() const { return true; }
  // Whether text may be cut before a space between two ASCII letters, the second part being
  // encoded with Section::kContinued, without changing an id.
  virtual bool can_cut_before_spaces() const { return true; }
};

// `data` must outlive the encoder and stay where it is. Null for kByte, which needs none. Throws
// kCorruptData, kUnsupported.
std::unique_ptr<const TextEncoder> MakeTextEncoder(const TokenizerData& data);

}  // namespace cambium
