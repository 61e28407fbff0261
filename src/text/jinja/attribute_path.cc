// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/attribute_path.h"

#include <algorithm>

#include "text/jinja/attributes.h"
#include "text/jinja/number_text.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/unicode.h"

namespace cambium::jinja {

AttributePath::AttributePath(Sandbox& box, const Value* attribute) {
  if (attribute == nullptr || attribute->is_none()) return;
  if (!attribute->is_string()) {
    parts_.push_back(*attribute);
    return;
  }
  std::string_view rest = attribute->text();
  while (true) {
    const size_t dot = std::min(rest.find('.'), rest.size());
    const std::string_view part = rest.substr(0, dot);
    int64_t number = 0;
    const bool is_number = !part.empty() && part.find_first_not_of("0123456789") == part.npos &&
                           ParseInt(part, 10, &number) == IntParse::kOk;
    box.Push(parts_, is_number ? Value(number) : box.String(std::string(part)));
    if (dot == rest.size()) return;
    rest.remove_prefix(dot + 1);
  }
}

Value AttributePath::Of(Sandbox& box, Value item, const Value* otherwise) const {
  for (const Value& part : parts_) {
    item = GetItem(box, item, part);
    if (item.is_undefined() && otherwise != nullptr) item = *otherwise;
  }
  return item;
}

Value SortKey(Sandbox& box, const Value& value, bool case_sensitive) {
  if (case_sensitive || !value.is_string()) return value;
  box.StepBytes(4 * value.text().size());
  return box.String(ToLower(value.text()));
}

}  // namespace cambium::jinja
