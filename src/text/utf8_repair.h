// SPDX-License-Identifier: Apache-2.0
// UTF-8 as Unicode 15 defines it (table 3-7): validation, and the repair that browsers do (WHATWG
// Encoding Standard, "UTF-8 decoder"; Unicode 15, section 3.9, "substitution of maximal subparts"):
// each maximal subpart of an ill-formed sequence becomes one U+FFFD. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cambium {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Bytes of the longest valid prefix; text.size() when all of it is valid.
size_t ValidUtf8PrefixBytes(std::string_view text);
inline bool IsValidUtf8(std::string_view text) { return ValidUtf8PrefixBytes(text) == text.size(); }

// Repairs in place and returns the number of replacements; valid text is not touched or copied.
uint64_t RepairUtf8(std::string& text);

// Number of maximal invalid subparts, and the bytes they hold.
struct InvalidUtf8 {
  uint64_t num_sequences = 0;
  uint64_t num_bytes = 0;
};
InvalidUtf8 CountInvalidUtf8(std::string_view text);

// Bytes at the end (0 to 3) that begin a sequence which the text's end cuts off. Text may be cut
// before them without changing what a repair makes of it: repair(a + b) = repair(a) + repair(b).
size_t IncompleteUtf8TailBytes(std::string_view text);

}  // namespace cambium
