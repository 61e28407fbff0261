// SPDX-License-Identifier: Apache-2.0
// What the inside of a quoted string in a template means: Python's escapes. Pure function.
#pragma once

#include <string>
#include <string_view>

namespace cambium::jinja {

// False with a reason for an escape that is cut off or names no character. \N{...} is not
// supported.
bool UnescapeLiteral(std::string_view literal, std::string* text, std::string* reason);

}  // namespace cambium::jinja
