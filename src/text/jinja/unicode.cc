// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/unicode.h"

#include <algorithm>

#include "text/jinja/unicode_tables.h"
#include "text/jinja/value.h"

namespace cambium::jinja {
namespace {

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

template <typename Range>
const Range* FindRange(const Range* ranges, size_t size, char32_t c) {
  const Range* found = std::upper_bound(
      ranges, ranges + size, c, [](char32_t code, const Range& r) { return code < r.first; });
  if (found == ranges) return nullptr;
  --found;
  return c <= found->last && (c - found->first) % found->stride == 0 ? found : nullptr;
}

const char* FindSpecial(const SpecialMapping* mappings, size_t size, char32_t c) {
  const SpecialMapping* found =
      std::lower_bound(mappings, mappings + size, c,
                       [](const SpecialMapping& m, char32_t code) { return m.code < code; });
  return found != mappings + size && found->code == c ? found->utf8 : nullptr;
}

char32_t Map(const CodeMapping* mappings, size_t size, char32_t c) {
  const CodeMapping* found = FindRange(mappings, size, c);
  return found == nullptr ? c : static_cast<char32_t>(static_cast<int32_t>(c) + found->difference);
}

constexpr char32_t kCapitalSigma = 0x3A3, kSmallSigma = 0x3C3, kFinalSigma = 0x3C2;

// Unicode 14, section 3.13, Final_Sigma: after a cased letter and not before one, where characters
// that case ignores are passed over.
bool IsFinalSigma(std::string_view text, size_t begin, size_t end) {
  const auto is_ignorable = [](char32_t c) {
    return FindRange(kCaseIgnorable, kCaseIgnorableSize, c) != nullptr;
  };
  const auto is_cased = [](char32_t c) { return FindRange(kCased, kCasedSize, c) != nullptr; };
  bool after_cased = false;
  while (begin > 0 && !after_cased) {
    const char32_t c = DecodeCharBefore(text, &begin);
    if (is_ignorable(c)) continue;
    if (!is_cased(c)) return false;
    after_cased = true;
  }
  if (!after_cased) return false;
  while (end < text.size()) {
    const char32_t c = DecodeChar(text, &end);
    if (!is_ignorable(c)) return !is_cased(c);
  }
  return true;
}

bool InClass(const CodeRange* ranges, size_t size, char32_t c) {
  return FindRange(ranges, size, c) != nullptr;
}

}  // namespace

size_t CountChars(std::string_view text) {
  return text.size() - static_cast<size_t>(std::count_if(text.begin(), text.end(), IsContinuation));
}

size_t CharBytes(std::string_view text, size_t offset) {
  size_t end = offset + 1;
  while (end < text.size() && IsContinuation(text[end])) ++end;
  return end - offset;
}

char32_t DecodeChar(std::string_view text, size_t* offset) {
  const size_t num_bytes = CharBytes(text, *offset);
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[*offset + i]); };
  char32_t c = num_bytes == 1 ? byte(0) : byte(0) & (0x7Fu >> num_bytes);
  for (size_t i = 1; i < num_bytes; ++i) c = (c << 6) | (byte(i) & 0x3Fu);
  *offset += num_bytes;
  return c;
}

char32_t DecodeCharBefore(std::string_view text, size_t* offset) {
  do {
    --*offset;
  } while (*offset > 0 && IsContinuation(text[*offset]));
  size_t position = *offset;
  return DecodeChar(text, &position);
}

void AppendChar(std::string& text, char32_t c) {
  const auto byte = [&](char32_t value) { text.push_back(static_cast<char>(value)); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) {
    byte(0xC0 | (c >> 6));
  } else if (c < 0x10000) {
    byte(0xE0 | (c >> 12));
    byte(0x80 | ((c >> 6) & 0x3F));
  } else {
    byte(0xF0 | (c >> 18));
    byte(0x80 | ((c >> 12) & 0x3F));
    byte(0x80 | ((c >> 6) & 0x3F));
  }
  byte(0x80 | (c & 0x3F));
}

size_t ByteOffset(const StringData& string, size_t index) {
  if (string.is_ascii()) return std::min(index, string.text.size());
  size_t offset = 0;
  for (; index > 0 && offset < string.text.size(); --index)
    offset += CharBytes(string.text, offset);
  return offset;
}

bool IsSpace(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x1F);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool IsLineBreak(char32_t c) {
  return (c >= 10 && c <= 13) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

bool IsAlpha(char32_t c) { return InClass(kAlpha, kAlphaSize, c); }
bool IsDecimal(char32_t c) { return InClass(kDecimal, kDecimalSize, c); }
bool IsDigit(char32_t c) { return InClass(kDigit, kDigitSize, c); }
bool IsNumeric(char32_t c) { return InClass(kNumeric, kNumericSize, c); }
bool IsLower(char32_t c) { return InClass(kLower, kLowerSize, c); }
bool IsUpper(char32_t c) { return InClass(kUpper, kUpperSize, c); }
bool IsTitle(char32_t c) { return InClass(kTitle, kTitleSize, c); }
bool IsPrintable(char32_t c) { return InClass(kPrintable, kPrintableSize, c); }

void AppendLowerAt(std::string& out, std::string_view text, size_t* offset) {
  const size_t begin = *offset;
  const char32_t c = DecodeChar(text, offset);
  if (c == kCapitalSigma) {
    AppendChar(out, IsFinalSigma(text, begin, *offset) ? kFinalSigma : kSmallSigma);
  } else if (c == 0x130) {
    out += "i\u0307";
  } else {
    AppendChar(out, Map(kToLower, kToLowerSize, c));
  }
}

std::string ToLower(std::string_view text) {
  std::string lower;
  lower.reserve(text.size());
  for (size_t offset = 0; offset < text.size();) AppendLowerAt(lower, text, &offset);
  return lower;
}

void AppendUpper(std::string& text, char32_t c) {
  if (const char* special = FindSpecial(kSpecialUpper, kSpecialUpperSize, c)) {
    text += special;
  } else {
    AppendChar(text, Map(kToUpper, kToUpperSize, c));
  }
}

void AppendTitle(std::string& text, char32_t c) {
  if (const char* special = FindSpecial(kSpecialTitle, kSpecialTitleSize, c)) {
    text += special;
  } else if (FindRange(kToTitle, kToTitleSize, c) != nullptr) {
    AppendChar(text, Map(kToTitle, kToTitleSize, c));
  } else {
    AppendUpper(text, c);
  }
}

std::string ToUpper(std::string_view text) {
  std::string upper;
  upper.reserve(text.size());
  for (size_t offset = 0; offset < text.size();) AppendUpper(upper, DecodeChar(text, &offset));
  return upper;
}

}  // namespace cambium::jinja
