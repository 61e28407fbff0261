// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/filters.h"

namespace cambium::jinja {

Filter FindFilter(std::string_view name) {
  for (const auto find :
       {FindTextFilter, FindSequenceFilter, FindSelectFilter, FindOrderFilter, FindNumberFilter}) {
    if (const Filter filter = find(name)) return filter;
  }
  return nullptr;
}

}  // namespace cambium::jinja
