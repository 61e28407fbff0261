// SPDX-License-Identifier: Apache-2.0
// The arguments of a call in the order of the function's parameters, as Python binds them.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "text/jinja/objects.h"

namespace cambium::jinja {

class Sandbox;

class Parameters {
 public:
  // Throws for an argument too many, one that is unknown, given twice, or missing: the first
  // `num_required` must be there. `arguments` must outlive this.
  Parameters(Sandbox& box, std::string_view function, const Arguments& arguments,
             std::initializer_list<std::string_view> names, size_t num_required = 0);

  // Null when it was not given.
  const Value* operator[](size_t i) const { return values_[i]; }

  bool Bool(size_t i, bool otherwise) const;
  int64_t Int(size_t i, int64_t otherwise) const;  // throws for what is no int
  // The value, or `otherwise`.
  Value Or(size_t i, const Value& otherwise) const { return values_[i] ? *values_[i] : otherwise; }

 private:
  Sandbox& box_;
  std::string_view function_;
  std::vector<const Value*> values_;
};

}  // namespace cambium::jinja
