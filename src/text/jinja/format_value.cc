// SPDX-License-Identifier: Apache-2.0
// One value by a format specification.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "text/jinja/sandbox.h"
#include "text/jinja/string_format.h"
#include "text/jinja/to_text.h"
#include "text/jinja/unicode.h"

namespace cambium::jinja {
namespace {

// A double has at most 1074 digits behind the point that are not 0.
constexpr int kMaxPrecision = 1100;

std::string Align(Sandbox& box, std::string_view prefix, std::string_view body,
                  const FormatSpec& spec, char default_align) {
  const size_t num_chars = CountChars(prefix) + CountChars(body);
  const auto width = static_cast<size_t>(std::max(spec.width, 0));
  const size_t missing = width > num_chars ? width - num_chars : 0;
  const char align = spec.align == '\0' ? default_align : spec.align;
  const size_t left = align == '>' ? missing : (align == '^' ? missing / 2 : 0);
  const size_t middle = align == '=' ? missing : 0;
  std::string out;
  box.AppendRepeated(out, spec.fill, left);
  box.Append(out, prefix);
  box.AppendRepeated(out, spec.fill, middle);
  box.Append(out, body);
  box.AppendRepeated(out, spec.fill, missing - left - middle);
  return out;
}

std::string Group(std::string_view digits, char separator, size_t every) {
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % every == 0) out += separator;
    out += digits[i];
  }
  return out;
}

// Digits with separators; zeros that fill up the width are grouped too.
std::string GroupToWidth(Sandbox& box, std::string_view digits, const FormatSpec& spec,
                         size_t other_chars, size_t every) {
  if (spec.grouping == '\0') return std::string(digits);
  std::string padded;
  if (spec.align == '=' && spec.fill == "0") {
    const auto width = static_cast<size_t>(std::max(spec.width, 0));
    const size_t wanted = width > other_chars ? width - other_chars : 0;
    // The least number of digits that is this wide with its separators.
    size_t count = wanted - wanted / (every + 1);
    while (count > 0 && count + (count - 1) / every < wanted) ++count;
    if (count > digits.size()) box.AppendRepeated(padded, "0", count - digits.size());
    box.CheckRoom(2 * width);
  }
  padded += digits;
  return Group(padded, spec.grouping, every);
}

bool IsHex(const FormatSpec& spec) { return spec.type == 'x' || spec.type == 'X'; }

std::string Sign(bool is_negative, char sign) {
  if (is_negative) return "-";
  return sign == '-' ? "" : std::string(1, sign);
}

void ToUpperAscii(std::string& text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

// Two digits at least, as C and Python write exponents; to_chars does too.
std::string ToChars(double value, std::chars_format format, int precision) {
  std::string buffer(static_cast<size_t>(precision) + 400, '\0');
  const auto result =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format, precision);
  buffer.resize(static_cast<size_t>(result.ptr - buffer.data()));
  return buffer;
}

// %g keeps trailing zeros only in the alternate form.
std::string GeneralDigits(double value, int precision, bool alternate) {
  if (precision == 0) precision = 1;
  std::string text = ToChars(value, std::chars_format::general, precision);
  if (!alternate) return text;
  const size_t e = text.find('e');
  std::string mantissa = text.substr(0, e), exponent = e == text.npos ? "" : text.substr(e);
  if (mantissa.find('.') == mantissa.npos) mantissa += '.';
  size_t digits = 0;
  bool leading = true;
  for (const char c : mantissa) {
    if (c == '.' || (leading && c == '0')) continue;
    leading = false;
    ++digits;
  }
  if (digits == 0) digits = 1;
  mantissa.append(
      static_cast<size_t>(precision) > digits ? static_cast<size_t>(precision) - digits : 0, '0');
  return mantissa + exponent;
}

std::string FloatDigits(Sandbox& box, double value, const FormatSpec& spec) {
  const int precision = spec.precision < 0 ? 6 : spec.precision;
  if (precision > kMaxPrecision) box.FailLimit("digits");
  const auto with_point = [&](std::string text) {
    if (!spec.alternate || precision > 0) return text;
    const size_t e = std::min(text.find('e'), text.size());
    return text.substr(0, e) + "." + text.substr(e);
  };
  switch (spec.type) {
    case 'f':
    case 'F':
      return with_point(ToChars(value, std::chars_format::fixed, precision));
    case '%':
      return with_point(ToChars(value * 100, std::chars_format::fixed, precision)) + "%";
    case 'e':
    case 'E':
      return with_point(ToChars(value, std::chars_format::scientific, precision));
    case 'g':
    case 'G':
      return GeneralDigits(value, precision, spec.alternate);
    default:
      break;
  }
  // No type: as repr, or general with the precision and always a digit behind the point.
  if (spec.precision < 0) return FloatRepr(value);
  const int digits = std::max(precision, 1);
  std::string text = ToChars(value, std::chars_format::scientific, digits - 1);
  size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(),
                  exponent);
  if (exponent < -4 || exponent >= digits - 1) {
    // The mantissa loses its trailing zeros.
    while (text.find('.') != text.npos && (text[e - 1] == '0' || text[e - 1] == '.')) {
      text.erase(--e, 1);
    }
    return text;
  }
  text = GeneralDigits(value, digits, spec.alternate);
  return text.find('.') == text.npos ? text + ".0" : text;
}

}  // namespace

