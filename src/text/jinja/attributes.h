// SPDX-License-Identifier: Apache-2.0
// value.name, value[key], value[start:stop:step] and methods, as Jinja's immutable sandbox allows:
// value.name prefers methods to items, value['name'] items to methods; mutating methods and names
// with a leading underscore are undefined.
#pragma once

#include <string_view>

#include "text/jinja/objects.h"
#include "text/jinja/value.h"

namespace cambium::jinja {

class Sandbox;

Value GetAttribute(Sandbox& box, const Value& object, std::string_view name);
Value GetItem(Sandbox& box, const Value& object, const Value& key);
// None stands for a part that is left out.
Value GetSlice(Sandbox& box, const Value& object, const Value& start, const Value& stop,
               const Value& step);

bool HasMethod(const Value& object, std::string_view name);
// REQUIRES: HasMethod(object, name).
Value CallMethod(Sandbox& box, const Value& object, std::string_view name,
                 const Arguments& arguments);

// Of strings (string_methods.cc).
bool HasStringMethod(std::string_view name);
Value CallStringMethod(Sandbox& box, const Value& string, std::string_view name,
                       const Arguments& arguments);

}  // namespace cambium::jinja
