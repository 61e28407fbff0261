// SPDX-License-Identifier: Apache-2.0
// Numbers from text as Python's int() and float() read them. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cambium::jinja {

enum class IntParse { kOk, kInvalid, kTooBig };

// int(text, base): spaces around, a sign, underscores between digits; base 0, or 2 to 36, whose
// prefix (0b, 0o, 0x) may be there.
IntParse ParseInt(std::string_view text, int base, int64_t* value);

// float(text): spaces around, underscores between digits, inf, infinity, nan.
std::optional<double> ParseFloat(std::string_view text);

}  // namespace cambium::jinja
