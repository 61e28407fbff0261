// SPDX-License-Identifier: Apache-2.0
// The attribute that filters take by name: "function.name", "items.0", or a number.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "text/jinja/value.h"

namespace cambium::jinja {

class Sandbox;

class AttributePath {
 public:
  // Null and None stand for the item itself.
  AttributePath(Sandbox& box, const Value* attribute);

  // The attribute of `item`; `otherwise`, if given, stands for one that is not defined.
  Value Of(Sandbox& box, Value item, const Value* otherwise = nullptr) const;

 private:
  std::vector<Value> parts_;
};

// What sorting and comparing filters compare: strings without case unless they are case sensitive.
Value SortKey(Sandbox& box, const Value& value, bool case_sensitive);

}  // namespace cambium::jinja
