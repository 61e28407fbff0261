// SPDX-License-Identifier: Apache-2.0
// Characters of well-formed UTF-8. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cambium {

// Bytes of the character that the byte begins.
inline size_t Utf8CharBytes(char first) {
  const auto byte = static_cast<uint8_t>(first);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

// The character of these bytes (1 to 4, all of them).
inline char32_t DecodeUtf8Char(std::string_view character) {
  const auto byte = [&](size_t i) {
    return static_cast<char32_t>(static_cast<uint8_t>(character[i]));
  };
  switch (character.size()) {
    case 1:
      return byte(0);
    case 2:
      return ((byte(0) & 0x1f) << 6) | (byte(1) & 0x3f);
    case 3:
      return ((byte(0) & 0x0f) << 12) | ((byte(1) & 0x3f) << 6) | (byte(2) & 0x3f);
    default:
      return ((byte(0) & 0x07) << 18) | ((byte(1) & 0x3f) << 12) | ((byte(2) & 0x3f) << 6) |
             (byte(3) & 0x3f);
  }
}

// Unicode's White_Space.
inline bool IsWhiteSpace(char32_t c) {
  return (c >= 0x9 && c <= 0xd) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

// Bytes of the white space character that begins any bytes, or 0.
inline size_t WhiteSpaceBytes(std::string_view text) {
  if (text.empty()) return 0;
  const size_t size = Utf8CharBytes(text[0]);
  if (size > text.size() || size > 3) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((static_cast<uint8_t>(text[i]) & 0xc0) != 0x80) return 0;
  }
  const char32_t c = DecodeUtf8Char(text.substr(0, size));
  const bool is_overlong = (size == 2 && c < 0x80) || (size == 3 && c < 0x800);
  return !is_overlong && IsWhiteSpace(c) ? size : 0;
}

}  // namespace cambium
