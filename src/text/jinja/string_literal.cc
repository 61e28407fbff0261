// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/string_literal.h"

#include <cstdint>

#include "text/jinja/unicode.h"

namespace cambium::jinja {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The number of exactly `count` hexadecimal digits at `at`, or -1.
int64_t ReadHex(std::string_view text, size_t at, size_t count) {
  if (at + count > text.size()) return -1;
  int64_t value = 0;
  for (size_t i = 0; i < count; ++i) {
    const int digit = HexValue(text[at + i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

void AppendHexDigits(std::string& out, char32_t c) {
  constexpr char kDigits[] = "0123456789abcdef";
  const int count = c < 0x100 ? 2 : (c < 0x10000 ? 4 : 8);
  out += c < 0x100 ? 'x' : (c < 0x10000 ? 'u' : 'U');
  for (int i = count - 1; i >= 0; --i) out += kDigits[(c >> (4 * i)) & 15];
}

}  // namespace

bool UnescapeLiteral(std::string_view literal, std::string* text, std::string* reason) {
  const auto fail = [&](const char* why) {
    *reason = why;
    return false;
  };
  text->clear();
  for (size_t i = 0; i < literal.size();) {
    if (literal[i] != '\\') {
      *text += literal[i++];
      continue;
    }
    if (++i == literal.size()) return fail("\\ at end of string");
    const char c = literal[i];
    constexpr std::string_view kLetters = "\\'\"abfnrtv", kMeanings = "\\'\"\a\b\f\n\r\t\v";
    const size_t letter = kLetters.find(c);
    if (letter != kLetters.npos) {
      *text += kMeanings[letter];
      ++i;
    } else if (c == '\n') {
      ++i;
    } else if (c >= '0' && c <= '7') {
      char32_t value = 0;
      for (int n = 0; n < 3 && i < literal.size() && literal[i] >= '0' && literal[i] <= '7'; ++n) {
        value = value * 8 + static_cast<char32_t>(literal[i++] - '0');
      }
      AppendChar(*text, value);
    } else if (c == 'x' || c == 'u' || c == 'U') {
      const size_t count = c == 'x' ? 2 : (c == 'u' ? 4 : 8);
      const int64_t value = ReadHex(literal, i + 1, count);
      if (value < 0) return fail("an escape of a string is cut off");
      if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
        return fail("an escape of a string is no character");
      }
      AppendChar(*text, static_cast<char32_t>(value));
      i += 1 + count;
    } else if (c == 'N') {
      return fail("\\N{...} in strings is not supported");
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      // Jinja escapes what is not ASCII before it reads escapes: the backslash takes the new one.
      *text += '\\';
      AppendHexDigits(*text, DecodeChar(literal, &i));
    } else {
      *text += '\\';
    }
  }
  return true;
}

}  // namespace cambium::jinja
