// SPDX-License-Identifier: Apache-2.0
// The values of a chat template: those of Python that templates can reach. Strings, lists, tuples
// and dicts are immutable (the sandbox of transformers forbids their mutating methods) and shared;
// everything with identity or state (namespaces, macros, iterators) is an Object that the Sandbox
// of one rendering owns, so that no cycle leaks and no long chain is freed recursively.
//
// Values are made by the Sandbox, which charges their memory and bounds their nesting; constants of
// a parsed template are charged to nobody. Reading a Value is thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cambium::jinja {

class Object;
class MemoryAccount;

// Bytes taken from an account, given back with the object that took them.
class Charge {
 public:
  Charge() = default;
  Charge(MemoryAccount* account, size_t num_bytes) : account_(account), num_bytes_(num_bytes) {}
  ~Charge();
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;

 private:
  MemoryAccount* account_ = nullptr;
  size_t num_bytes_ = 0;
};

struct UndefinedData {
  std::string message;  // of the error that using it raises
};

struct StringData {
  std::string text;      // UTF-8
  size_t num_chars = 0;  // code points, as Python counts
  bool is_markup = false;
  Charge charge;

  bool is_ascii() const { return num_chars == text.size(); }
};

struct ListData;
struct DictData;
struct None {
  bool operator==(const None&) const = default;
};

enum class Type { kUndefined, kNone, kBool, kInt, kFloat, kString, kList, kTuple, kDict, kObject };

class Value {
 public:
  Value() = default;  // None
  Value(bool b) : data_(b) {}
  Value(int64_t i) : data_(i) {}
  Value(int i) : data_(static_cast<int64_t>(i)) {}
  Value(double d) : data_(d) {}
  Value(const char*) = delete;  // would be a bool
  Value(std::shared_ptr<const UndefinedData> u) : data_(std::move(u)) {}
  Value(std::shared_ptr<const StringData> s) : data_(std::move(s)) {}
  Value(std::shared_ptr<const ListData> l) : data_(std::move(l)) {}
  Value(std::shared_ptr<const DictData> d) : data_(std::move(d)) {}
  Value(Object* o) : data_(o) {}

  // A string that is charged to no account, for constants. REQUIRES: valid UTF-8.
  static Value Constant(std::string text);

  Type type() const;
  bool is_undefined() const { return type() == Type::kUndefined; }
  bool is_none() const { return type() == Type::kNone; }
  bool is_bool() const { return type() == Type::kBool; }
  bool is_string() const { return type() == Type::kString; }
  bool is_dict() const { return type() == Type::kDict; }
  bool is_list_or_tuple() const { return type() == Type::kList || type() == Type::kTuple; }
  // As in Python a bool is an int, 0 or 1.
  bool is_integer() const { return type() == Type::kInt || is_bool(); }
  bool is_number() const { return is_integer() || type() == Type::kFloat; }
  bool is_markup() const { return is_string() && string().is_markup; }

  // REQUIRES: the type that the name says.
  const UndefinedData& undefined() const;
  bool boolean() const { return std::get<bool>(data_); }
  int64_t integer() const;
  double number() const;  // of any is_number()
  const StringData& string() const;
  const std::string& text() const { return string().text; }
  const ListData& list() const;  // also of a tuple
  const std::vector<Value>& items() const;
  const DictData& dict() const;
  Object* object() const { return std::get<Object*>(data_); }
  template <typename T>
  T* object_as() const;  // null when it is no T

  // Levels of lists and dicts in it; 0 for what holds no values.
  int depth() const;
  bool is_same(const Value& other) const;  // Python's `is`, as far as it is defined

 private:
  std::variant<None, bool, int64_t, double, std::shared_ptr<const UndefinedData>,
               std::shared_ptr<const StringData>, std::shared_ptr<const ListData>,
               std::shared_ptr<const DictData>, Object*>
      data_;
};

struct ListData {
  std::vector<Value> items;
  bool is_tuple = false;
  bool is_group = false;  // of the filter groupby: item 0 is .grouper, item 1 .list
  int depth = 1;
  Charge charge;
};

// An order of the keys that a dict may have: numbers by value (1, 1.0 and True are one key),
// strings by code points, tuples by items.
struct KeyLess {
  bool operator()(const Value& a, const Value& b) const;
};

struct DictData {
  // Of the key, or null. REQUIRES: IsHashable(key).
  const Value* Find(const Value& key) const;
  const Value* Find(std::string_view key) const;

  std::vector<std::pair<Value, Value>> items;  // in the order of insertion, keys unique
  std::map<Value, size_t, KeyLess> index;      // of items; empty when there are few
  int depth = 1;
  Charge charge;
};

// As in Python, but for tuples of more than 32 items or of tuples of tuples, which are refused, so
// that comparing keys is cheap.
bool IsHashable(const Value& value);

// Everything that has identity. Owned by the Sandbox, which outlives all Values of a rendering.
class Object {
 public:
  virtual ~Object() = default;
  virtual const char* type_name() const = 0;
};

template <typename T>
T* Value::object_as() const {
  return type() == Type::kObject ? dynamic_cast<T*>(object()) : nullptr;
}

// The name that Python's errors give the type: "str", "NoneType".
std::string TypeName(const Value& value);

}  // namespace cambium::jinja
