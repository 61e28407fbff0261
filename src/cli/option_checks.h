// SPDX-License-Identifier: Apache-2.0
// Checks of option values, with messages for people: "--max-tokens: 0 is not a whole number of at
// least 1". They look at the text before it is converted, so that -1 never becomes a large number.
#pragma once

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace cambium {

// Decimal digits, from min to max.
CLI::Validator WholeNumber(uint64_t min, uint64_t max = UINT64_MAX);
// A finite decimal number. The texts say which numbers are valid.
CLI::Validator NumberFrom(double min, double max);              // [min, max]
CLI::Validator NumberBelow(double min, double max);             // [min, max)
CLI::Validator NumberAbove(double min, double max = HUGE_VAL);  // (min, max]
// Quantities (quantities.h) of at least min.
CLI::Validator CountFrom(uint64_t min);
CLI::Validator SizeFrom(uint64_t min_bytes);
CLI::Validator DurationFrom(double min_seconds);
// One of these names.
CLI::Validator OneOf(std::vector<std::string> names);

}  // namespace cambium
