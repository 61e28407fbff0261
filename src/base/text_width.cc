// SPDX-License-Identifier: Apache-2.0
#include "base/text_width.h"

#include <algorithm>

namespace cambium {

bool StartsCodePoint(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

size_t TextWidth(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), StartsCodePoint));
}

std::string CutToWidth(const std::string& text, size_t width) {
  size_t columns = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (StartsCodePoint(text[i]) && ++columns > width) return text.substr(0, i);
  }
  return text;
}

}  // namespace cambium
