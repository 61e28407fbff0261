// SPDX-License-Identifier: Apache-2.0
// The filter tojson as transformers defines it: json.dumps of Python's standard library.
#pragma once

#include <string>

#include "text/jinja/value.h"

namespace cambium::jinja {

class Sandbox;

struct JsonStyle {
  bool ensure_ascii = false;
  bool has_indent = false;  // one item a line
  std::string indent;       // of one level
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sort_keys = false;
};

// Throws for what is no JSON: undefined values, functions, iterators.
std::string ToJson(Sandbox& box, const Value& value, const JsonStyle& style);

}  // namespace cambium::jinja
