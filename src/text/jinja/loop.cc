// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/loop.h"

#include "text/jinja/operators.h"
#include "text/jinja/sandbox.h"

namespace cambium::jinja {

LoopObject::LoopObject(Sandbox& box, Value iterable, Filter filter, Recurse recurse, int depth0)
    : iterable_(std::move(iterable)),
      cursor_(Cursor(box, iterable_)),
      filter_(std::move(filter)),
      recurse_(std::move(recurse)),
      depth0_(depth0) {}

std::optional<Value> LoopObject::Pull(Sandbox& box) {
  if (!cursor_) return std::nullopt;
  while (std::optional<Value> item = cursor_->Next(box)) {
    if (!filter_ || filter_(*item)) return item;
  }
  return std::nullopt;
}

bool LoopObject::Peek(Sandbox& box) {
  if (!after_) after_ = Pull(box);
  return after_.has_value();
}

std::optional<Value> LoopObject::Advance(Sandbox& box) {
  std::optional<Value> item = after_ ? std::move(after_) : Pull(box);
  after_.reset();
  if (!item) return std::nullopt;
  ++index0_;
  before_ = std::move(current_);
  current_ = item;
  return item;
}

std::optional<Value> LoopObject::NextOfIteration(Sandbox& box) {
  const std::optional<Value> item = Advance(box);
  if (!item) return std::nullopt;
  return box.Tuple({*item, Value(this)});
}

int64_t LoopObject::LengthOf(Sandbox& box) {
  if (length_) return *length_;
  if (!filter_) length_ = Length(iterable_);
  if (!length_) {
    // No length of its own: everything that is left is evaluated now.
    std::vector<Value> rest;
    while (std::optional<Value> item = Pull(box)) box.Push(rest, *std::move(item));
    length_ = static_cast<int64_t>(rest.size()) + index0_ + 1 + (after_ ? 1 : 0);
    cursor_ = Cursor(box, box.List(std::move(rest)));
    filter_ = nullptr;
  }
  return *length_;
}

std::optional<Value> LoopObject::Attribute(Sandbox& box, std::string_view name) {
  if (name == "index") return Value(index0_ + 1);
  if (name == "index0") return Value(index0_);
  if (name == "first") return Value(index0_ == 0);
  if (name == "last") return Value(!Peek(box));
  if (name == "length") return Value(LengthOf(box));
  if (name == "revindex") return Value(LengthOf(box) - index0_);
  if (name == "revindex0") return Value(LengthOf(box) - index0_ - 1);
  if (name == "depth") return Value(depth0_ + 1);
  if (name == "depth0") return Value(depth0_);
  if (name == "previtem") {
    if (index0_ == 0 || !before_) return box.Undefined("there is no previous item");
    return before_;
  }
  if (name == "nextitem") {
    if (!Peek(box)) return box.Undefined("there is no next item");
    return after_;
  }
  return std::nullopt;
}

Value LoopObject::CallMethod(Sandbox& box, std::string_view name, const Arguments& arguments) {
  if (!arguments.named.empty()) box.Fail("loop.{}() takes no keyword arguments", name);
  const std::vector<Value>& values = arguments.positional;
  if (name == "cycle") {
    if (values.empty()) box.Fail("no items for cycling given");
    return values[static_cast<size_t>(index0_) % values.size()];
  }
  const Value now = box.Tuple(values);
  if (last_changed_ && Equals(box, *last_changed_, now)) return Value(false);
  last_changed_ = now;
  return Value(true);
}

Value LoopObject::Call(Sandbox& box, const Arguments& arguments) {
  if (!recurse_) {
    box.Fail("the loop must have the 'recursive' marker to be called recursively");
  }
  if (arguments.positional.size() != 1 || !arguments.named.empty()) {
    box.Fail("loop() takes one iterable");
  }
  return recurse_(arguments.positional[0], depth0_ + 1);
}

void LoopObject::Close() {
  cursor_.reset();
  filter_ = nullptr;
  recurse_ = nullptr;
  if (!length_) length_ = index0_ + 1;
  iterable_ = Value();
}

}  // namespace cambium::jinja
