// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/parameters.h"

#include <algorithm>

#include "text/jinja/operators.h"
#include "text/jinja/sandbox.h"

namespace cambium::jinja {

Parameters::Parameters(Sandbox& box, std::string_view function, const Arguments& arguments,
                       std::initializer_list<std::string_view> names, size_t num_required)
    : box_(box), function_(function), values_(names.size(), nullptr) {
  if (arguments.positional.size() > names.size()) {
    box.Fail("{}() takes at most {} arguments, {} are given", function, names.size(),
             arguments.positional.size());
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) values_[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      box.Fail("{}() got an unexpected keyword argument '{}'", function, name);
    }
    const Value*& place = values_[static_cast<size_t>(found - names.begin())];
    if (place != nullptr) box.Fail("{}() got multiple values for argument '{}'", function, name);
    place = &value;
  }
  for (size_t i = 0; i < num_required; ++i) {
    if (values_[i] == nullptr) {
      box.Fail("{}() is missing the argument '{}'", function, names.begin()[i]);
    }
  }
}

bool Parameters::Bool(size_t i, bool otherwise) const {
  return values_[i] == nullptr ? otherwise : IsTrue(box_, *values_[i]);
}

int64_t Parameters::Int(size_t i, int64_t otherwise) const {
  if (values_[i] == nullptr) return otherwise;
  if (!values_[i]->is_integer()) {
    box_.Fail("{}(): '{}' object cannot be interpreted as an integer", function_,
              TypeName(*values_[i]));
  }
  return values_[i]->integer();
}

}  // namespace cambium::jinja
