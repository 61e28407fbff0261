// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/objects.h"

#include "text/jinja/loop.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/unicode.h"

namespace cambium::jinja {

const Value* Arguments::FindNamed(std::string_view name) const {
  for (const auto& [key, value] : named) {
    if (key == name) return &value;
  }
  return nullptr;
}

const Value* NamespaceObject::Find(std::string_view name) const {
  const auto found = index.find(name);
  return found == index.end() ? nullptr : &attributes[found->second].second;
}

void NamespaceObject::Set(Sandbox& box, std::string_view name, Value value) {
  const auto found = index.find(name);
  if (found != index.end()) {
    attributes[found->second].second = std::move(value);
    return;
  }
  constexpr size_t kAttributeBytes = 256;
  box.CheckRoom(kAttributeBytes);
  box.account().Take(kAttributeBytes);
  index.emplace(name, attributes.size());
  attributes.emplace_back(box.String(std::string(name)), std::move(value));
}

const char* DictViewObject::type_name() const {
  switch (kind) {
    case Kind::kKeys:
      return "dict_keys";
    case Kind::kValues:
      return "dict_values";
    default:
      return "dict_items";
  }
}

std::optional<Value> IteratorObject::Advance(Sandbox& box) {
  if (!next_) return std::nullopt;
  // Iterators over iterators nest as deep as the template chains them.
  const Sandbox::Level level(box);
  box.Step();
  std::optional<Value> item = next_(box);
  if (!item) next_ = nullptr;
  return item;
}

bool IsIterable(const Value& value) {
  switch (value.type()) {
    case Type::kUndefined:
    case Type::kString:
    case Type::kList:
    case Type::kTuple:
    case Type::kDict:
      return true;
    case Type::kObject:
      return value.object_as<RangeObject>() != nullptr ||
             value.object_as<DictViewObject>() != nullptr ||
             value.object_as<IteratorObject>() != nullptr ||
             value.object_as<LoopObject>() != nullptr;
    default:
      return false;
  }
}

Cursor::Cursor(Sandbox& box, Value iterable) : source_(std::move(iterable)) {
  if (!IsIterable(source_)) box.Fail("'{}' object is not iterable", TypeName(source_));
}

std::optional<Value> Cursor::Next(Sandbox& box) {
  box.Step();
  switch (source_.type()) {
    case Type::kUndefined:
      return std::nullopt;
    case Type::kString: {
      const StringData& string = source_.string();
      if (position_ >= string.text.size()) return std::nullopt;
      const size_t num_bytes = CharBytes(string.text, position_);
      position_ += num_bytes;
      return box.String(string.text.substr(position_ - num_bytes, num_bytes));
    }
    case Type::kList:
    case Type::kTuple:
      if (position_ >= source_.items().size()) return std::nullopt;
      return source_.items()[position_++];
    case Type::kDict:
      if (position_ >= source_.dict().items.size()) return std::nullopt;
      return source_.dict().items[position_++].first;
    default:
      break;
  }
  if (auto* range = source_.object_as<RangeObject>()) {
    if (position_ >= static_cast<size_t>(range->count)) return std::nullopt;
    return Value(range->at(static_cast<int64_t>(position_++)));
  }
  if (auto* view = source_.object_as<DictViewObject>()) {
    const auto& items = view->dict.dict().items;
    if (position_ >= items.size()) return std::nullopt;
    const auto& [key, value] = items[position_++];
    if (view->kind == DictViewObject::Kind::kKeys) return key;
    if (view->kind == DictViewObject::Kind::kValues) return value;
    return box.Tuple({key, value});
  }
  if (auto* loop = source_.object_as<LoopObject>()) return loop->NextOfIteration(box);
  return source_.object_as<IteratorObject>()->Advance(box);
}

std::optional<int64_t> Length(const Value& value) {
  switch (value.type()) {
    case Type::kUndefined:
      return 0;
    case Type::kString:
      return static_cast<int64_t>(value.string().num_chars);
    case Type::kList:
    case Type::kTuple:
      return static_cast<int64_t>(value.items().size());
    case Type::kDict:
      return static_cast<int64_t>(value.dict().items.size());
    default:
      break;
  }
  if (auto* range = value.object_as<RangeObject>()) return range->count;
  if (auto* view = value.object_as<DictViewObject>()) return Length(view->dict);
  return std::nullopt;
}

std::vector<Value> ToVector(Sandbox& box, const Value& iterable) {
  if (iterable.is_list_or_tuple()) {
    box.Step(static_cast<int64_t>(iterable.items().size()));
    box.CheckRoom(iterable.items().size() * sizeof(Value));
    return iterable.items();
  }
  std::vector<Value> items;
  Cursor cursor(box, iterable);
  while (std::optional<Value> item = cursor.Next(box)) box.Push(items, *std::move(item));
  return items;
}

}  // namespace cambium::jinja
