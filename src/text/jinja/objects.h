// SPDX-License-Identifier: Apache-2.0
// Values with identity or state, all owned by the Sandbox: functions, methods, namespaces, ranges,
// views of dicts, and iterators, which as in Python are evaluated when they are asked for the next
// item and are empty afterwards.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/value.h"

namespace cambium::jinja {

class Sandbox;

// The arguments of a call.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;

  const Value* FindNamed(std::string_view name) const;
};

using NativeFunction = std::function<Value(Sandbox&, const Arguments&)>;

class FunctionObject : public Object {
 public:
  FunctionObject(std::string name, NativeFunction function)
      : name_(std::move(name)), function_(std::move(function)) {}
  const char* type_name() const override { return "function"; }
  const std::string& name() const { return name_; }
  Value Call(Sandbox& box, const Arguments& arguments) const { return function_(box, arguments); }

 private:
  std::string name_;
  NativeFunction function_;
};

// A method that was looked up but not called yet: `{% set f = text.strip %}`.
struct MethodObject : Object {
  MethodObject(Value r, std::string n) : receiver(std::move(r)), name(std::move(n)) {}
  const char* type_name() const override { return "builtin_function_or_method"; }
  const Value receiver;
  const std::string name;
};

struct NamespaceObject : Object {
  const char* type_name() const override { return "TemplateNamespace"; }
  // In the order of first assignment; index finds the place.
  std::vector<std::pair<Value, Value>> attributes;
  std::map<std::string, size_t, std::less<>> index;

  const Value* Find(std::string_view name) const;
  void Set(Sandbox& box, std::string_view name, Value value);
};

struct RangeObject : Object {
  RangeObject(int64_t f, int64_t e, int64_t s, int64_t n) : first(f), stop(e), step(s), count(n) {}
  const char* type_name() const override { return "range"; }
  int64_t at(int64_t i) const { return first + i * step; }
  const int64_t first, stop, step, count;
};

struct DictViewObject : Object {
  enum class Kind { kKeys, kValues, kItems };
  DictViewObject(Value d, Kind k) : dict(std::move(d)), kind(k) {}
  const char* type_name() const override;
  const Value dict;
  const Kind kind;
};

// What generator functions and reversed() return.
class IteratorObject : public Object {
 public:
  // Returns nothing at the end, and is not asked again.
  using Next = std::function<std::optional<Value>(Sandbox&)>;
  IteratorObject(const char* type_name, Next next)
      : type_name_(type_name), next_(std::move(next)) {}
  const char* type_name() const override { return type_name_; }
  std::optional<Value> Advance(Sandbox& box);

 private:
  const char* type_name_;
  Next next_;
};

// cycler(...) and joiner(...)
struct CyclerObject : Object {
  explicit CyclerObject(std::vector<Value> i) : items(std::move(i)) {}
  const char* type_name() const override { return "Cycler"; }
  const std::vector<Value> items;
  size_t position = 0;
};

struct JoinerObject : Object {
  explicit JoinerObject(Value s) : separator(std::move(s)) {}
  const char* type_name() const override { return "Joiner"; }
  const Value separator;
  bool is_used = false;
};

// Walks through anything that can be iterated over.
class Cursor {
 public:
  // Throws Python's TypeError for what cannot be iterated over.
  Cursor(Sandbox& box, Value iterable);
  std::optional<Value> Next(Sandbox& box);

 private:
  Value source_;
  size_t position_ = 0;  // of items, or of bytes in a string
};

bool IsIterable(const Value& value);

// len(value), or nothing for what has none.
std::optional<int64_t> Length(const Value& value);

// list(value)
std::vector<Value> ToVector(Sandbox& box, const Value& iterable);

}  // namespace cambium::jinja
