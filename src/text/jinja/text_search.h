// SPDX-License-Identifier: Apache-2.0
// Finding text in text in linear time, whatever the texts are. (std::string::find is quadratic for
// texts that are made to be.) Offsets are bytes; as both texts are UTF-8, matches begin and end
// between characters. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace cambium::jinja {

// The first match at `from` or later, or npos.
size_t FindText(std::string_view text, std::string_view pattern, size_t from);
// The last match that ends at `end` or before, or npos.
size_t FindTextBackward(std::string_view text, std::string_view pattern, size_t end);

}  // namespace cambium::jinja
