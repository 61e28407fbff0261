// SPDX-License-Identifier: Apache-2.0
// The `loop` of a for statement: index, first, last, previtem, nextitem, length, cycle, changed.
// Looks ahead only when it is asked to, as Jinja does, so that a filter of the loop (`for x in xs
// if ...`) sees what the body has changed.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "text/jinja/objects.h"

namespace cambium::jinja {

class LoopObject : public Object {
 public:
  // With `filter`, items that it returns false for are left out. `recurse` renders the body of a
  // recursive loop over other items, one level deeper.
  using Filter = std::function<bool(const Value&)>;
  using Recurse = std::function<Value(const Value& iterable, int depth0)>;
  LoopObject(Sandbox& box, Value iterable, Filter filter, Recurse recurse, int depth0);

  const char* type_name() const override { return "LoopContext"; }

  // The next item becomes the current one; nothing at the end.
  std::optional<Value> Advance(Sandbox& box);
  // What iterating over the loop object itself gives: pairs of the item and the loop.
  std::optional<Value> NextOfIteration(Sandbox& box);

  // The attribute of this name, or nothing. Methods are called by CallMethod.
  std::optional<Value> Attribute(Sandbox& box, std::string_view name);
  static bool HasMethod(std::string_view name) { return name == "cycle" || name == "changed"; }
  Value CallMethod(Sandbox& box, std::string_view name, const Arguments& arguments);
  Value Call(Sandbox& box, const Arguments& arguments);

  int64_t index0() const { return index0_; }
  int64_t LengthOf(Sandbox& box);

  // The statement is over: what its callbacks refer to is gone.
  void Close();

 private:
  std::optional<Value> Pull(Sandbox& box);  // the next item that the filter lets through
  bool Peek(Sandbox& box);                  // whether there is a next item

  Value iterable_;
  std::optional<Cursor> cursor_;
  Filter filter_;
  Recurse recurse_;
  int depth0_;
  int64_t index0_ = -1;
  std::optional<int64_t> length_;
  std::optional<Value> before_, current_, after_;
  std::optional<Value> last_changed_;
};

}  // namespace cambium::jinja
