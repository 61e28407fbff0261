// SPDX-License-Identifier: Apache-2.0
// The filters (`value | name(arguments)`) of Jinja 3.1, and tojson as transformers defines it. Not
// there: filters for web pages and debugging (pprint, random, striptags, urlize, wordwrap, xmlattr,
// filesizeformat). Source: jinja.palletsprojects.com/en/3.1.x/templates/#builtin-filters.
#pragma once

#include <string_view>

#include "text/jinja/objects.h"
#include "text/jinja/value.h"

namespace cambium::jinja {

class Sandbox;

using Filter = Value (*)(Sandbox&, const Value& value, const Arguments& arguments);

// Null when there is none.
Filter FindFilter(std::string_view name);

// The tables of the files that FindFilter looks through.
struct NamedFilter {
  std::string_view name;
  Filter filter;
};
Filter FindTextFilter(std::string_view name);      // text_filters.cc
Filter FindNumberFilter(std::string_view name);    // number_filters.cc
Filter FindSequenceFilter(std::string_view name);  // sequence_filters.cc
Filter FindOrderFilter(std::string_view name);     // order_filters.cc
Filter FindSelectFilter(std::string_view name);    // select_filters.cc

template <size_t N>
Filter FindIn(const NamedFilter (&table)[N], std::string_view name) {
  for (const NamedFilter& row : table) {
    if (row.name == name) return row.filter;
  }
  return nullptr;
}

}  // namespace cambium::jinja
