// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/value.h"

#include <algorithm>
#include <cmath>

#include "text/jinja/operators.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/unicode.h"

namespace cambium::jinja {
namespace {

constexpr int kMaxKeyDepth = 2;
constexpr size_t kMaxKeyItems = 32;

// The rank of a key's type in KeyLess; equal ranks compare by value.
int KeyRank(const Value& key) {
  switch (key.type()) {
    case Type::kNone:
      return 0;
    case Type::kUndefined:
      return 1;
    case Type::kBool:
    case Type::kInt:
      return 2;
    case Type::kFloat:
      return std::isnan(key.number()) ? 3 : 2;
    case Type::kString:
      return 4;
    default:
      return key.type() == Type::kTuple ? 5 : 6;
  }
}

}  // namespace

Charge::~Charge() {
  if (account_ != nullptr) account_->Release(num_bytes_);
}

Value Value::Constant(std::string text) {
  auto data = std::make_shared<StringData>();
  data->num_chars = CountChars(text);
  data->text = std::move(text);
  return Value(std::shared_ptr<const StringData>(std::move(data)));
}

Type Value::type() const {
  switch (data_.index()) {
    case 0:
      return Type::kNone;
    case 1:
      return Type::kBool;
    case 2:
      return Type::kInt;
    case 3:
      return Type::kFloat;
    case 4:
      return Type::kUndefined;
    case 5:
      return Type::kString;
    case 6:
      return list().is_tuple ? Type::kTuple : Type::kList;
    case 7:
      return Type::kDict;
    default:
      return Type::kObject;
  }
}

const UndefinedData& Value::undefined() const {
  return *std::get<std::shared_ptr<const UndefinedData>>(data_);
}
int64_t Value::integer() const { return is_bool() ? boolean() : std::get<int64_t>(data_); }
double Value::number() const {
  return type() == Type::kFloat ? std::get<double>(data_) : static_cast<double>(integer());
}
const StringData& Value::string() const {
  return *std::get<std::shared_ptr<const StringData>>(data_);
}
const ListData& Value::list() const { return *std::get<std::shared_ptr<const ListData>>(data_); }
const std::vector<Value>& Value::items() const { return list().items; }
const DictData& Value::dict() const { return *std::get<std::shared_ptr<const DictData>>(data_); }

int Value::depth() const {
  if (is_list_or_tuple()) return list().depth;
  return is_dict() ? dict().depth : 0;
}

bool Value::is_same(const Value& other) const {
  if (type() != other.type()) return false;
  switch (type()) {
    case Type::kNone:
      return true;
    case Type::kBool:
      return boolean() == other.boolean();
    case Type::kInt:
      return integer() == other.integer();
    case Type::kFloat:
      return false;
    case Type::kUndefined:
      return &undefined() == &other.undefined();
    case Type::kString:
      return &string() == &other.string();
    case Type::kList:
    case Type::kTuple:
      return &list() == &other.list();
    case Type::kDict:
      return &dict() == &other.dict();
    default:
      return object() == other.object();
  }
}

bool IsHashable(const Value& value) {
  if (value.type() == Type::kList || value.is_dict()) return false;
  if (value.type() != Type::kTuple) return true;
  if (value.depth() > kMaxKeyDepth || value.items().size() > kMaxKeyItems) return false;
  return std::all_of(value.items().begin(), value.items().end(), IsHashable);
}

bool KeyLess::operator()(const Value& a, const Value& b) const {
  const int rank = KeyRank(a);
  if (rank != KeyRank(b)) return rank < KeyRank(b);
  switch (rank) {
    case 2:
      return CompareNumbers(a, b) < 0;
    case 4:
      return a.text() < b.text();
    case 5:
      return std::lexicographical_compare(a.items().begin(), a.items().end(), b.items().begin(),
                                          b.items().end(), *this);
    case 6:
      return std::less<Object*>()(a.object(), b.object());
    default:
      return false;
  }
}

const Value* DictData::Find(const Value& key) const {
  if (!index.empty()) {
    const auto found = index.find(key);
    return found == index.end() ? nullptr : &items[found->second].second;
  }
  const KeyLess less;
  for (const auto& [k, v] : items) {
    if (!less(k, key) && !less(key, k)) return &v;
  }
  return nullptr;
}

const Value* DictData::Find(std::string_view key) const {
  if (!index.empty()) return Find(Value::Constant(std::string(key)));
  for (const auto& [k, v] : items) {
    if (k.is_string() && k.text() == key) return &v;
  }
  return nullptr;
}

std::string TypeName(const Value& value) {
  switch (value.type()) {
    case Type::kUndefined:
      return "Undefined";
    case Type::kNone:
      return "NoneType";
    case Type::kBool:
      return "bool";
    case Type::kInt:
      return "int";
    case Type::kFloat:
      return "float";
    case Type::kString:
      return value.is_markup() ? "Markup" : "str";
    case Type::kList:
      return "list";
    case Type::kTuple:
      return "tuple";
    case Type::kDict:
      return "dict";
    default:
      return value.object()->type_name();
  }
}

}  // namespace cambium::jinja
