// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/string_format.h"

#include <cmath>

#include "text/jinja/attributes.h"
#include "text/jinja/operators.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/to_text.h"
#include "text/jinja/unicode.h"

namespace cambium::jinja {
namespace {

bool IsDigitByte(char c) { return c >= '0' && c <= '9'; }

// A number in a format; what has more digits than any template needs is refused.
int ReadNumber(Sandbox& box, std::string_view text, size_t* at) {
  int number = 0;
  while (*at < text.size() && IsDigitByte(text[*at])) {
    if (number > 100'000'000) box.FailLimit("width");
    number = number * 10 + (text[(*at)++] - '0');
  }
  return number;
}

// The conversions of `format % arguments`.
class PercentFormatter {
 public:
  PercentFormatter(Sandbox& box, const std::string& format, const Value& arguments)
      : box_(box), format_(format), arguments_(arguments) {}

  std::string Run() {
    size_t at = 0;
    while (at < format_.size()) {
      const size_t percent = format_.find('%', at);
      box_.Append(out_, std::string_view(format_).substr(at, percent - at));
      if (percent == format_.npos) break;
      at = percent + 1;
      Convert(&at);
    }
    const bool is_tuple = arguments_.type() == Type::kTuple;
    const size_t count = is_tuple ? arguments_.items().size() : 1;
    // What is a mapping to Python (it has items) need not be used.
    const bool may_be_left = arguments_.is_dict() || arguments_.type() == Type::kList ||
                             arguments_.is_undefined() ||
                             arguments_.object_as<RangeObject>() != nullptr;
    if (next_ < count && (is_tuple || !may_be_left) && !used_mapping_) {
      box_.Fail("not all arguments converted during string formatting");
    }
    return std::move(out_);
  }

 private:
  Value NextArgument() {
    const bool is_tuple = arguments_.type() == Type::kTuple;
    if (next_ >= (is_tuple ? arguments_.items().size() : 1)) {
      box_.Fail("not enough arguments for format string");
    }
    return is_tuple ? arguments_.items()[next_++] : (++next_, arguments_);
  }

  int Star(size_t* at) {
    ++*at;
    const Value number = NextArgument();
    if (!number.is_integer() || std::abs(number.integer()) > 100'000'000) box_.Fail("* wants int");
    return static_cast<int>(number.integer());
  }

  void Convert(size_t* at);
  void Write(const Value& value, char conversion, FormatSpec spec);

