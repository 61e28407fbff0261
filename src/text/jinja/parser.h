// SPDX-License-Identifier: Apache-2.0
// A template's source to statements. All that can be wrong without knowing the variables is refused
// here: syntax, unknown filters and tests, break outside of a loop, what is not supported (include,
// import, extends, autoescape). Pure function.
#pragma once

#include <string_view>

#include "text/jinja/ast.h"

namespace cambium::jinja {

// Throws kCorruptData with the line and the reason.
Body ParseTemplate(std::string_view source);

}  // namespace cambium::jinja
