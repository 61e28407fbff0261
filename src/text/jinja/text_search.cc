// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/text_search.h"

#include <algorithm>
#include <vector>

namespace cambium::jinja {
namespace {

// Patterns up to this are searched plainly: at most so many comparisons for a byte of text.
constexpr size_t kMaxPlainBytes = 16;

// Knuth, Morris, Pratt 1977. `begin` and `end` may be reverse iterators. Returns the distance of
// the first match from `begin`, or npos.
template <typename Iterator>
size_t Search(Iterator begin, Iterator end, Iterator pattern, size_t pattern_size) {
  std::vector<size_t> border(pattern_size, 0);
  for (size_t i = 1, k = 0; i < pattern_size; ++i) {
    while (k > 0 && pattern[i] != pattern[k]) k = border[k - 1];
    if (pattern[i] == pattern[k]) ++k;
    border[i] = k;
  }
  size_t matched = 0, position = 0;
  for (Iterator it = begin; it != end; ++it) {
    ++position;
    while (matched > 0 && *it != pattern[matched]) matched = border[matched - 1];
    if (*it == pattern[matched]) ++matched;
    if (matched == pattern_size) return position - pattern_size;
  }
  return std::string::npos;
}

}  // namespace

size_t FindText(std::string_view text, std::string_view pattern, size_t from) {
  if (pattern.size() <= kMaxPlainBytes) return text.find(pattern, from);
  if (from > text.size()) return std::string::npos;
  const size_t found = Search(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(),
                              pattern.begin(), pattern.size());
  return found == std::string::npos ? found : from + found;
}

size_t FindTextBackward(std::string_view text, std::string_view pattern, size_t end) {
  text = text.substr(0, end);
  if (pattern.size() <= kMaxPlainBytes) return text.rfind(pattern);
  const size_t found = Search(text.rbegin(), text.rend(), pattern.rbegin(), pattern.size());
  return found == std::string::npos ? found : text.size() - found - pattern.size();
}

}  // namespace cambium::jinja
