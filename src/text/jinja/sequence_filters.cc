// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "text/jinja/attribute_path.h"
#include "text/jinja/attributes.h"
#include "text/jinja/filters.h"
#include "text/jinja/loop.h"
#include "text/jinja/operators.h"
#include "text/jinja/parameters.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/to_text.h"

namespace cambium::jinja {
namespace {

Value Default(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "default", arguments, {"default_value", "boolean"});
  const bool replaces = value.is_undefined() || (p.Bool(1, false) && !IsTrue(box, value));
  if (!replaces) return value;
  return p[0] != nullptr ? *p[0] : box.String("");
}

Value LengthFilter(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "length", arguments, {});
  if (auto* loop = value.object_as<LoopObject>()) return Value(loop->LengthOf(box));
  const std::optional<int64_t> length = Length(value);
  if (!length) box.Fail("object of type '{}' has no len()", TypeName(value));
  return Value(*length);
}

Value ListFilter(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "list", arguments, {});
  return box.List(ToVector(box, value));
}

Value First(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "first", arguments, {});
  Cursor cursor(box, value);
  std::optional<Value> first = cursor.Next(box);
  return first ? *first : box.Undefined("No first item, sequence was empty.");
}

// The items from the last on, or nothing for what cannot be walked backwards.
std::optional<std::vector<Value>> Reversed(Sandbox& box, const Value& value) {
  const bool is_reversible =
      value.is_undefined() || value.is_string() || value.is_list_or_tuple() || value.is_dict() ||
      value.object_as<RangeObject>() != nullptr || value.object_as<DictViewObject>() != nullptr;
  if (!is_reversible) return std::nullopt;
  std::vector<Value> items = ToVector(box, value);
  std::reverse(items.begin(), items.end());
  return items;
}

Value Last(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "last", arguments, {});
  if (value.is_list_or_tuple() && !value.items().empty()) return value.items().back();
  const std::optional<std::vector<Value>> items = Reversed(box, value);
  if (!items) box.Fail("'{}' object is not reversible", TypeName(value));
  return items->empty() ? box.Undefined("No last item, sequence was empty.") : (*items)[0];
}

// An iterator over items that are there already.
Value Iterate(Sandbox& box, const char* type_name, const Value& list) {
  return Value(box.New<IteratorObject>(
      type_name, [cursor = Cursor(box, list)](Sandbox& b) mutable { return cursor.Next(b); }));
}

Value Reverse(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "reverse", arguments, {});
  if (value.is_string()) {
    return GetSlice(box, value, Value(), Value(), Value(-1));
  }
  std::optional<std::vector<Value>> items = Reversed(box, value);
  if (items) return Iterate(box, "list_reverseiterator", box.List(*std::move(items)));
  if (!IsIterable(value)) box.Fail("argument must be iterable");
  std::vector<Value> all = ToVector(box, value);
  std::reverse(all.begin(), all.end());
  return box.List(std::move(all));
}

Value JoinFilter(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "join", arguments, {"d", "attribute"});
  const AttributePath path(box, p[1]);
  const std::string separator = p[0] != nullptr ? Str(box, *p[0]) : "";
  std::string out;
  Cursor cursor(box, value);
  bool is_first = true;
  while (const std::optional<Value> item = cursor.Next(box)) {
    if (!is_first) box.Append(out, separator);
    is_first = false;
    AppendStr(box, out, path.Of(box, *item));
  }
  return box.String(std::move(out));
}

Value Items(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "items", arguments, {});
  return Value(box.New<IteratorObject>(
      "generator",
      [value, cursor = std::optional<Cursor>()](Sandbox& b) mutable -> std::optional<Value> {
        if (!cursor) {
          if (!value.is_dict() && !value.is_undefined()) {
            b.Fail("Can only get item pairs from a mapping.");
          }
          const Value pairs =
              value.is_dict() ? Value(b.New<DictViewObject>(value, DictViewObject::Kind::kItems))
                              : value;
          cursor.emplace(b, pairs);
        }
        return cursor->Next(b);
      }));
}

Value Batch(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "batch", arguments, {"linecount", "fill_with"}, 1);
  const int64_t count = p.Int(0, 1);
  return Value(box.New<IteratorObject>(
      "generator",
      [cursor = Cursor(box, value), pending = std::optional<Value>(), count,
       fill = p.Or(1, Value()), is_done = false](Sandbox& b) mutable -> std::optional<Value> {
        std::vector<Value> row;
        if (pending) b.Push(row, *std::exchange(pending, std::nullopt));
        while (!is_done) {
          std::optional<Value> item = cursor.Next(b);
          if (!item) {
            is_done = true;
            break;
          }
          // An empty row comes out when a row may hold none.
          if (static_cast<int64_t>(row.size()) == count) {
            pending = std::move(item);
            return b.List(std::move(row));
          }
          b.Push(row, *std::move(item));
        }
        if (row.empty()) return std::nullopt;
        while (!fill.is_none() && static_cast<int64_t>(row.size()) < count) b.Push(row, fill);
        return b.List(std::move(row));
      }));
}

Value Slice(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "slice", arguments, {"slices", "fill_with"}, 1);
  const int64_t slices = p.Int(0, 1);
  if (slices == 0) box.Fail("integer division or modulo by zero");
  const Value all = box.List(ToVector(box, value));
  const auto length = static_cast<int64_t>(all.items().size());
  return Value(box.New<IteratorObject>(
      "generator",
      [all, slices, per_slice = length / slices, with_extra = length % slices, number = int64_t{0},
       fill = p.Or(1, Value())](Sandbox& b) mutable -> std::optional<Value> {
        if (number >= slices) return std::nullopt;
        const int64_t begin = number * per_slice + std::min(number, with_extra);
        const int64_t end = begin + per_slice + (number < with_extra ? 1 : 0);
        std::vector<Value> part;
        for (int64_t i = begin; i < end; ++i) b.Push(part, all.items()[static_cast<size_t>(i)]);
        if (!fill.is_none() && number >= with_extra) b.Push(part, fill);
        ++number;
        return b.List(std::move(part));
      }));
}

Value Attr(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "attr", arguments, {"name"}, 1);
  if (!p[0]->is_string()) box.Fail("attribute name must be string, not '{}'", TypeName(*p[0]));
  const std::string& name = p[0]->text();
  // Only attributes: the items of a dict do not count.
  if (value.is_dict() && !HasMethod(value, name)) {
    return box.Undefined(fmt::format("'dict object' has no attribute '{}'", name));
  }
  return GetAttribute(box, value, name);
}

constexpr NamedFilter kFilters[] = {
    {"default", Default}, {"d", Default},       {"length", LengthFilter}, {"count", LengthFilter},
    {"list", ListFilter}, {"join", JoinFilter}, {"first", First},         {"last", Last},
    {"items", Items},     {"reverse", Reverse}, {"batch", Batch},         {"slice", Slice},
    {"attr", Attr},
};

}  // namespace

Filter FindSequenceFilter(std::string_view name) { return FindIn(kFilters, name); }

}  // namespace cambium::jinja
