// SPDX-License-Identifier: Apache-2.0
// Python's two ways to format: "%s is %d" % (a, b) and "{} is {:.2f}".format(a, b).
// Source: docs.python.org/3.11/library/string.html#formatspec and
// .../stdtypes.html#printf-style-string-formatting. Numbers are written without locale.
#pragma once

#include <string>
#include <string_view>

#include "text/jinja/objects.h"
#include "text/jinja/value.h"

namespace cambium::jinja {

class Sandbox;

// `arguments` is a tuple, a dict for %(name)s, or a single value.
std::string FormatPercent(Sandbox& box, const std::string& format, const Value& arguments);
std::string FormatBraces(Sandbox& box, const std::string& format, const Arguments& arguments);
std::string FormatMap(Sandbox& box, const std::string& format, const Value& mapping);

// What stands behind the colon of {:...}, and what a % conversion is turned into.
struct FormatSpec {
  std::string fill = " ";
  char align = '\0';  // < > = ^
  char sign = '-';    // + - or space
  bool alternate = false;
  char grouping = '\0';  // , or _
  int width = 0;
  int precision = -1;
  char type = '\0';
};

// Throws for a spec that the type of the value does not allow.
std::string FormatValue(Sandbox& box, const Value& value, const FormatSpec& spec);
std::string FormatInteger(Sandbox& box, int64_t value, const FormatSpec& spec);
std::string FormatFloat(Sandbox& box, double value, const FormatSpec& spec);
std::string FormatText(Sandbox& box, const std::string& text, const FormatSpec& spec);

}  // namespace cambium::jinja
