// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "text/jinja/filters.h"
#include "text/jinja/operators.h"
#include "text/jinja/parameters.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/string_format.h"
#include "text/jinja/string_functions.h"
#include "text/jinja/to_json.h"
#include "text/jinja/to_text.h"
#include "text/jinja/unicode.h"

namespace cambium::jinja {
namespace {

// str(value) mapped; Markup stays Markup.
template <std::string (*kMap)(std::string_view)>
Value Mapped(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "filter", arguments, {});
  const Value text = ToStringValue(box, value);
  box.StepBytes(4 * text.text().size());
  return box.StringLike(text, kMap(text.text()));
}

// Jinja's own title case: words begin at white space and - ( { [ <.
std::string FilterTitle(std::string_view text) {
  std::string out;
  const auto is_separator = [](char32_t c) {
    return IsSpace(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
  };
  for (size_t offset = 0; offset < text.size();) {
    const size_t begin = offset;
    const char32_t c = DecodeChar(text, &offset);
    if (is_separator(c)) {
      out.append(text, begin, offset - begin);
      continue;
    }
    const size_t rest = offset;
    for (size_t next = offset; next < text.size() && !is_separator(DecodeChar(text, &next));) {
      offset = next;
    }
    AppendUpper(out, c);
    out += ToLower(text.substr(rest, offset - rest));
  }
  return out;
}

Value Trim(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "trim", arguments, {"chars"});
  const Value text = ToStringValue(box, value);
  std::optional<std::string_view> chars;
  if (p[0] != nullptr && !p[0]->is_none()) {
    if (!p[0]->is_string()) box.Fail("strip arg must be None or str");
    chars = p[0]->text();
  }
  return box.StringLike(text, std::string(Strip(box, text.text(), Side::kBoth, chars)));
}

Value ReplaceFilter(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "replace", arguments, {"old", "new", "count"}, 2);
  const bool has_count = p[2] != nullptr && !p[2]->is_none();
  return box.String(Replace(box, Str(box, value), Str(box, *p[0]), Str(box, *p[1]),
                            has_count ? p.Int(2, -1) : -1));
}

Value StringFilter(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "string", arguments, {});
  return ToStringValue(box, value);
}

Value Safe(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "safe", arguments, {});
  return box.Markup(Str(box, value));
}

Value Escape(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "escape", arguments, {});
  return value.is_markup() ? value : box.Markup(EscapeHtml(box, Str(box, value)));
}

Value ForceEscape(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "forceescape", arguments, {});
  return box.Markup(EscapeHtml(box, Str(box, value)));
}

Value Indent(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "indent", arguments, {"width", "first", "blank"});
  if (value.is_undefined()) box.FailUndefined(value);
  if (!value.is_string())
    box.Fail("unsupported operand type(s) for +=: '{}' and 'str'", TypeName(value));
  std::string indent;
  if (p[0] != nullptr && p[0]->is_string()) {
    indent = p[0]->text();
  } else {
    box.AppendRepeated(indent, " ", static_cast<size_t>(std::max<int64_t>(0, p.Int(0, 4))));
  }
  const bool blank = p.Bool(2, false);
  const Value with_end = box.StringLike(value, value.text() + "\n");
  const Value lines = SplitLines(box, with_end, false);
  std::string out;
  bool is_first = true;
  for (const Value& line : lines.items()) {
    if (!is_first) box.Append(out, "\n");
    if (is_first ? p.Bool(1, false) : (blank || !line.text().empty())) box.Append(out, indent);
    box.Append(out, line.text());
    is_first = false;
  }
  return box.StringLike(value, std::move(out));
}

Value Center(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "center", arguments, {"width"});
  const Value text = ToStringValue(box, value);
  return box.StringLike(text, Pad(box, text.string(), Alignment::kCenter, p.Int(0, 80), " "));
}

Value Truncate(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "truncate", arguments, {"length", "killwords", "end", "leeway"});
  const Value end = p[2] != nullptr ? ToStringValue(box, *p[2]) : box.String("...");
  const int64_t length = p.Int(0, 255),
                leeway = p[3] != nullptr && !p[3]->is_none() ? p.Int(3, 5) : 5;
  const auto end_chars = static_cast<int64_t>(end.string().num_chars);
  if (length < end_chars) box.Fail("expected length >= {}, got {}", end_chars, length);
  if (leeway < 0) box.Fail("expected leeway >= 0, got {}", leeway);
  const std::optional<int64_t> own_length = Length(value);
  if (!own_length) box.Fail("object of type '{}' has no len()", TypeName(value));
  const int64_t num_chars = *own_length;
  if (num_chars <= length || num_chars - length <= leeway) return value;
  if (!value.is_string()) box.Fail("truncate cuts strings, not {}", TypeName(value));
  const size_t cut = ByteOffset(value.string(), static_cast<size_t>(length - end_chars));
  std::string text = value.text().substr(0, cut);
  if (!p.Bool(1, false)) text = text.substr(0, text.rfind(' '));
  return box.StringLike(value, text + end.text());
}

