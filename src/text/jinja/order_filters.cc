// SPDX-License-Identifier: Apache-2.0
// Filters that compare items: sort, dictsort, min, max, unique, groupby; and sum.
#include <algorithm>
#include <set>

#include "text/jinja/attribute_path.h"
#include "text/jinja/filters.h"
#include "text/jinja/operators.h"
#include "text/jinja/parameters.h"
#include "text/jinja/sandbox.h"

namespace cambium::jinja {
namespace {

using Keyed = std::pair<Value, Value>;  // the key and what it is the key of

// As sorted(): stable, also when reversed.
void SortByKey(Sandbox& box, std::vector<Keyed>& items, bool reverse) {
  std::stable_sort(items.begin(), items.end(), [&](const Keyed& a, const Keyed& b) {
    return reverse ? Less(box, b.first, a.first) : Less(box, a.first, b.first);
  });
}

Value Values(Sandbox& box, std::vector<Keyed> items) {
  std::vector<Value> values;
  values.reserve(items.size());
  for (Keyed& item : items) values.push_back(std::move(item.second));
  return box.List(std::move(values));
}

Value Sort(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const bool case_sensitive = p.Bool(1, false);
  // "a,b" sorts by a, then by b.
  std::vector<AttributePath> paths;
  if (p[2] != nullptr && p[2]->is_string()) {
    std::string_view rest = p[2]->text();
    while (true) {
      const size_t comma = std::min(rest.find(','), rest.size());
      const Value part = box.String(std::string(rest.substr(0, comma)));
      box.Push(paths, AttributePath(box, &part));
      if (comma == rest.size()) break;
      rest.remove_prefix(comma + 1);
    }
  } else {
    paths.emplace_back(box, p[2]);
  }
  std::vector<Keyed> items;
  Cursor cursor(box, value);
  while (const std::optional<Value> item = cursor.Next(box)) {
    std::vector<Value> keys;
    keys.reserve(paths.size());
    for (const AttributePath& path : paths) {
      keys.push_back(SortKey(box, path.Of(box, *item), case_sensitive));
    }
    box.Push(items, Keyed(box.List(std::move(keys)), *item));
  }
  SortByKey(box, items, p.Bool(0, false));
  return Values(box, std::move(items));
}

Value DictSort(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "dictsort", arguments, {"case_sensitive", "by", "reverse"});
  if (value.is_undefined()) box.FailUndefined(value);
  if (!value.is_dict()) box.Fail("'{}' object has no attribute 'items'", TypeName(value));
  const std::string by = p[1] == nullptr ? "key" : (p[1]->is_string() ? p[1]->text() : "");
  if (by != "key" && by != "value") box.Fail("You can only sort by either \"key\" or \"value\"");
  std::vector<Keyed> items;
  for (const auto& [key, item] : value.dict().items) {
    box.Push(items, Keyed(SortKey(box, by == "key" ? key : item, p.Bool(0, false)),
                          box.Tuple({key, item})));
  }
  SortByKey(box, items, p.Bool(2, false));
  return Values(box, std::move(items));
}

Value Extreme(Sandbox& box, const Value& value, const Arguments& arguments, bool wants_max) {
  const Parameters p(box, wants_max ? "max" : "min", arguments, {"case_sensitive", "attribute"});
  const AttributePath path(box, p[1]);
  const bool case_sensitive = p.Bool(0, false);
  std::optional<Keyed> best;
  Cursor cursor(box, value);
  while (const std::optional<Value> item = cursor.Next(box)) {
    Value key = SortKey(box, path.Of(box, *item), case_sensitive);
    if (best && !(wants_max ? Less(box, best->first, key, ">") : Less(box, key, best->first))) {
      continue;
    }
    best.emplace(std::move(key), *item);
  }
  return best ? best->second : box.Undefined("No aggregated item, sequence was empty.");
}

Value Min(Sandbox& box, const Value& value, const Arguments& arguments) {
  return Extreme(box, value, arguments, false);
}
Value Max(Sandbox& box, const Value& value, const Arguments& arguments) {
  return Extreme(box, value, arguments, true);
}

Value Unique(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "unique", arguments, {"case_sensitive", "attribute"});
  return Value(box.New<IteratorObject>(
      "generator",
      [cursor = Cursor(box, value), path = AttributePath(box, p[1]),
       case_sensitive = p.Bool(0, false),
       seen = std::set<Value, KeyLess>()](Sandbox& b) mutable -> std::optional<Value> {
        while (std::optional<Value> item = cursor.Next(b)) {
          Value key = SortKey(b, path.Of(b, *item), case_sensitive);
          if (!IsHashable(key)) b.Fail("unhashable type: '{}'", TypeName(key));
          b.CheckRoom(100 * (seen.size() + 1));
          b.Step(4);
          if (seen.insert(std::move(key)).second) return item;
        }
        return std::nullopt;
      }));
}

Value GroupBy(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
  const AttributePath path(box, p[0]);
  const Value* otherwise = p[1] != nullptr && !p[1]->is_none() ? p[1] : nullptr;
  std::vector<Keyed> items;
  Cursor cursor(box, value);
  while (const std::optional<Value> item = cursor.Next(box)) {
    const Value key = path.Of(box, *item, otherwise);
    box.Push(items, Keyed(SortKey(box, key, p.Bool(2, false)), *item));
  }
  SortByKey(box, items, false);
  std::vector<Value> groups;
  for (size_t i = 0; i < items.size();) {
    std::vector<Value> members;
    const size_t first = i;
    for (; i < items.size() && Equals(box, items[i].first, items[first].first); ++i) {
      box.Push(members, items[i].second);
    }
    if (members.empty()) box.Push(members, items[i++].second);  // a NaN equals nothing
    // The key as the first member has it.
    const Value key = path.Of(box, members[0], otherwise);
    box.Push(groups, box.Group(key, box.List(std::move(members))));
  }
  return box.List(std::move(groups));
}

Value Sum(Sandbox& box, const Value& value, const Arguments& arguments) {
  const Parameters p(box, "sum", arguments, {"attribute", "start"});
  const AttributePath path(box, p[0]);
  Value sum = p.Or(1, Value(0));
  if (sum.is_string()) box.Fail("sum() can't sum strings [use ''.join(seq) instead]");
  Cursor cursor(box, value);
  while (const std::optional<Value> item = cursor.Next(box)) {
    sum = Calculate(box, BinaryOp::kAdd, sum, path.Of(box, *item));
  }
  return sum;
}

constexpr NamedFilter kFilters[] = {{"sort", Sort}, {"dictsort", DictSort}, {"min", Min},
                                    {"max", Max},   {"unique", Unique},     {"groupby", GroupBy},
                                    {"sum", Sum}};

}  // namespace

Filter FindOrderFilter(std::string_view name) { return FindIn(kFilters, name); }

}  // namespace cambium::jinja