  Sandbox& box_;
  const std::string& format_;
  const Value& arguments_;
  size_t next_ = 0;
  bool used_mapping_ = false;
  std::string out_;
};

void PercentFormatter::Convert(size_t* at) {
  std::optional<Value> mapped;
  if (*at < format_.size() && format_[*at] == '(') {
    size_t end = *at + 1;
    for (int depth = 1; end < format_.size(); ++end) {
      if (format_[end] == '(') ++depth;
      if (format_[end] == ')' && --depth == 0) break;
    }
    if (end >= format_.size()) box_.Fail("incomplete format key");
    if (!arguments_.is_dict()) box_.Fail("format requires a mapping");
    const std::string key = format_.substr(*at + 1, end - *at - 1);
    const Value* found = arguments_.dict().Find(key);
    if (found == nullptr) box_.Fail("there is no key '{}' for the format", key);
    mapped = *found;
    used_mapping_ = true;
    *at = end + 1;
  }
  FormatSpec spec;
  bool zero = false, left = false;
  for (; *at < format_.size(); ++*at) {
    const char c = format_[*at];
    if (c == '-')
      left = true;
    else if (c == '0')
      zero = true;
    else if (c == '+')
      spec.sign = '+';
    else if (c == ' ')
      spec.sign = spec.sign == '+' ? '+' : ' ';
    else if (c == '#')
      spec.alternate = true;
    else
      break;
  }
  const auto at_char = [&](char c) { return *at < format_.size() && format_[*at] == c; };
  if (at_char('*')) {
    spec.width = Star(at);
    left = left || spec.width < 0;
    spec.width = std::abs(spec.width);
  } else {
    spec.width = ReadNumber(box_, format_, at);
  }
  if (at_char('.')) {
    ++*at;
    spec.precision = at_char('*') ? std::max(0, Star(at)) : ReadNumber(box_, format_, at);
  }
  while (at_char('l') || at_char('h') || at_char('L')) ++*at;
  if (*at >= format_.size()) box_.Fail("incomplete format");
  const char conversion = format_[(*at)++];
  if (conversion == '%') return box_.Append(out_, "%");
  spec.align = left ? '<' : (zero ? '=' : '>');
  if (zero && !left) spec.fill = "0";
  Write(mapped ? *mapped : NextArgument(), conversion, spec);
}

void PercentFormatter::Write(const Value& value, char conversion, FormatSpec spec) {
  const auto write = [&](const std::string& text) { box_.Append(out_, text); };
  switch (conversion) {
    case 's':
    case 'r':
    case 'a':
      if (spec.align == '=') spec.align = '>';
      spec.fill = " ";
      return write(
          FormatText(box_, conversion == 's' ? Str(box_, value) : Repr(box_, value), spec));
    case 'c':
      if (spec.align == '=') spec.align = '>';
      spec.fill = " ";
      if (value.is_string() && value.string().num_chars == 1) {
        spec.precision = -1;
        return write(FormatText(box_, value.text(), spec));
      }
      if (!value.is_integer()) box_.Fail("%c requires int or char");
      spec.type = 'c';
      spec.precision = -1;
      return write(FormatInteger(box_, value.integer(), spec));
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X': {
      if (value.is_undefined()) box_.FailUndefined(value);
      const bool is_whole = conversion == 'd' || conversion == 'i' || conversion == 'u';
      int64_t integer = 0;
      if (value.is_integer()) {
        integer = value.integer();
      } else if (is_whole && value.type() == Type::kFloat && std::abs(value.number()) < 0x1p63) {
        integer = static_cast<int64_t>(value.number());
      } else {
        box_.Fail("%{} format: a number is required, not {}", conversion, TypeName(value));
      }
      spec.type = is_whole ? 'd' : conversion;
      // The precision is the least number of digits.
      const int digits = std::max(spec.precision, 0);
      spec.precision = -1;
      if (digits > 0) {
        FormatSpec number{.fill = "0",
                          .align = '=',
                          .sign = spec.sign,
                          .alternate = spec.alternate,
                          .type = spec.type};
        const bool has_sign = integer < 0 || spec.sign != '-';
        const bool has_mark = spec.alternate && !is_whole;
        number.width = digits + (has_sign ? 1 : 0) + (has_mark ? 2 : 0);
        FormatSpec outer{
            .fill = " ", .align = spec.align == '=' ? '>' : spec.align, .width = spec.width};
        if (spec.align == '=') number.width = std::max(number.width, spec.width);
        return write(FormatText(box_, FormatInteger(box_, integer, number), outer));
      }
      return write(FormatInteger(box_, integer, spec));
    }
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      if (value.is_undefined()) box_.FailUndefined(value);
      if (!value.is_number()) box_.Fail("must be real number, not {}", TypeName(value));
      spec.type = conversion;
      if (!std::isfinite(value.number()) && spec.align == '=') spec.fill = "0";
      return write(FormatFloat(box_, value.number(), spec));
    default:
      box_.Fail("unsupported format character '{}'", conversion);
  }
}

FormatSpec ParseSpec(Sandbox& box, std::string_view text) {
  FormatSpec spec;
  constexpr std::string_view kAligns = "<>=^";
  size_t at = 0;
  if (!text.empty()) {
    const size_t first = CharBytes(text, 0);
    if (first < text.size() && kAligns.find(text[first]) != kAligns.npos) {
      spec.fill = text.substr(0, first);
      spec.align = text[first];
      at = first + 1;
    } else if (kAligns.find(text[0]) != kAligns.npos) {
      spec.align = text[0];
      at = 1;
    }
  }
  const auto is_at = [&](std::string_view chars) {
    return at < text.size() && chars.find(text[at]) != chars.npos;
  };
  if (is_at("+- ")) spec.sign = text[at++];
  if (is_at("z")) box.Fail("the format option z is not supported");
  if (is_at("#")) spec.alternate = (++at, true);
  if (is_at("0")) {
    ++at;
    if (spec.align == '\0') {
      spec.align = '=';
      spec.fill = "0";
    }
  }
  spec.width = ReadNumber(box, text, &at);
  if (is_at(",_")) spec.grouping = text[at++];
  if (is_at(".")) {
    ++at;
    if (!is_at("0123456789")) box.Fail("format specifier missing precision");
    spec.precision = ReadNumber(box, text, &at);
  }
  if (at < text.size()) spec.type = text[at++];
  if (at < text.size()) box.Fail("invalid format specifier '{}'", text);
  return spec;
}

// The replacement fields of format.format(...).
class BraceFormatter {
 public:
  BraceFormatter(Sandbox& box, const Arguments& arguments) : box_(box), arguments_(arguments) {}

  std::string Run(std::string_view format, int depth);

 private:
  Value Field(std::string_view name);
  Value First(std::string_view name);

