// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/string_functions.h"
#include "text/jinja/unicode.h"

namespace cambium::jinja {
namespace {

bool IsCasedLetter(char32_t c) { return IsLower(c) || IsUpper(c) || IsTitle(c); }

// Whether all cased letters pass, and there is one.
template <typename Predicate>
bool AllCased(std::string_view text, Predicate passes) {
  bool found = false;
  for (size_t offset = 0; offset < text.size();) {
    const char32_t c = DecodeChar(text, &offset);
    if (!IsCasedLetter(c)) continue;
    if (!passes(c)) return false;
    found = true;
  }
  return found;
}

}  // namespace

std::string Capitalize(std::string_view text) {
  std::string out;
  size_t offset = 0;
  if (!text.empty()) AppendTitle(out, DecodeChar(text, &offset));
  while (offset < text.size()) AppendLowerAt(out, text, &offset);
  return out;
}

std::string TitleCase(std::string_view text) {
  std::string out;
  bool in_word = false;
  for (size_t offset = 0; offset < text.size();) {
    size_t begin = offset;
    const char32_t c = DecodeChar(text, &offset);
    if (in_word) {
      AppendLowerAt(out, text, &begin);
    } else {
      AppendTitle(out, c);
    }
    in_word = IsCasedLetter(c);
  }
  return out;
}

std::string SwapCase(std::string_view text) {
  std::string out;
  for (size_t offset = 0; offset < text.size();) {
    size_t begin = offset;
    const char32_t c = DecodeChar(text, &offset);
    if (IsLower(c)) {
      AppendUpper(out, c);
    } else {
      AppendLowerAt(out, text, &begin);
    }
  }
  return out;
}

bool IsLowerText(std::string_view text) { return AllCased(text, IsLower); }
bool IsUpperText(std::string_view text) { return AllCased(text, IsUpper); }

bool IsTitleText(std::string_view text) {
  bool found = false, in_word = false;
  for (size_t offset = 0; offset < text.size();) {
    const char32_t c = DecodeChar(text, &offset);
    if (IsUpper(c) || IsTitle(c)) {
      if (in_word) return false;
      found = in_word = true;
    } else if (IsLower(c)) {
      if (!in_word) return false;
      found = true;
    } else {
      in_word = false;
    }
  }
  return found;
}

}  // namespace cambium::jinja
