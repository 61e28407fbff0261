// SPDX-License-Identifier: Apache-2.0
#include "text/stream_decoder.h"

#include <string_view>

#include "text/utf8.h"

namespace cambium {

std::string StreamDecoder::Push(int32_t id) {
  const std::string& bytes = tokenizer_.TokenBytes(id);
  if (special_ == SpecialText::kSkip && tokenizer_.Type(id) == TokenType::kControl) return {};
  pending_ += bytes;
  return Take(/*at_end=*/false);
}

std::string StreamDecoder::Finish() { return Take(/*at_end=*/true); }

std::string StreamDecoder::Take(bool at_end) {
  std::string text;
  const std::string_view bytes = pending_;
  size_t pos = 0;
  while (pos < bytes.size()) {
    const std::string_view rest = bytes.substr(pos);
    if (const size_t size = Utf8CharLength(rest)) {
      text += rest.substr(0, size);
      pos += size;
    } else if (!at_end && IsUtf8Prefix(rest)) {
      break;
    } else {
      text += ill_formed_ == IllFormed::kReplace ? std::string_view("\xef\xbf\xbd")
                                                 : rest.substr(0, 1);
      ++pos;
    }
  }
  pending_.erase(0, pos);
  return text;
}

}  // namespace cambium