  Sandbox& box_;
  const Arguments& arguments_;
  size_t next_ = 0;
  bool is_automatic_ = false, is_manual_ = false;
};

std::string BraceFormatter::Run(std::string_view format, int depth) {
  if (depth > 3) box_.Fail("Max string recursion exceeded");
  std::string out;
  for (size_t at = 0; at < format.size();) {
    const size_t brace = format.find_first_of("{}", at);
    box_.Append(out, format.substr(at, brace - at));
    if (brace == format.npos) break;
    if (brace + 1 < format.size() && format[brace + 1] == format[brace]) {
      box_.Append(out, format.substr(brace, 1));
      at = brace + 2;
      continue;
    }
    if (format[brace] == '}') box_.Fail("Single '}}' encountered in format string");
    size_t end = brace + 1;
    for (int open = 1; end < format.size(); ++end) {
      if (format[end] == '{') ++open;
      if (format[end] == '}' && --open == 0) break;
    }
    if (end >= format.size()) box_.Fail("expected '}}' before end of string");
    const std::string_view field = format.substr(brace + 1, end - brace - 1);
    at = end + 1;
    // name ! conversion : spec, where the name may hold a [key] with any of these signs.
    size_t name_end = 0;
    for (bool in_key = false; name_end < field.size(); ++name_end) {
      const char c = field[name_end];
      if (c == '[') in_key = true;
      if (c == ']') in_key = false;
      if (!in_key && (c == '!' || c == ':')) break;
    }
    Value value = Field(field.substr(0, name_end));
    std::string_view rest = field.substr(name_end);
    if (rest.starts_with('!')) {
      const char conversion = rest.size() > 1 ? rest[1] : '?';
      if (conversion != 's' && conversion != 'r') {
        box_.Fail("the conversion '!{}' is not supported", conversion);
      }
      value = box_.String(conversion == 's' ? Str(box_, value) : Repr(box_, value));
      rest.remove_prefix(2);
      if (!rest.empty() && !rest.starts_with(':')) {
        box_.Fail("expected ':' after conversion specifier");
      }
    }
    if (!rest.empty()) rest.remove_prefix(1);
    const std::string spec = Run(rest, depth + 1);
    box_.Append(out, FormatValue(box_, value, ParseSpec(box_, spec)));
  }
  return out;
}

Value BraceFormatter::First(std::string_view name) {
  size_t number = 0;
  bool is_number = !name.empty();
  for (const char c : name) is_number = is_number && IsDigitByte(c);
  if (name.empty()) {
    is_automatic_ = true;
    number = next_++;
  } else if (is_number) {
    is_manual_ = true;
    size_t at = 0;
    number = static_cast<size_t>(ReadNumber(box_, name, &at));
  } else {
    const Value* found = arguments_.FindNamed(name);
    if (found == nullptr) box_.Fail("there is no argument '{}' for the format", name);
    return *found;
  }
  if (is_automatic_ && is_manual_) {
    box_.Fail("cannot switch between automatic and manual field numbering");
  }
  if (number >= arguments_.positional.size()) {
    box_.Fail("Replacement index {} out of range for positional args tuple", number);
  }
  return arguments_.positional[number];
}

Value BraceFormatter::Field(std::string_view name) {
  const size_t end = std::min(name.find_first_of(".["), name.size());
  Value value = First(name.substr(0, end));
  std::string_view rest = name.substr(end);
  while (!rest.empty()) {
    box_.Step();
    if (rest[0] == '.') {
      const size_t stop = std::min(rest.find_first_of(".[", 1), rest.size());
      value = GetAttribute(box_, value, rest.substr(1, stop - 1));
      rest.remove_prefix(stop);
      continue;
    }
    const size_t close = rest.find(']');
    if (rest[0] != '[' || close == rest.npos || close == 1) {
      box_.Fail("a field of the format string is malformed");
    }
    const std::string_view key = rest.substr(1, close - 1);
    bool is_number = true;
    for (const char c : key) is_number = is_number && IsDigitByte(c);
    size_t at = 0;
    value = GetItem(box_, value,
                    is_number ? Value(static_cast<int64_t>(ReadNumber(box_, key, &at)))
                              : box_.String(std::string(key)));
    rest.remove_prefix(close + 1);
  }
  return value;
}

}  // namespace

std::string FormatPercent(Sandbox& box, const std::string& format, const Value& arguments) {
  return PercentFormatter(box, format, arguments).Run();
}

std::string FormatBraces(Sandbox& box, const std::string& format, const Arguments& arguments) {
  return BraceFormatter(box, arguments).Run(format, 1);
}

std::string FormatMap(Sandbox& box, const std::string& format, const Value& mapping) {
  if (!mapping.is_dict()) box.Fail("format_map() needs a mapping");
  Arguments arguments;
  for (const auto& [key, value] : mapping.dict().items) {
    if (key.is_string()) arguments.named.emplace_back(key.text(), value);
  }
  return FormatBraces(box, format, arguments);
}

}  // namespace cambium::jinja
