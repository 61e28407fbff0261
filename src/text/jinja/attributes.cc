// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/attributes.h"

#include <algorithm>
#include <cmath>

#include "text/jinja/loop.h"
#include "text/jinja/macro.h"
#include "text/jinja/operators.h"
#include "text/jinja/parameters.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/to_text.h"
#include "text/jinja/unicode.h"

namespace cambium::jinja {
namespace {

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsMutator(const Value& object, std::string_view name) {
  if (object.is_dict()) return IsOneOf(name, {"clear", "pop", "popitem", "setdefault", "update"});
  return object.type() == Type::kList &&
         IsOneOf(name, {"append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"});
}

// Methods of Python that are not here; templates that need them are told so.
bool IsUnsupportedMethod(const Value& object, std::string_view name) {
  if (object.is_dict()) return name == "fromkeys";
  return object.is_string() && IsOneOf(name, {"encode", "casefold", "maketrans", "translate",
                                              "isidentifier", "striptags", "unescape", "escape"});
}

// "dict object", as Jinja's messages name what has no such attribute.
std::string Describe(const Value& object) {
  return object.is_none() ? "None" : TypeName(object) + " object";
}

Value NoAttribute(Sandbox& box, const Value& object, std::string_view name) {
  return box.Undefined(fmt::format("'{}' has no attribute '{}'", Describe(object), name));
}

std::optional<Value> MacroAttribute(Sandbox& box, const MacroObject& macro, std::string_view name) {
  const MacroDefinition& definition = macro.definition();
  if (name == "name") {
    return definition.name.empty() ? Value() : box.String(definition.name);
  }
  if (name == "caller") return Value(definition.uses_caller);
  if (name == "catch_kwargs") return Value(definition.uses_kwargs);
  if (name == "catch_varargs") return Value(definition.uses_varargs);
  if (name != "arguments") return std::nullopt;
  std::vector<Value> names;
  for (const Parameter& p : definition.parameters) names.push_back(box.String(p.name));
  return box.Tuple(std::move(names));
}

// What Python's getattr finds, or nothing.
std::optional<Value> FindAttribute(Sandbox& box, const Value& object, std::string_view name) {
  if (name.starts_with('_')) return std::nullopt;
  if (HasMethod(object, name)) return Value(box.New<MethodObject>(object, std::string(name)));
  if (IsMutator(object, name)) {
    return box.Undefined(
        fmt::format("access to attribute '{}' of '{}' object is unsafe.", name, TypeName(object)));
  }
  if (IsUnsupportedMethod(object, name)) {
    box.Fail("the method {} of {} is not supported", name, TypeName(object));
  }
  if (object.type() == Type::kTuple && object.list().is_group) {
    if (name == "grouper") return object.items()[0];
    if (name == "list") return object.items()[1];
  }
  if (const auto* space = object.object_as<NamespaceObject>()) {
    const Value* found = space->Find(name);
    return found == nullptr ? std::nullopt : std::optional<Value>(*found);
  }
  if (auto* loop = object.object_as<LoopObject>()) return loop->Attribute(box, name);
  if (const auto* macro = object.object_as<MacroObject>()) return MacroAttribute(box, *macro, name);
  if (const auto* cycler = object.object_as<CyclerObject>()) {
    if (name == "current") return cycler->items[cycler->position];
  }
  return std::nullopt;
}

// object[key] of Python, or nothing where it raises.
std::optional<Value> FindItem(Sandbox& box, const Value& object, const Value& key) {
  if (object.is_dict()) {
    if (!IsHashable(key)) return std::nullopt;
    const Value* found = Lookup(box, object.dict(), key);
    return found == nullptr ? std::nullopt : std::optional<Value>(*found);
  }
  if (!key.is_integer()) return std::nullopt;
  const auto* range = object.object_as<RangeObject>();
  if (!object.is_list_or_tuple() && !object.is_string() && range == nullptr) return std::nullopt;
  const int64_t index = NormalIndex(key.integer(), *Length(object));
  if (index < 0) return std::nullopt;
  if (range != nullptr) return Value(range->at(index));
  if (!object.is_string()) return object.items()[static_cast<size_t>(index)];
  const StringData& string = object.string();
  if (!string.is_ascii()) box.StepBytes(string.text.size());
  const size_t offset = ByteOffset(string, static_cast<size_t>(index));
  return box.StringLike(object, string.text.substr(offset, CharBytes(string.text, offset)));
}

std::optional<int64_t> SlicePart(Sandbox& box, const Value& part) {
  if (part.is_none()) return std::nullopt;
  if (!part.is_integer()) box.Fail("slice indices must be integers or None");
  return part.integer();
}

// The positions that a slice takes: first, first + step, ... `count` of them.
struct SliceRange {
  int64_t first = 0, stop = 0, step = 1, count = 0;
};

// As PySlice_AdjustIndices describes it: docs.python.org/3/library/stdtypes.html, note 5.
SliceRange ResolveSlice(Sandbox& box, int64_t length, const Value& start, const Value& stop,
                        const Value& step_value) {
  const int64_t step = SlicePart(box, step_value).value_or(1);
  if (step == 0) box.Fail("slice step cannot be zero");
  const int64_t lower = step > 0 ? 0 : -1, upper = step > 0 ? length : length - 1;
  const auto place = [&](std::optional<int64_t> index, int64_t otherwise) {
    if (!index) return otherwise;
    const int64_t i = *index < 0 ? *index + length : *index;
    return std::clamp(i, lower, upper);
  };
  const int64_t first = place(SlicePart(box, start), step > 0 ? lower : upper);
  const int64_t last = place(SlicePart(box, stop), step > 0 ? upper : lower);
  const int64_t distance = step > 0 ? last - first : first - last;
  if (distance <= 0) return {.first = first, .stop = last, .step = step, .count = 0};
  // |step| may not be representable for the smallest integer.
  const uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
  return {.first = first,
          .stop = last,
          .step = step,
          .count = static_cast<int64_t>((static_cast<uint64_t>(distance) - 1) / stride) + 1};
}

Value SliceString(Sandbox& box, const Value& object, const SliceRange& range) {
  const StringData& string = object.string();
  box.StepBytes(string.text.size());
  if (range.step == 1 || range.count <= 1) {
    const size_t begin = ByteOffset(string, static_cast<size_t>(range.first));
    const size_t end = ByteOffset(string, static_cast<size_t>(range.first + range.count));
    return box.StringLike(object, string.text.substr(begin, end - begin));
  }
  std::vector<size_t> offsets;
  box.CheckRoom(string.num_chars * sizeof(size_t));
  box.Step(static_cast<int64_t>(string.num_chars));
  for (size_t offset = 0; offset < string.text.size(); offset += CharBytes(string.text, offset)) {
    offsets.push_back(offset);
  }
  std::string text;
  for (int64_t i = 0; i < range.count; ++i) {
    const size_t offset = offsets[static_cast<size_t>(range.first + i * range.step)];
    text.append(string.text, offset, CharBytes(string.text, offset));
  }
  return box.StringLike(object, std::move(text));
}

Value FindInSequence(Sandbox& box, const Value& object, const Arguments& arguments, bool count) {
  const Parameters p(box, count ? "count" : "index", arguments, {"value", "start", "stop"}, 1);
  const std::vector<Value>& items = object.items();
  const auto length = static_cast<int64_t>(items.size());
  const auto place = [&](int64_t i) {
    return std::clamp(i < 0 ? i + length : i, int64_t{0}, length);
  };
  int64_t matches = 0;
  const int64_t stop = place(p.Int(2, length));
  for (int64_t i = place(p.Int(1, 0)); i < stop; ++i) {
    const Value& item = items[static_cast<size_t>(i)];
    if (!item.is_same(*p[0]) && !Equals(box, item, *p[0])) continue;
    if (!count) return Value(i);
    ++matches;
  }
  if (!count) box.Fail("{} is not in {}", Repr(box, *p[0]), TypeName(object));
  return Value(matches);
}

Value CallDictMethod(Sandbox& box, const Value& object, std::string_view name,
                     const Arguments& arguments) {
  if (name == "get") {
    if (!arguments.named.empty()) box.Fail("dict.get() takes no keyword arguments");
    const Parameters p(box, "get", arguments, {"key", "default"}, 1);
    const Value* found = Lookup(box, object.dict(), *p[0]);
    return found == nullptr ? p.Or(1, Value()) : *found;
  }
  const Parameters p(box, name, arguments, {});
  if (name == "copy") return object;
  using Kind = DictViewObject::Kind;
  const Kind kind =
      name == "keys" ? Kind::kKeys : (name == "values" ? Kind::kValues : Kind::kItems);
  return Value(box.New<DictViewObject>(object, kind));
}

}  // namespace

bool HasMethod(const Value& object, std::string_view name) {
  switch (object.type()) {
    case Type::kString:
      return HasStringMethod(name);
    case Type::kDict:
      return IsOneOf(name, {"get", "items", "keys", "values", "copy"});
    case Type::kList:
      return IsOneOf(name, {"copy", "count", "index"});
    case Type::kTuple:
      return IsOneOf(name, {"count", "index"});
    case Type::kFloat:
      return name == "is_integer";
    default:
      break;
  }
  if (object.object_as<LoopObject>() != nullptr) return LoopObject::HasMethod(name);
  return object.object_as<CyclerObject>() != nullptr && IsOneOf(name, {"next", "reset"});
}

Value CallMethod(Sandbox& box, const Value& object, std::string_view name,
                 const Arguments& arguments) {
  if (object.is_string()) return CallStringMethod(box, object, name, arguments);
  if (object.is_dict()) return CallDictMethod(box, object, name, arguments);
  if (object.is_list_or_tuple()) {
    if (name != "copy") return FindInSequence(box, object, arguments, name == "count");
    const Parameters p(box, name, arguments, {});
    return object;
  }
  if (auto* loop = object.object_as<LoopObject>()) return loop->CallMethod(box, name, arguments);
  const Parameters p(box, name, arguments, {});
  if (object.type() == Type::kFloat) {
    const double d = object.number();
    return Value(std::isfinite(d) && std::trunc(d) == d);
  }
  auto* cycler = object.object_as<CyclerObject>();
  const Value current = cycler->items[cycler->position];
  cycler->position = name == "reset" ? 0 : (cycler->position + 1) % cycler->items.size();
  return name == "reset" ? Value() : current;
}

Value GetAttribute(Sandbox& box, const Value& object, std::string_view name) {
  if (object.is_undefined()) {
    // Every object of Python has these; the sandbox makes them undefined.
    if (!IsOneOf(name, {"__class__", "__init__", "__doc__", "__module__", "__dict__"})) {
      box.FailUndefined(object);
    }
    return NoAttribute(box, object, name);
  }
  if (std::optional<Value> found = FindAttribute(box, object, name)) return *std::move(found);
  if (object.is_dict()) {
    box.StepBytes(name.size());
    if (const Value* found = object.dict().Find(name)) return *found;
  }
  return NoAttribute(box, object, name);
}

Value GetItem(Sandbox& box, const Value& object, const Value& key) {
  if (object.is_undefined()) box.FailUndefined(object);
  if (std::optional<Value> found = FindItem(box, object, key)) return *std::move(found);
  if (key.is_string()) {
    if (std::optional<Value> found = FindAttribute(box, object, key.text())) {
      return *std::move(found);
    }
    return NoAttribute(box, object, key.text());
  }
  return box.Undefined(fmt::format("{} has no element {}", Describe(object), Repr(box, key)));
}

Value GetSlice(Sandbox& box, const Value& object, const Value& start, const Value& stop,
               const Value& step) {
  if (object.is_undefined()) box.FailUndefined(object);
  const auto* range = object.object_as<RangeObject>();
  if (!object.is_string() && !object.is_list_or_tuple() && range == nullptr) {
    box.Fail("'{}' object cannot be sliced", TypeName(object));
  }
  const SliceRange slice = ResolveSlice(box, *Length(object), start, stop, step);
  if (object.is_string()) return SliceString(box, object, slice);
  if (range != nullptr) {
    // Only a step that no second item needs can wrap around.
    const auto place = [&](int64_t i) {
      return static_cast<int64_t>(static_cast<uint64_t>(range->first) +
                                  static_cast<uint64_t>(i) * static_cast<uint64_t>(range->step));
    };
    const auto step_product = static_cast<int64_t>(static_cast<uint64_t>(range->step) *
                                                   static_cast<uint64_t>(slice.step));
    return Value(
        box.New<RangeObject>(place(slice.first), place(slice.stop), step_product, slice.count));
  }
  box.CheckRoom(static_cast<size_t>(slice.count) * sizeof(Value));
  box.Step(slice.count / 8);
  std::vector<Value> items;
  items.reserve(static_cast<size_t>(slice.count));
  for (int64_t i = 0; i < slice.count; ++i) {
    items.push_back(object.items()[static_cast<size_t>(slice.first + i * slice.step)]);
  }
  return object.type() == Type::kTuple ? box.Tuple(std::move(items)) : box.List(std::move(items));
}

}  // namespace cambium::jinja
