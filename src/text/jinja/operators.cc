// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/operators.h"

#include <cmath>

#include "text/jinja/loop.h"
#include "text/jinja/objects.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/text_search.h"

namespace cambium::jinja {
namespace {

// An integer against a finite double, exactly.
int CompareIntWithDouble(int64_t i, double d) {
  if (d >= 0x1p63) return -1;
  if (d < -0x1p63) return 1;
  const double whole = std::trunc(d);
  const auto w = static_cast<int64_t>(whole);
  if (i != w) return i < w ? -1 : 1;
  return whole < d ? -1 : (whole > d ? 1 : 0);
}

bool IsNan(const Value& value) {
  return value.type() == Type::kFloat && std::isnan(value.number());
}

bool EqualItems(Sandbox& box, const std::vector<Value>& a, const std::vector<Value>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!a[i].is_same(b[i]) && !Equals(box, a[i], b[i])) return false;
  }
  return true;
}

bool EqualDicts(Sandbox& box, const DictData& a, const DictData& b) {
  if (a.items.size() != b.items.size()) return false;
  for (const auto& [key, value] : a.items) {
    const Value* other = Lookup(box, b, key);
    if (other == nullptr || (!value.is_same(*other) && !Equals(box, value, *other))) return false;
  }
  return true;
}

bool EqualObjects(Sandbox& box, Object* a, Object* b) {
  if (a == b) return true;
  const auto* x = dynamic_cast<RangeObject*>(a);
  const auto* y = dynamic_cast<RangeObject*>(b);
  if (x != nullptr && y != nullptr) {
    if (x->count != y->count) return false;
    return x->count == 0 || (x->first == y->first && (x->count == 1 || x->step == y->step));
  }
  auto* v = dynamic_cast<DictViewObject*>(a);
  auto* w = dynamic_cast<DictViewObject*>(b);
  if (v == nullptr || w == nullptr || v->kind == DictViewObject::Kind::kValues ||
      w->kind == DictViewObject::Kind::kValues) {
    return false;
  }
  // Views of keys and of items are sets.
  if (Length(Value(v)) != Length(Value(w))) return false;
  Cursor cursor(box, Value(v));
  while (const std::optional<Value> item = cursor.Next(box)) {
    if (!Contains(box, Value(w), *item)) return false;
  }
  return true;
}

[[noreturn]] void FailCompare(Sandbox& box, const Value& a, const Value& b, std::string_view op) {
  if (a.is_undefined()) box.FailUndefined(a);
  if (b.is_undefined()) box.FailUndefined(b);
  box.Fail("'{}' not supported between instances of '{}' and '{}'", op, TypeName(a), TypeName(b));
}

// a < b, or with `or_equal` a <= b.
bool Order(Sandbox& box, const Value& a, const Value& b, bool or_equal, std::string_view op) {
  const Sandbox::Level level(box);
  box.Step();
  if (a.is_number() && b.is_number()) {
    if (IsNan(a) || IsNan(b)) return false;
    return CompareNumbers(a, b) < (or_equal ? 1 : 0);
  }
  if (a.is_string() && b.is_string()) {
    box.StepBytes(std::min(a.text().size(), b.text().size()));
    return a.text().compare(b.text()) < (or_equal ? 1 : 0);
  }
  if (!a.is_list_or_tuple() || a.type() != b.type()) FailCompare(box, a, b, op);
  const std::vector<Value>&x = a.items(), &y = b.items();
  for (size_t i = 0; i < x.size() && i < y.size(); ++i) {
    if (!x[i].is_same(y[i]) && !Equals(box, x[i], y[i])) {
      return Order(box, x[i], y[i], or_equal, op);
    }
  }
  return or_equal ? x.size() <= y.size() : x.size() < y.size();
}

bool InRange(const RangeObject& range, const Value& item) {
  if (!item.is_number() || IsNan(item)) return false;
  for (int64_t i = 0; i < range.count; ++i) {
    if (CompareNumbers(Value(range.at(i)), item) == 0) return true;
  }
  return false;
}

}  // namespace

