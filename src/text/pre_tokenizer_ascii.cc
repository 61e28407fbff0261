// SPDX-License-Identifier: Apache-2.0
#include "text/pre_tokenizer_ascii.h"

#include <array>
#include <cstdint>

namespace cambium {
namespace {

enum : uint8_t {
  kLetter = 1,
  kDigit = 2,
  kSpace = 4,    // \s, line ends included
  kLineEnd = 8,  // \r and \n
  kOther = 16,   // ASCII that is none of letter, digit, space: punctuation and control characters
  kWide = 32,    // part of a character beyond ASCII
};

constexpr std::array<uint8_t, 256> MakeClasses() {
  std::array<uint8_t, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    if (c >= 0x80) {
      classes[c] = kWide;
    } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      classes[c] = kLetter;
    } else if (c >= '0' && c <= '9') {
      classes[c] = kDigit;
    } else if (c == '\r' || c == '\n') {
      classes[c] = kSpace | kLineEnd;
    } else if (c == ' ' || c == '\t' || c == '\v' || c == '\f') {
      classes[c] = kSpace;
    } else {
      classes[c] = kOther;
    }
  }
  return classes;
}

constexpr std::array<uint8_t, 256> kClass = MakeClasses();

// A view of the text with a class for every position; past the end the class is 0.
struct Cursor {
  std::string_view text;

  uint8_t Class(size_t i) const {
    return i < text.size() ? kClass[static_cast<uint8_t>(text[i])] : uint8_t{0};
  }
  // The first position at or after i whose class is not in `mask`.
  size_t SkipWhile(size_t i, uint8_t mask) const {
    while (i < text.size() && (kClass[static_cast<uint8_t>(text[i])] & mask) != 0) ++i;
    return i;
  }
  // The length of a piece [pos, end) that ends because text[end] does not belong to it: unknown
  // when that is for the regular expression to say.
  size_t Piece(size_t pos, size_t end) const { return Class(end) == kWide ? 0 : end - pos; }
};

// The length of 's 't 'm 'd 're 've 'll at pos (an apostrophe), or 0. With any_case, in any case.
size_t MatchContraction(std::string_view text, size_t pos, bool any_case) {
  const auto letter = [&](size_t i) -> char {
    if (i >= text.size()) return 0;
    const char c = text[i];
    return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  switch (letter(pos + 1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return 2;
    case 'r':
    case 'v':
      return letter(pos + 2) == 'e' ? 3 : 0;
    case 'l':
      return letter(pos + 2) == 'l' ? 3 : 0;
    default:
      return 0;
  }
}

// \s+(?!\S)|\s+ on the run of white space [pos, end).
size_t MatchSpaces(const Cursor& cursor, size_t pos, size_t end) {
  if (end == cursor.text.size() || end - pos == 1) return end - pos;
  return end - pos - 1;
}

// '(?i:s|t|re|ve|m|ll|d) | [^\r\n\p{L}\p{N}]?\p{L}+ | \p{N}{1,max_digits} |
//  ?[^\s\p{L}\p{N}]+[\r\n]* | \s*[\r\n]+ | \s+(?!\S) | \s+
template <size_t kMaxDigits>
size_t MatchCl100k(std::string_view text, size_t pos) {
  const Cursor cursor{text};
  const uint8_t first = cursor.Class(pos);
  if (first == kLetter) return cursor.Piece(pos, cursor.SkipWhile(pos + 1, kLetter));
  if (first == kWide) return 0;
  if (first == kDigit) {
    size_t end = pos + 1;
    while (end < pos + kMaxDigits && cursor.Class(end) == kDigit) ++end;
    return end == pos + kMaxDigits ? kMaxDigits : cursor.Piece(pos, end);
  }
  if (text[pos] == '\'') {
    if (const size_t size = MatchContraction(text, pos, true)) return size;
  }
  const uint8_t second = cursor.Class(pos + 1);
  if (second == kWide) return 0;
  if (second == kLetter && (first & kLineEnd) == 0) {
    return cursor.Piece(pos, cursor.SkipWhile(pos + 2, kLetter));
  }
  if (first == kOther || (text[pos] == ' ' && second == kOther)) {
    const size_t end = cursor.SkipWhile(pos + 1, kOther);
    if (cursor.Class(end) == kWide) return 0;
    return cursor.SkipWhile(end, kLineEnd) - pos;
  }
  size_t end = pos;  // of the white space
  size_t end_of_lines = pos;
  while ((cursor.Class(end) & kSpace) != 0) {
    if ((cursor.Class(end) & kLineEnd) != 0) end_of_lines = end + 1;
    ++end;
  }
  if (cursor.Class(end) == kWide) return 0;
  return end_of_lines > pos ? end_of_lines - pos : MatchSpaces(cursor, pos, end);
}

}  // namespace

// '(?:s|t|re|ve|m|ll|d) | ?\p{L}+ | ?\p{N}+ | ?[^\s\p{L}\p{N}]+ | \s+(?!\S) | \s+
size_t MatchAsciiGpt2(std::string_view text, size_t pos) {
  const Cursor cursor{text};
  if (text[pos] == '\'') {
    if (const size_t size = MatchContraction(text, pos, false)) return size;
  }
  const size_t body = text[pos] == ' ' ? pos + 1 : pos;
  const uint8_t kind = cursor.Class(body);
  if (kind == kWide) return 0;
  if (kind == kLetter || kind == kDigit || kind == kOther) {
    return cursor.Piece(pos, cursor.SkipWhile(body + 1, kind));
  }
  const size_t end = cursor.SkipWhile(pos, kSpace);
  return cursor.Class(end) == kWide ? 0 : MatchSpaces(cursor, pos, end);
}

size_t MatchAsciiLlamaBpe(std::string_view text, size_t pos) { return MatchCl100k<3>(text, pos); }

size_t MatchAsciiQwen2(std::string_view text, size_t pos) { return MatchCl100k<1>(text, pos); }

}  // namespace cambium
