// SPDX-License-Identifier: Apache-2.0
// The tests (`value is name(arguments)`) of Jinja 3.1.
// Source: jinja.palletsprojects.com/en/3.1.x/templates/#builtin-tests.
#pragma once

#include <string_view>

#include "text/jinja/objects.h"
#include "text/jinja/value.h"

namespace cambium::jinja {

class Sandbox;

using Test = bool (*)(Sandbox&, const Value& value, const Arguments& arguments);

// Null when there is none.
Test FindTest(std::string_view name);

}  // namespace cambium::jinja