Value WordCount(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "wordcount", arguments, {});
  const std::string text = Str(box, value);
  box.StepBytes(4 * text.size());
  int64_t count = 0;
  bool in_word = false;
  for (size_t offset = 0; offset < text.size();) {
    const char32_t c = DecodeChar(text, &offset);
    const bool is_word = c == '_' || IsAlnum(c);
    count += is_word && !in_word ? 1 : 0;
    in_word = is_word;
  }
  return Value(count);
}

Value Format(Sandbox& box, const Value& value, const Arguments& arguments) {
  if (!arguments.named.empty() && !arguments.positional.empty()) {
    box.Fail("can't handle positional and keyword arguments at the same time");
  }
  const Value text = ToStringValue(box, value);
  if (arguments.named.empty()) {
    return box.StringLike(text, FormatPercent(box, text.text(), box.Tuple(arguments.positional)));
  }
  std::vector<std::pair<Value, Value>> items;
  for (const auto& [name, item] : arguments.named) items.emplace_back(box.String(name), item);
  return box.StringLike(text, FormatPercent(box, text.text(), box.Dict(std::move(items))));
}

Value ToJsonFilter(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "tojson", arguments,
                     {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ensure_ascii = p.Bool(0, false);
  style.sort_keys = p.Bool(3, false);
  if (p[1] != nullptr && !p[1]->is_none()) {
    style.has_indent = true;
    style.item_separator = ",";
    if (p[1]->is_string()) {
      style.indent = p[1]->text();
    } else {
      box.AppendRepeated(style.indent, " ", static_cast<size_t>(std::max<int64_t>(0, p.Int(1, 0))));
    }
  }
  if (p[2] != nullptr && !p[2]->is_none()) {
    const std::vector<Value> both = ToVector(box, *p[2]);
    if (both.size() != 2 || !both[0].is_string() || !both[1].is_string()) {
      box.Fail("separators of tojson are two strings");
    }
    style.item_separator = both[0].text();
    style.key_separator = both[1].text();
  }
  return box.String(ToJson(box, value, style));
}

void AppendQuoted(Sandbox& box, std::string& out, std::string_view text, bool in_query) {
  constexpr std::string_view kPlain = "_.-~";
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || kPlain.find(c) != kPlain.npos ||
                          (c == '/' && !in_query);
    if (is_plain) {
      box.Append(out, std::string_view(&c, 1));
    } else if (c == ' ' && in_query) {
      box.Append(out, "+");
    } else {
      box.Append(out, fmt::format("%{:02X}", static_cast<unsigned char>(c)));
    }
  }
}

Value UrlEncode(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "urlencode", arguments, {});
  std::string out;
  if (value.is_string() || !IsIterable(value)) {
    AppendQuoted(box, out, Str(box, value), false);
    return box.String(std::move(out));
  }
  const Value pairs =
      value.is_dict() ? Value(box.New<DictViewObject>(value, DictViewObject::Kind::kItems)) : value;
  Cursor cursor(box, pairs);
  while (const std::optional<Value> pair = cursor.Next(box)) {
    const std::vector<Value> two = ToVector(box, *pair);
    if (two.size() != 2) box.Fail("urlencode needs pairs");
    if (!out.empty()) box.Append(out, "&");
    AppendQuoted(box, out, Str(box, two[0]), true);
    box.Append(out, "=");
    AppendQuoted(box, out, Str(box, two[1]), true);
  }
  return box.String(std::move(out));
}

constexpr NamedFilter kFilters[] = {
    {"trim", Trim},
    {"tojson", ToJsonFilter},
    {"string", StringFilter},
    {"safe", Safe},
    {"upper", Mapped<ToUpper>},
    {"lower", Mapped<ToLower>},
    {"title", Mapped<FilterTitle>},
    {"capitalize", Mapped<Capitalize>},
    {"replace", ReplaceFilter},
    {"indent", Indent},
    {"escape", Escape},
    {"e", Escape},
    {"forceescape", ForceEscape},
    {"center", Center},
    {"truncate", Truncate},
    {"wordcount", WordCount},
    {"format", Format},
    {"urlencode", UrlEncode},
};

}  // namespace

Filter FindTextFilter(std::string_view name) { return FindIn(kFilters, name); }

}  // namespace cambium::jinja
