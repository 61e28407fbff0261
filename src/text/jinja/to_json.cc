// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/to_json.h"

#include <algorithm>
#include <cmath>

#include "text/jinja/operators.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/to_text.h"
#include "text/jinja/unicode.h"

namespace cambium::jinja {
namespace {

constexpr size_t kFlushBytes = 4096;  // what is not yet charged stays small

class JsonWriter {
 public:
  JsonWriter(Sandbox& box, const JsonStyle& style) : box_(box), style_(style) {}

  void Write(const Value& value, size_t depth);
  std::string Take() { return std::move(out_); }

 private:
  void WriteString(const std::string& text);
  void WriteDict(const DictData& dict, size_t depth);
  void WriteKey(const Value& key);
  void NewLine(size_t depth) {
    if (!style_.has_indent) return;
    box_.Append(out_, "\n");
    box_.AppendRepeated(out_, style_.indent, depth);
  }
  std::string Float(double value) const {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    return FloatRepr(value);
  }

  Sandbox& box_;
  const JsonStyle& style_;
  std::string out_;
};

void JsonWriter::WriteString(const std::string& text) {
  std::string quoted = "\"";
  const auto unit = [&](char32_t u) {
    quoted += fmt::format("\\u{:04x}", static_cast<uint32_t>(u));
  };
  for (size_t offset = 0; offset < text.size();) {
    const size_t begin = offset;
    const char32_t c = DecodeChar(text, &offset);
    constexpr std::string_view kEscaped = "\"\\\n\r\t\f\b", kLetters = "\"\\nrtfb";
    const size_t escape = c < 0x80 ? kEscaped.find(static_cast<char>(c)) : kEscaped.npos;
    if (escape != kEscaped.npos) {
      quoted += '\\';
      quoted += kLetters[escape];
    } else if (c < 0x20 || (style_.ensure_ascii && c >= 0x7F && c < 0x10000)) {
      unit(c);
    } else if (style_.ensure_ascii && c >= 0x10000) {
      unit(0xD800 + ((c - 0x10000) >> 10));
      unit(0xDC00 + ((c - 0x10000) & 0x3FF));
    } else {
      quoted.append(text, begin, offset - begin);
    }
    if (quoted.size() >= kFlushBytes) {
      box_.Append(out_, quoted);
      quoted.clear();
    }
  }
  quoted += '"';
  box_.Append(out_, quoted);
}

void JsonWriter::WriteKey(const Value& key) {
  switch (key.type()) {
    case Type::kString:
      return WriteString(key.text());
    case Type::kFloat:
      return WriteString(Float(key.number()));
    case Type::kBool:
      return WriteString(key.boolean() ? "true" : "false");
    case Type::kNone:
      return WriteString("null");
    case Type::kInt:
      return WriteString(fmt::format("{}", key.integer()));
    default:
      box_.Fail("keys must be str, int, float, bool or None, not {}", TypeName(key));
  }
}

void JsonWriter::WriteDict(const DictData& dict, size_t depth) {
  if (dict.items.empty()) return box_.Append(out_, "{}");
  std::vector<const std::pair<Value, Value>*> items;
  items.reserve(dict.items.size());
  for (const auto& item : dict.items) items.push_back(&item);
  if (style_.sort_keys) {
    std::stable_sort(items.begin(), items.end(),
                     [&](const auto* a, const auto* b) { return Less(box_, a->first, b->first); });
  }
  box_.Append(out_, "{");
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) box_.Append(out_, style_.item_separator);
    NewLine(depth + 1);
    WriteKey(items[i]->first);
    box_.Append(out_, style_.key_separator);
    Write(items[i]->second, depth + 1);
  }
  NewLine(depth);
  box_.Append(out_, "}");
}

void JsonWriter::Write(const Value& value, size_t depth) {
  const Sandbox::Level level(box_);
  box_.Step();
  switch (value.type()) {
    case Type::kNone:
      return box_.Append(out_, "null");
    case Type::kBool:
      return box_.Append(out_, value.boolean() ? "true" : "false");
    case Type::kInt:
      return box_.Append(out_, fmt::format("{}", value.integer()));
    case Type::kFloat:
      return box_.Append(out_, Float(value.number()));
    case Type::kString:
      return WriteString(value.text());
    case Type::kDict:
      return WriteDict(value.dict(), depth);
    case Type::kList:
    case Type::kTuple:
      break;
    default:
      box_.Fail("Object of type {} is not JSON serializable", TypeName(value));
  }
  if (value.items().empty()) return box_.Append(out_, "[]");
  box_.Append(out_, "[");
  for (size_t i = 0; i < value.items().size(); ++i) {
    if (i > 0) box_.Append(out_, style_.item_separator);
    NewLine(depth + 1);
    Write(value.items()[i], depth + 1);
  }
  NewLine(depth);
  box_.Append(out_, "]");
}

}  // namespace

std::string ToJson(Sandbox& box, const Value& value, const JsonStyle& style) {
  JsonWriter writer(box, style);
  writer.Write(value, 0);
  return writer.Take();
}

}  // namespace cambium::jinja