int CompareNumbers(const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer()) {
    return a.integer() < b.integer() ? -1 : (a.integer() > b.integer() ? 1 : 0);
  }
  if (a.is_integer()) {
    const double d = b.number();
    if (std::isinf(d)) return d > 0 ? -1 : 1;
    return CompareIntWithDouble(a.integer(), d);
  }
  if (b.is_integer()) return -CompareNumbers(b, a);
  return a.number() < b.number() ? -1 : (a.number() > b.number() ? 1 : 0);
}

bool IsTrue(Sandbox& box, const Value& value) {
  switch (value.type()) {
    case Type::kUndefined:
    case Type::kNone:
      return false;
    case Type::kBool:
      return value.boolean();
    case Type::kInt:
    case Type::kFloat:
      return value.number() != 0;
    default:
      break;
  }
  if (auto* loop = value.object_as<LoopObject>()) return loop->LengthOf(box) != 0;
  const std::optional<int64_t> length = Length(value);
  return !length || *length != 0;
}

bool Equals(Sandbox& box, const Value& a, const Value& b) {
  const Sandbox::Level level(box);
  box.Step();
  if (a.is_number() && b.is_number()) return !IsNan(a) && !IsNan(b) && CompareNumbers(a, b) == 0;
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case Type::kString:
      if (a.text().size() == b.text().size()) box.StepBytes(a.text().size());
      return a.text() == b.text();
    case Type::kList:
    case Type::kTuple:
      return EqualItems(box, a.items(), b.items());
    case Type::kDict:
      return EqualDicts(box, a.dict(), b.dict());
    case Type::kObject:
      return EqualObjects(box, a.object(), b.object());
    default:
      return true;  // None, Undefined
  }
}

bool Less(Sandbox& box, const Value& a, const Value& b, std::string_view op) {
  return Order(box, a, b, false, op);
}

bool LessOrEqual(Sandbox& box, const Value& a, const Value& b, std::string_view op) {
  return Order(box, a, b, true, op);
}

const Value* Lookup(Sandbox& box, const DictData& dict, const Value& key) {
  if (!IsHashable(key)) box.Fail("unhashable type: '{}'", TypeName(key));
  box.Step(key.type() == Type::kTuple ? 100 : 1);
  if (key.is_string()) box.StepBytes(key.text().size());
  return dict.Find(key);
}

bool Contains(Sandbox& box, const Value& container, const Value& item) {
  switch (container.type()) {
    case Type::kString:
      if (!item.is_string()) {
        box.Fail("'in <string>' requires string as left operand, not {}", TypeName(item));
      }
      box.StepBytes(container.text().size());
      return FindText(container.text(), item.text(), 0) != std::string::npos;
    case Type::kDict:
      return Lookup(box, container.dict(), item) != nullptr;
    default:
      break;
  }
  if (auto* range = container.object_as<RangeObject>()) {
    box.Step(range->count);
    return InRange(*range, item);
  }
  if (auto* view = container.object_as<DictViewObject>()) {
    if (view->kind == DictViewObject::Kind::kKeys) return Contains(box, view->dict, item);
    if (view->kind == DictViewObject::Kind::kItems) {
      if (item.type() != Type::kTuple || item.items().size() != 2) return false;
      const Value* value = Lookup(box, view->dict.dict(), item.items()[0]);
      return value != nullptr && Equals(box, *value, item.items()[1]);
    }
  }
  if (!IsIterable(container)) {
    box.Fail("argument of type '{}' is not iterable", TypeName(container));
  }
  Cursor cursor(box, container);
  while (const std::optional<Value> next = cursor.Next(box)) {
    if (next->is_same(item) || Equals(box, *next, item)) return true;
  }
  return false;
}

int64_t NormalIndex(int64_t index, int64_t length) {
  if (index < 0) index += length;
  return index >= 0 && index < length ? index : -1;
}

}  // namespace cambium::jinja
