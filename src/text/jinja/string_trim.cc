// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "text/jinja/sandbox.h"
#include "text/jinja/string_functions.h"
#include "text/jinja/unicode.h"

namespace cambium::jinja {

std::string_view Strip(Sandbox& box, std::string_view text, Side side,
                       std::optional<std::string_view> chars) {
  std::vector<char32_t> set;
  for (size_t offset = 0; chars && offset < chars->size();) {
    box.Push(set, DecodeChar(*chars, &offset));
  }
  std::sort(set.begin(), set.end());
  box.StepBytes(text.size());
  const auto is_taken = [&](char32_t c) {
    return chars ? std::binary_search(set.begin(), set.end(), c) : IsSpace(c);
  };
  while (side != Side::kRight && !text.empty()) {
    size_t offset = 0;
    if (!is_taken(DecodeChar(text, &offset))) break;
    text.remove_prefix(offset);
  }
  while (side != Side::kLeft && !text.empty()) {
    size_t offset = text.size();
    if (!is_taken(DecodeCharBefore(text, &offset))) break;
    text = text.substr(0, offset);
  }
  return text;
}

std::string Pad(Sandbox& box, const StringData& string, Alignment alignment, int64_t width,
                std::string_view fill) {
  const auto num_chars = static_cast<int64_t>(string.num_chars);
  const int64_t missing = std::max<int64_t>(0, width - num_chars);
  int64_t left = alignment == Alignment::kLeft ? 0 : missing;
  // CPython puts the odd one to the left when the width is odd too.
  if (alignment == Alignment::kCenter) left = missing / 2 + (missing & width & 1);
  std::string out;
  box.AppendRepeated(out, fill, static_cast<size_t>(left));
  box.Append(out, string.text);
  box.AppendRepeated(out, fill, static_cast<size_t>(missing - left));
  return out;
}

std::string ZeroFill(Sandbox& box, const StringData& string, int64_t width) {
  const int64_t missing = width - static_cast<int64_t>(string.num_chars);
  std::string_view text = string.text;
  std::string out;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    out += text[0];
    text.remove_prefix(1);
  }
  box.AppendRepeated(out, "0", static_cast<size_t>(std::max<int64_t>(0, missing)));
  box.Append(out, text);
  return out;
}

std::string ExpandTabs(Sandbox& box, std::string_view text, int64_t tab_size) {
  std::string out;
  int64_t column = 0;
  for (size_t offset = 0; offset < text.size();) {
    const size_t begin = offset;
    const char32_t c = DecodeChar(text, &offset);
    if (c == '\t') {
      if (tab_size <= 0) continue;
      const int64_t spaces = tab_size - column % tab_size;
      box.AppendRepeated(out, " ", static_cast<size_t>(spaces));
      column += spaces;
      continue;
    }
    box.Append(out, text.substr(begin, offset - begin));
    column = c == '\n' || c == '\r' ? 0 : column + 1;
  }
  return out;
}

}  // namespace cambium::jinja
