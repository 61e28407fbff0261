// SPDX-License-Identifier: Apache-2.0
// Token ids to text as they come: a character whose bytes are spread over several tokens is held
// back until it is whole, so that what is shown is well-formed UTF-8. Not thread-safe: one per
// stream.
#pragma once

#include <cstdint>
#include <string>

#include "text/tokenizer.h"

namespace cambium {

// Bytes that can be part of no character: passed on as they are, so that the pieces joined are
// exactly Decode(ids); or replaced by U+FFFD as RepairUtf8 does, so that every piece is
// well-formed.
enum class IllFormed { kKeep, kReplace };

// Where the tokens stand: at the beginning of a text, where the space that the tokenizer puts
// before it is dropped (Tokenizer::DropsLeadingSpace), or behind others, where a space is a space.
enum class StreamStart { kContinuation, kText };

class StreamDecoder {
 public:
  // `tokenizer` must outlive the decoder. Control tokens give no text with kSkip.
  explicit StreamDecoder(const Tokenizer& tokenizer, IllFormed ill_formed = IllFormed::kKeep,
                         SpecialText special = SpecialText::kSkip,
                         StreamStart start = StreamStart::kContinuation)
      : tokenizer_(tokenizer),
        ill_formed_(ill_formed),
        special_(special),
        drops_space_(start == StreamStart::kText && tokenizer.DropsLeadingSpace()) {}

  // The text that is now complete: empty while a character is open. Throws as Decode does.
  std::string Push(int32_t id);
  // What is left at the end of the stream: the bytes of a character that never became whole.
  std::string Finish();

 private:
  std::string Take(bool at_end);

  const Tokenizer& tokenizer_;
  const IllFormed ill_formed_;
  const SpecialText special_;
  bool drops_space_;     // before the first byte of text
  std::string pending_;  // between calls at most 3 bytes, the beginning of one character
};

}  // namespace cambium
