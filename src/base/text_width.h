// SPDX-License-Identifier: Apache-2.0
// Widths of text on a terminal, in code points: right for all but wide (East Asian) and combining
// characters. Text is UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cambium {

// False for the bytes that continue one.
bool StartsCodePoint(char c);
size_t TextWidth(std::string_view text);
// The beginning of the text, of at most `width` code points.
std::string CutToWidth(const std::string& text, size_t width);

}  // namespace cambium
