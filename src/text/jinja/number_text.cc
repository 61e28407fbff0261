// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/number_text.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "text/jinja/unicode.h"

namespace cambium::jinja {
namespace {

std::string_view StripSpaces(std::string_view text) {
  while (!text.empty()) {
    size_t offset = 0;
    if (!IsSpace(DecodeChar(text, &offset))) break;
    text.remove_prefix(offset);
  }
  while (!text.empty()) {
    size_t offset = text.size();
    if (!IsSpace(DecodeCharBefore(text, &offset))) break;
    text.remove_suffix(text.size() - offset);
  }
  return text;
}

int DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'z' ? lower - 'a' + 10 : 99;
}

// 2, 8, 16 for 0b, 0o, 0x; 0 for anything else.
int PrefixBase(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return 0;
  const char c = static_cast<char>(text[1] | 0x20);
  return c == 'b' ? 2 : (c == 'o' ? 8 : (c == 'x' ? 16 : 0));
}

bool IsDecimalDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

IntParse ParseInt(std::string_view text, int base, int64_t* value) {
  text = StripSpaces(text);
  if (base != 0 && (base < 2 || base > 36)) return IntParse::kInvalid;
  bool is_negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    is_negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const int prefix = PrefixBase(text);
  bool may_underscore = false;
  if (prefix != 0 && (base == 0 || base == prefix)) {
    base = prefix;
    text.remove_prefix(2);
    may_underscore = true;
  }
  const bool no_leading_zero = base == 0;
  if (base == 0) base = 10;
  if (text.empty()) return IntParse::kInvalid;
  const bool begins_with_zero = text[0] == '0';
  int64_t result = 0;
  bool is_too_big = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_') {
      if (!may_underscore || i + 1 == text.size()) return IntParse::kInvalid;
      may_underscore = false;
      continue;
    }
    may_underscore = true;
    const int digit = DigitValue(text[i]);
    if (digit >= base) return IntParse::kInvalid;
    is_too_big = is_too_big || __builtin_mul_overflow(result, int64_t{base}, &result) ||
                 (is_negative ? __builtin_sub_overflow(result, int64_t{digit}, &result)
                              : __builtin_add_overflow(result, int64_t{digit}, &result));
  }
  if (is_too_big) return IntParse::kTooBig;
  if (no_leading_zero && begins_with_zero && result != 0) return IntParse::kInvalid;
  *value = result;
  return IntParse::kOk;
}

std::optional<double> ParseFloat(std::string_view text) {
  text = StripSpaces(text);
  std::string plain;
  plain.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
    } else if (i == 0 || i + 1 == text.size() || !IsDecimalDigit(text[i - 1]) ||
               !IsDecimalDigit(text[i + 1])) {
      return std::nullopt;
    }
  }
  std::string_view rest = plain;
  bool is_negative = false;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    is_negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  std::string lower;
  for (const char c : rest.substr(0, 9))
    lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  double value = 0;
  if (rest.size() <= 8 && (lower == "inf" || lower == "infinity")) {
    value = std::numeric_limits<double>::infinity();
  } else if (lower == "nan" && rest.size() == 3) {
    value = std::numeric_limits<double>::quiet_NaN();
  } else {
    // from_chars would also take its own spellings of infinity.
    if (rest.empty() || !(IsDecimalDigit(rest[0]) || rest[0] == '.')) return std::nullopt;
    const auto result = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (result.ptr != rest.data() + rest.size() || result.ec == std::errc::invalid_argument) {
      return std::nullopt;
    }
    if (result.ec == std::errc::result_out_of_range) {
      // Beyond the range one way or the other: the exponent's sign tells which.
      const bool is_tiny = lower.find("e-") != std::string::npos || rest.find("e-") != rest.npos ||
                           rest.find("E-") != rest.npos || rest[0] == '.' || rest.starts_with("0.");
      value = is_tiny ? 0 : std::numeric_limits<double>::infinity();
    }
  }
  return is_negative ? -value : value;
}

}  // namespace cambium::jinja
