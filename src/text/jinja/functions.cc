// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/functions.h"

#include "text/jinja/operators.h"
#include "text/jinja/parameters.h"
#include "text/jinja/to_text.h"

namespace cambium::jinja {
namespace {

constexpr int64_t kMaxRange = 100'000;  // of Jinja's sandbox

Value Range(Sandbox& box, const Arguments& arguments) {
  if (arguments.positional.empty()) box.Fail("range expected at least 1 argument, got 0");
  if (!arguments.named.empty()) box.Fail("range() takes no keyword arguments");
  const Parameters p(box, "range", arguments, {"start", "stop", "step"});
  for (const Value& argument : arguments.positional) {
    if (argument.is_undefined()) box.FailUndefined(argument);
  }
  const bool has_start = p[1] != nullptr;
  const int64_t start = has_start ? p.Int(0, 0) : 0;
  const int64_t stop = p.Int(has_start ? 1 : 0, 0);
  const int64_t step = p.Int(2, 1);
  if (step == 0) box.Fail("range() arg 3 must not be zero");
  int64_t distance = 0;
  if (step > 0 ? __builtin_sub_overflow(stop, start, &distance)
               : __builtin_sub_overflow(start, stop, &distance)) {
    box.Fail("Range too big. The sandbox blocks ranges larger than {}", kMaxRange);
  }
  int64_t count = 0;
  if (distance > 0) {
    const uint64_t stride =
        step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
    count = static_cast<int64_t>((static_cast<uint64_t>(distance) - 1) / stride) + 1;
  }
  if (count > kMaxRange) {
    box.Fail("Range too big. The sandbox blocks ranges larger than {}", kMaxRange);
  }
  return Value(box.New<RangeObject>(start, stop, step, count));
}

// What dict(...) and namespace(...) are made of: a mapping or pairs, and keywords.
std::vector<std::pair<Value, Value>> CollectItems(Sandbox& box, const Arguments& arguments) {
  std::vector<std::pair<Value, Value>> items;
  if (arguments.positional.size() > 1) box.Fail("dict expected at most 1 argument");
  if (!arguments.positional.empty()) {
    const Value& source = arguments.positional[0];
    if (source.is_dict()) {
      items = source.dict().items;
    } else {
      Cursor cursor(box, source);
      while (const std::optional<Value> pair = cursor.Next(box)) {
        const std::vector<Value> two = ToVector(box, *pair);
        if (two.size() != 2) box.Fail("a dict is made of pairs, found {} items", two.size());
        if (!IsHashable(two[0])) box.Fail("unhashable type: '{}'", TypeName(two[0]));
        box.Push(items, {two[0], two[1]});
      }
    }
  }
  for (const auto& [name, value] : arguments.named) items.emplace_back(box.String(name), value);
  return items;
}

Value MakeDict(Sandbox& box, const Arguments& arguments) {
  return box.Dict(CollectItems(box, arguments));
}

Value MakeNamespace(Sandbox& box, const Arguments& arguments) {
  auto* space = box.New<NamespaceObject>();
  for (const auto& [key, value] : CollectItems(box, arguments)) {
    if (!key.is_string()) box.Fail("attributes of a namespace have names");
    if (key.text().starts_with('_')) {
      box.Fail("attributes of a namespace may not begin with an underscore: {}", key.text());
    }
    space->Set(box, key.text(), value);
  }
  return Value(space);
}

Value MakeCycler(Sandbox& box, const Arguments& arguments) {
  if (arguments.positional.empty()) box.Fail("at least one item has to be provided");
  return Value(box.New<CyclerObject>(arguments.positional));
}

Value MakeJoiner(Sandbox& box, const Arguments& arguments) {
  const Parameters p(box, "joiner", arguments, {"sep"});
  return Value(box.New<JoinerObject>(p[0] != nullptr ? *p[0] : box.String(", ")));
}

Value RaiseException(Sandbox& box, const Arguments& arguments) {
  const Parameters p(box, "raise_exception", arguments, {"message"}, 1);
  box.Fail("{}", Str(box, *p[0]));
}

}  // namespace

void DefineFunctions(Sandbox& box, const std::optional<CivilTime>& now, Scope& globals) {
  const auto define = [&](const char* name, NativeFunction function) {
    globals.Set(name, Value(box.New<FunctionObject>(name, std::move(function))));
  };
  define("range", Range);
  define("dict", MakeDict);
  define("namespace", MakeNamespace);
  define("cycler", MakeCycler);
  define("joiner", MakeJoiner);
  define("raise_exception", RaiseException);
  if (!now) return;
  define("strftime_now", [time = *now](Sandbox& inner, const Arguments& arguments) {
    const Parameters p(inner, "strftime_now", arguments, {"format"}, 1);
    if (!p[0]->is_string()) inner.Fail("strftime() argument must be str");
    return inner.String(FormatDate(inner, p[0]->text(), time));
  });
}

}  // namespace cambium::jinja
