// SPDX-License-Identifier: Apache-2.0
// Well-formed UTF-8 as Unicode defines it (table 3-7 of the standard): no over-long forms, no
// surrogates, nothing above U+10FFFF. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cambium {

// Bytes (1 to 4) of the well-formed character at the start of `text`; 0 when there is none, be it
// that the bytes are wrong or that they end too early.
inline size_t Utf8CharLength(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto is_tail = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (lead < 0xe0) return text.size() >= 2 && is_tail(1) ? 2 : 0;
  if (lead < 0xf0) {
    if (text.size() < 3 || !is_tail(1) || !is_tail(2)) return 0;
    if (lead == 0xe0 && byte(1) < 0xa0) return 0;  // over-long
    if (lead == 0xed && byte(1) > 0x9f) return 0;  // surrogate
    return 3;
  }
  if (text.size() < 4 || !is_tail(1) || !is_tail(2) || !is_tail(3)) return 0;
  if (lead == 0xf0 && byte(1) < 0x90) return 0;  // over-long
  if (lead == 0xf4 && byte(1) > 0x8f) return 0;  // above U+10FFFF
  return 4;
}

// True when `text` (1 to 3 bytes) is not a whole character yet but more bytes could make it one.
inline bool IsUtf8Prefix(std::string_view text) {
  if (text.empty() || text.size() > 3 || Utf8CharLength(text) != 0) return false;
  char padded[4] = {};
  // A prefix is good if some continuation completes it; 0x80, 0x90 and 0xbf reach every range.
  for (const char filler : {'\x80', '\x90', '\xbf'}) {
    for (size_t i = 0; i < 4; ++i) padded[i] = i < text.size() ? text[i] : filler;
    for (size_t size = text.size() + 1; size <= 4; ++size) {
      if (Utf8CharLength({padded, size}) == size) return true;
    }
  }
  return false;
}

}  // namespace cambium