std::string FormatFloat(Sandbox& box, double value, const FormatSpec& spec) {
  std::string digits;
  const bool is_negative = std::signbit(value) && !std::isnan(value);
  if (std::isfinite(value)) {
    digits = FloatDigits(box, std::abs(value), spec);
  } else {
    digits = std::isnan(value) ? "nan" : "inf";
    if (spec.type == '%') digits += "%";
  }
  if (spec.type == 'E' || spec.type == 'G' || spec.type == 'F') ToUpperAscii(digits);
  const std::string prefix = Sign(is_negative, spec.sign);
  if (spec.grouping != '\0') {
    const size_t whole = std::min(digits.find_first_not_of("0123456789"), digits.size());
    const size_t rest = digits.size() - whole;
    digits = GroupToWidth(box, digits.substr(0, whole), spec, prefix.size() + rest, 3) +
             digits.substr(whole);
  }
  return Align(box, prefix, digits, spec, '>');
}

std::string FormatInteger(Sandbox& box, int64_t value, const FormatSpec& spec) {
  constexpr std::string_view kFloatTypes = "eEfFgG%";
  if (spec.type != '\0' && kFloatTypes.find(spec.type) != kFloatTypes.npos) {
    return FormatFloat(box, static_cast<double>(value), spec);
  }
  if (spec.precision >= 0) box.Fail("precision not allowed in integer format specifier");
  const uint64_t magnitude =
      value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  if (spec.type == 'c') {
    if (value < 0 || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
      box.Fail("%c arg not in range(0x110000)");
    }
    std::string text;
    AppendChar(text, static_cast<char32_t>(value));
    return Align(box, "", text, spec, '<');
  }
  const int base = spec.type == 'b' ? 2 : (spec.type == 'o' ? 8 : (IsHex(spec) ? 16 : 10));
  constexpr std::string_view kTypes("\0bcdnoxX", 8);
  if (kTypes.find(spec.type) == kTypes.npos) {
    box.Fail("unknown format code '{}' for object of type 'int'", spec.type);
  }
  char buffer[72];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, magnitude, base).ptr;
  std::string prefix = Sign(value < 0, spec.sign);
  if (spec.alternate && base != 10) prefix += base == 2 ? "0b" : (base == 8 ? "0o" : "0x");
  std::string digits =
      GroupToWidth(box, std::string_view(buffer, static_cast<size_t>(end - buffer)), spec,
                   prefix.size(), base == 10 ? 3 : 4);
  if (spec.type == 'X') {
    ToUpperAscii(digits);
    ToUpperAscii(prefix);
  }
  return Align(box, prefix, digits, spec, '>');
}

std::string FormatText(Sandbox& box, const std::string& text, const FormatSpec& spec) {
  std::string_view part = text;
  box.StepBytes(text.size());
  if (spec.precision >= 0) {
    size_t offset = 0;
    for (int i = 0; i < spec.precision && offset < text.size(); ++i) {
      offset += CharBytes(text, offset);
    }
    part = part.substr(0, offset);
  }
  return Align(box, "", part, spec, '<');
}

std::string FormatValue(Sandbox& box, const Value& value, const FormatSpec& spec) {
  if (value.is_bool() && spec.type == '\0') {
    const bool is_plain = spec.width == 0 && spec.precision < 0 && spec.align == '\0' &&
                          spec.sign == '-' && !spec.alternate && spec.grouping == '\0';
    if (is_plain) return value.boolean() ? "True" : "False";
  }
  if (value.is_integer()) return FormatInteger(box, value.integer(), spec);
  if (value.type() == Type::kFloat) {
    constexpr std::string_view kTypes("\0eEfFgGn%", 9);
    if (kTypes.find(spec.type) == kTypes.npos) {
      box.Fail("unknown format code '{}' for object of type 'float'", spec.type);
    }
    return FormatFloat(box, value.number(), spec);
  }
  const bool is_empty_spec = spec.width == 0 && spec.precision < 0 && spec.align == '\0' &&
                             spec.type == '\0' && spec.sign == '-' && !spec.alternate &&
                             spec.grouping == '\0';
  if (!value.is_string()) {
    if (!is_empty_spec) {
      box.Fail("unsupported format string passed to {}.__format__", TypeName(value));
    }
    return Str(box, value);
  }
  if (spec.type != '\0' && spec.type != 's') {
    box.Fail("unknown format code '{}' for object of type 'str'", spec.type);
  }
  if (spec.sign != '-' || spec.alternate || spec.grouping != '\0' || spec.align == '=') {
    box.Fail("a format specifier is not allowed for a string");
  }
  return FormatText(box, value.text(), spec);
}

}  // namespace cambium::jinja
