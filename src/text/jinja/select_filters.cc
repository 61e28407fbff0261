// SPDX-License-Identifier: Apache-2.0
// Filters that apply a filter or a test to every item: map, select, reject, selectattr, rejectattr.
// They are iterators: nothing is evaluated, and no argument checked, before the first item is asked
// for.
#include "text/jinja/attribute_path.h"
#include "text/jinja/filters.h"
#include "text/jinja/operators.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/tests.h"
#include "text/jinja/to_text.h"

namespace cambium::jinja {
namespace {

using Mapper = std::function<Value(Sandbox&, const Value&)>;
using Predicate = std::function<bool(Sandbox&, const Value&)>;

// The arguments without the first `count` positional ones.
Arguments WithoutFirst(const Arguments& arguments, size_t count) {
  Arguments rest = arguments;
  rest.positional.erase(rest.positional.begin(),
                        rest.positional.begin() + static_cast<std::ptrdiff_t>(count));
  return rest;
}

std::string NameOf(Sandbox& box, const Value& name) {
  return name.is_string() ? name.text() : Repr(box, name);
}

Mapper MakeMapper(Sandbox& box, const Arguments& arguments) {
  const Value* attribute = arguments.FindNamed("attribute");
  if (arguments.positional.empty() && attribute != nullptr) {
    for (const auto& [name, value] : arguments.named) {
      if (name != "attribute" && name != "default") {
        box.Fail("Unexpected keyword argument '{}'", name);
      }
    }
    const Value* otherwise = arguments.FindNamed("default");
    const bool has_default = otherwise != nullptr && !otherwise->is_none();
    return [path = AttributePath(box, attribute), has_default,
            fill = has_default ? *otherwise : Value()](Sandbox& b, const Value& item) {
      return path.Of(b, item, has_default ? &fill : nullptr);
    };
  }
  if (arguments.positional.empty()) box.Fail("map requires a filter argument");
  const std::string name = NameOf(box, arguments.positional[0]);
  const Filter filter = FindFilter(name);
  return [name, filter, rest = WithoutFirst(arguments, 1)](Sandbox& b, const Value& item) {
    if (filter == nullptr) b.Fail("there is no filter '{}'", name);
    return filter(b, item, rest);
  };
}

Value Map(Sandbox& box, const Value& value, const Arguments& arguments) {
  return Value(
      box.New<IteratorObject>("generator",
                              [value, arguments, cursor = std::optional<Cursor>(),
                               mapper = Mapper()](Sandbox& b) mutable -> std::optional<Value> {
                                if (!cursor) {
                                  if (!IsTrue(b, value)) return std::nullopt;
                                  mapper = MakeMapper(b, arguments);
                                  cursor.emplace(b, value);
                                }
                                const std::optional<Value> item = cursor->Next(b);
                                if (!item) return std::nullopt;
                                return mapper(b, *item);
                              }));
}

Predicate MakePredicate(Sandbox& box, const Arguments& arguments, bool of_attribute) {
  if (of_attribute && arguments.positional.empty()) {
    box.Fail("Missing parameter for attribute name");
  }
  const size_t offset = of_attribute ? 1 : 0;
  const AttributePath path(box, of_attribute ? &arguments.positional[0] : nullptr);
  if (arguments.positional.size() <= offset) {
    return [path](Sandbox& b, const Value& item) { return IsTrue(b, path.Of(b, item)); };
  }
  const std::string name = NameOf(box, arguments.positional[offset]);
  const Test test = FindTest(name);
  return [path, name, test, rest = WithoutFirst(arguments, offset + 1)](Sandbox& b,
                                                                        const Value& item) {
    const Value attribute = path.Of(b, item);
    if (test == nullptr) b.Fail("there is no test '{}'", name);
    return test(b, attribute, rest);
  };
}

template <bool kWanted, bool kOfAttribute>
Value Select(Sandbox& box, const Value& value, const Arguments& arguments) {
  return Value(box.New<IteratorObject>(
      "generator",
      [value, arguments, cursor = std::optional<Cursor>(),
       predicate = Predicate()](Sandbox& b) mutable -> std::optional<Value> {
        if (!cursor) {
          if (!IsTrue(b, value)) return std::nullopt;
          predicate = MakePredicate(b, arguments, kOfAttribute);
          cursor.emplace(b, value);
        }
        while (std::optional<Value> item = cursor->Next(b)) {
          if (predicate(b, *item) == kWanted) return item;
        }
        return std::nullopt;
      }));
}

constexpr NamedFilter kFilters[] = {{"map", Map},
                                    {"select", Select<true, false>},
                                    {"reject", Select<false, false>},
                                    {"selectattr", Select<true, true>},
                                    {"rejectattr", Select<false, true>}};

}  // namespace

Filter FindSelectFilter(std::string_view name) { return FindIn(kFilters, name); }

}  // namespace cambium::jinja
