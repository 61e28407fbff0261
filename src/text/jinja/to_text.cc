// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/to_text.h"

#include <charconv>
#include <cmath>

#include "text/jinja/loop.h"
#include "text/jinja/macro.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/unicode.h"

namespace cambium::jinja {
namespace {

constexpr size_t kFlushBytes = 4096;  // what is not yet charged stays small

void AppendStringRepr(Sandbox& box, std::string& out, const std::string& text) {
  const bool use_double =
      text.find('\'') != std::string::npos && text.find('"') == std::string::npos;
  const char quote = use_double ? '"' : '\'';
  std::string quoted(1, quote);
  for (size_t offset = 0; offset < text.size();) {
    const size_t begin = offset;
    const char32_t c = DecodeChar(text, &offset);
    if (c == static_cast<char32_t>(quote) || c == '\\') {
      quoted += '\\';
      quoted += static_cast<char>(c);
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\r') {
      quoted += "\\r";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (IsPrintable(c)) {
      quoted.append(text, begin, offset - begin);
    } else if (c < 0x100) {
      quoted += fmt::format("\\x{:02x}", static_cast<uint32_t>(c));
    } else if (c < 0x10000) {
      quoted += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    } else {
      quoted += fmt::format("\\U{:08x}", static_cast<uint32_t>(c));
    }
    if (quoted.size() >= kFlushBytes) {
      box.Append(out, quoted);
      quoted.clear();
    }
  }
  quoted += quote;
  box.Append(out, quoted);
}

void AppendItems(Sandbox& box, std::string& out, const std::vector<Value>& items) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) box.Append(out, ", ");
    AppendRepr(box, out, items[i]);
  }
}

void AppendPairs(Sandbox& box, std::string& out,
                 const std::vector<std::pair<Value, Value>>& pairs) {
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (i > 0) box.Append(out, ", ");
    AppendRepr(box, out, pairs[i].first);
    box.Append(out, ": ");
    AppendRepr(box, out, pairs[i].second);
  }
}

void AppendObject(Sandbox& box, std::string& out, Object* object) {
  if (const auto* space = dynamic_cast<NamespaceObject*>(object)) {
    box.Append(out, "<Namespace {");
    AppendPairs(box, out, space->attributes);
    return box.Append(out, "}>");
  }
  if (const auto* range = dynamic_cast<RangeObject*>(object)) {
    box.Append(out, fmt::format("range({}, {}", range->first, range->stop));
    if (range->step != 1) box.Append(out, fmt::format(", {}", range->step));
    return box.Append(out, ")");
  }
  if (auto* view = dynamic_cast<DictViewObject*>(object)) {
    box.Append(out, fmt::format("{}([", view->type_name()));
    AppendItems(box, out, ToVector(box, Value(view)));
    return box.Append(out, "])");
  }
  if (auto* loop = dynamic_cast<LoopObject*>(object)) {
    const int64_t index = loop->index0() + 1;
    return box.Append(out, fmt::format("<LoopContext {}/{}>", index, loop->LengthOf(box)));
  }
  if (const auto* macro = dynamic_cast<MacroObject*>(object)) {
    if (macro->name().empty()) return box.Append(out, "<Macro anonymous>");
    box.Append(out, "<Macro ");
    AppendStringRepr(box, out, macro->name());
    return box.Append(out, ">");
  }
  // Python would print an address.
  box.Append(out, fmt::format("<{} object>", object->type_name()));
}

}  // namespace

std::string FloatRepr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[32];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  const size_t e = text.find('e');
  const int exponent = std::stoi(std::string(text.substr(e + 1)));
  std::string out(value < 0 || std::signbit(value) ? "-" : "");
  std::string digits;
  for (const char c : text.substr(0, e)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (digits.size() > 1) out += "." + digits.substr(1);
    return out + fmt::format("e{}{:02}", exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  if (exponent < 0)
    return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0') + ".0";
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

void AppendStr(Sandbox& box, std::string& out, const Value& value) {
  if (value.is_string()) return box.Append(out, value.text());
  if (value.is_undefined()) return;
  AppendRepr(box, out, value);
}

void AppendRepr(Sandbox& box, std::string& out, const Value& value) {
  const Sandbox::Level level(box);
  box.Step();
  switch (value.type()) {
    case Type::kUndefined:
      return box.Append(out, "Undefined");
    case Type::kNone:
      return box.Append(out, "None");
    case Type::kBool:
      return box.Append(out, value.boolean() ? "True" : "False");
    case Type::kInt:
      return box.Append(out, fmt::format("{}", value.integer()));
    case Type::kFloat:
      return box.Append(out, FloatRepr(value.number()));
    case Type::kString:
      if (value.is_markup()) box.Append(out, "Markup(");
      AppendStringRepr(box, out, value.text());
      if (value.is_markup()) box.Append(out, ")");
      return;
    case Type::kList:
      box.Append(out, "[");
      AppendItems(box, out, value.items());
      return box.Append(out, "]");
    case Type::kTuple:
      box.Append(out, "(");
      AppendItems(box, out, value.items());
      return box.Append(out, value.items().size() == 1 ? ",)" : ")");
    case Type::kDict:
      box.Append(out, "{");
      AppendPairs(box, out, value.dict().items);
      return box.Append(out, "}");
    case Type::kObject:
      return AppendObject(box, out, value.object());
  }
}

std::string Str(Sandbox& box, const Value& value) {
  std::string out;
  AppendStr(box, out, value);
  return out;
}

std::string Repr(Sandbox& box, const Value& value) {
  std::string out;
  AppendRepr(box, out, value);
  return out;
}

Value ToStringValue(Sandbox& box, const Value& value) {
  return value.is_string() ? value : box.String(Str(box, value));
}

std::string EscapeHtml(Sandbox& box, std::string_view text) {
  std::string out;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view entity = text[i] == '&'    ? "&amp;"
                                    : text[i] == '<'  ? "&lt;"
                                    : text[i] == '>'  ? "&gt;"
                                    : text[i] == '\'' ? "&#39;"
                                    : text[i] == '"'  ? "&#34;"
                                                      : "";
    if (entity.empty()) continue;
    box.Append(out, text.substr(begin, i - begin));
    box.Append(out, entity);
    begin = i + 1;
  }
  box.Append(out, text.substr(begin));
  return out;
}

}  // namespace cambium::jinja
