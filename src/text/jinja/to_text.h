// SPDX-License-Identifier: Apache-2.0
// str() and repr() of Python for every value, and HTML escaping.
#pragma once

#include <string>
#include <string_view>

#include "text/jinja/value.h"

namespace cambium::jinja {

class Sandbox;

void AppendStr(Sandbox& box, std::string& out, const Value& value);
void AppendRepr(Sandbox& box, std::string& out, const Value& value);
std::string Str(Sandbox& box, const Value& value);
std::string Repr(Sandbox& box, const Value& value);
// The value itself when it is a string, its str() otherwise.
Value ToStringValue(Sandbox& box, const Value& value);

// repr(float): the shortest digits that read back the same, as 1e+16, 12.5, 1e-05, inf, nan.
std::string FloatRepr(double value);

// & < > ' " as markupsafe writes them.
std::string EscapeHtml(Sandbox& box, std::string_view text);

}  // namespace cambium::jinja
