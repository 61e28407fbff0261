// SPDX-License-Identifier: Apache-2.0
// What the methods of strings and the filters of the same names do. Positions that templates see
// are characters, those of these functions bytes between characters.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/jinja/value.h"

namespace cambium::jinja {

class Sandbox;

// string_trim.cc
enum class Side { kLeft, kRight, kBoth };
// Without `chars` white space is taken away, otherwise the characters in it.
std::string_view Strip(Sandbox& box, std::string_view text, Side side,
                       std::optional<std::string_view> chars);
enum class Alignment { kLeft, kRight, kCenter };
std::string Pad(Sandbox& box, const StringData& string, Alignment alignment, int64_t width,
                std::string_view fill);
std::string ZeroFill(Sandbox& box, const StringData& string, int64_t width);
std::string ExpandTabs(Sandbox& box, std::string_view text, int64_t tab_size);

// string_split.cc
Value Split(Sandbox& box, const Value& string, std::optional<std::string_view> separator,
            int64_t max_splits, bool from_right);
Value SplitLines(Sandbox& box, const Value& string, bool keep_ends);
Value Partition(Sandbox& box, const Value& string, std::string_view separator, bool from_right);

// string_case.cc
std::string Capitalize(std::string_view text);
std::string TitleCase(std::string_view text);  // of str.title(), which begins words at letters
std::string SwapCase(std::string_view text);
bool IsLowerText(std::string_view text);
bool IsUpperText(std::string_view text);
bool IsTitleText(std::string_view text);

// string_methods.cc; every occurrence when max_count is negative.
std::string Replace(Sandbox& box, std::string_view text, std::string_view old_text,
                    std::string_view new_text, int64_t max_count);
std::string Join(Sandbox& box, std::string_view separator, const Value& iterable, bool convert);

}  // namespace cambium::jinja
