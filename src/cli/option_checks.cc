// SPDX-License-Identifier: Apache-2.0
#include "cli/option_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>

#include "base/error.h"
#include "cli/quantities.h"

namespace cambium {
namespace {

template <typename T>
std::optional<T> Parse(const std::string& text) {
  T value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
  return value;
}

// check: whether the text is valid. what: what it should be, behind "is not".
CLI::Validator Check(std::function<bool(const std::string&)> check, std::string what) {
  return CLI::Validator(
      [check = std::move(check), what = std::move(what)](std::string& text) {
        return check(text) ? std::string() : fmt::format("'{}' is not {}", text, what);
      },
      "");
}

CLI::Validator Number(std::function<bool(double)> valid, const std::string& range) {
  return Check(
      [valid = std::move(valid)](const std::string& text) {
        const std::optional<double> value = Parse<double>(text);
        return value && std::isfinite(*value) && valid(*value);
      },
      "a number " + range);
}

// parse: throws for what it does not understand, with a message that says what it does.
template <typename T>
CLI::Validator Quantity(T (*parse)(std::string_view), T min, std::string what) {
  return CLI::Validator(
      [parse, min, what = std::move(what)](std::string& text) {
        try {
          if (parse(text) >= min) return std::string();
        } catch (const Error& error) {
          return std::string(error.what());
        }
        return fmt::format("'{}' is not {}", text, what);
      },
      "");
}

}  // namespace

CLI::Validator WholeNumber(uint64_t min, uint64_t max) {
  return Check(
      [min, max](const std::string& text) {
        const std::optional<uint64_t> value = Parse<uint64_t>(text);
        return value && *value >= min && *value <= max;
      },
      max == UINT64_MAX ? fmt::format("a whole number of at least {}", min)
                        : fmt::format("a whole number from {} to {}", min, max));
}

CLI::Validator NumberFrom(double min, double max) {
  return Number([min, max](double value) { return value >= min && value <= max; },
                fmt::format("from {} to {}", min, max));
}

CLI::Validator NumberBelow(double min, double max) {
  return Number([min, max](double value) { return value >= min && value < max; },
                fmt::format("of at least {} and below {}", min, max));
}

CLI::Validator NumberAbove(double min, double max) {
  return Number([min, max](double value) { return value > min && value <= max; },
                std::isinf(max) ? fmt::format("above {}", min)
                                : fmt::format("above {} and at most {}", min, max));
}

CLI::Validator CountFrom(uint64_t min) {
  return Quantity<uint64_t>(&ParseCount, min, fmt::format("a count of at least {}", min));
}

CLI::Validator SizeFrom(uint64_t min_bytes) {
  return Quantity<uint64_t>(&ParseSizeBytes, min_bytes,
                            fmt::format("a size of at least {} B", min_bytes));
}

CLI::Validator DurationFrom(double min_seconds) {
  return Quantity<double>(&ParseDuration, min_seconds,
                          fmt::format("a time of at least {}s", min_seconds));
}

CLI::Validator OneOf(std::vector<std::string> names) {
  const std::string list = fmt::format("{}", fmt::join(names, ", "));
  return Check(
      [names = std::move(names)](const std::string& text) {
        return std::find(names.begin(), names.end(), text) != names.end();
      },
      "one of: " + list);
}

}  // namespace cambium
