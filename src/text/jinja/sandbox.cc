// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/sandbox.h"

#include <algorithm>

#include "text/jinja/unicode.h"

namespace cambium::jinja {
namespace {

constexpr size_t kStringOverheadBytes = 96;
constexpr size_t kListOverheadBytes = 96;
constexpr size_t kDictItemBytes = 80;
constexpr size_t kIndexedItemBytes = 96;  // a node of the index
constexpr size_t kMinIndexedItems = 9;

}  // namespace

void Sandbox::FailWith(ErrorCode code, const std::string& message) const {
  throw Error(code, fmt::format("chat template, line {}: {}", line_, message));
}

void Sandbox::FailLimit(std::string_view what) const {
  FailWith(ErrorCode::kResourceExhausted,
           fmt::format("rendering takes more {} than a template may", what));
}

void Sandbox::FailUndefined(const Value& undefined) const {
  FailWith(ErrorCode::kInvalidArgument, undefined.undefined().message);
}

void Sandbox::Append(std::string& text, std::string_view more) {
  StepBytes(more.size());
  if (text.size() + more.size() > text.capacity()) CheckRoom(2 * text.size() + more.size());
  text.append(more);
}

void Sandbox::AppendRepeated(std::string& text, std::string_view piece, size_t count) {
  if (piece.empty() || count == 0) return;
  if (count > limits_.max_memory_bytes / piece.size()) FailLimit("memory");
  CheckRoom(2 * text.size() + count * piece.size());
  StepBytes(count * piece.size());
  text.reserve(text.size() + count * piece.size());
  for (size_t i = 0; i < count; ++i) text.append(piece);
}

MemoryAccount* Sandbox::Charged(size_t num_bytes) {
  CheckRoom(num_bytes);
  account_.Take(num_bytes);
  return &account_;
}

Value Sandbox::MakeString(std::string text, bool is_markup) {
  StepBytes(text.size());
  const size_t num_bytes = text.size() + kStringOverheadBytes;
  const size_t num_chars = CountChars(text);
  return Value(
      std::shared_ptr<const StringData>(new StringData{.text = std::move(text),
                                                       .num_chars = num_chars,
                                                       .is_markup = is_markup,
                                                       .charge = {Charged(num_bytes), num_bytes}}));
}

Value Sandbox::String(std::string text) { return MakeString(std::move(text), false); }
Value Sandbox::Markup(std::string text) { return MakeString(std::move(text), true); }
Value Sandbox::StringLike(const Value& like, std::string text) {
  return MakeString(std::move(text), like.is_markup());
}

Value Sandbox::MakeList(std::vector<Value> items, bool is_tuple, bool is_group) {
  int depth = 0;
  for (const Value& item : items) depth = std::max(depth, item.depth());
  if (++depth > limits_.max_value_depth) FailLimit("levels of lists");
  Step(1 + static_cast<int64_t>(items.size()) / 8);
  const size_t num_bytes = items.capacity() * sizeof(Value) + kListOverheadBytes;
  return Value(
      std::shared_ptr<const ListData>(new ListData{.items = std::move(items),
                                                   .is_tuple = is_tuple,
                                                   .is_group = is_group,
                                                   .depth = depth,
                                                   .charge = {Charged(num_bytes), num_bytes}}));
}

Value Sandbox::List(std::vector<Value> items) { return MakeList(std::move(items), false, false); }
Value Sandbox::Tuple(std::vector<Value> items) { return MakeList(std::move(items), true, false); }
Value Sandbox::Group(Value key, Value values) {
  return MakeList({std::move(key), std::move(values)}, true, true);
}

Value Sandbox::Dict(std::vector<std::pair<Value, Value>> items) {
  Step(1 + static_cast<int64_t>(items.size()));
  const bool is_indexed = items.size() >= kMinIndexedItems;
  const size_t num_bytes =
      kListOverheadBytes + items.size() * (kDictItemBytes + (is_indexed ? kIndexedItemBytes : 0));
  std::shared_ptr<DictData> dict(new DictData{.charge = {Charged(num_bytes), num_bytes}});
  int depth = 0;
  for (std::pair<Value, Value>& item : items) {
    const Value& key = item.first;
    depth = std::max({depth, key.depth(), item.second.depth()});
    if (is_indexed) {
      const auto [place, is_new] = dict->index.emplace(key, dict->items.size());
      if (!is_new) {
        dict->items[place->second].second = std::move(item.second);
        continue;
      }
    } else if (const Value* old = dict->Find(key)) {
      *const_cast<Value*>(old) = std::move(item.second);
      continue;
    }
    dict->items.push_back(std::move(item));
  }
  dict->depth = depth + 1;
  if (dict->depth > limits_.max_value_depth) FailLimit("levels of dicts");
  return Value(std::shared_ptr<const DictData>(std::move(dict)));
}

Value Sandbox::Undefined(std::string message) const {
  return Value(std::shared_ptr<const UndefinedData>(new UndefinedData{std::move(message)}));
}

Value Sandbox::UndefinedName(std::string_view name) const {
  return Undefined(fmt::format("'{}' is undefined", name));
}

}  // namespace cambium::jinja
