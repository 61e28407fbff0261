// SPDX-License-Identifier: Apache-2.0
#include "cli/quantities.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "base/error.h"

namespace cambium {
namespace {

// A plain decimal number at the start of text, which is moved behind it.
std::optional<double> TakeNumber(std::string_view& text) {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(value) || value < 0 || text[0] == '-') return {};
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

std::optional<double> DecimalFactor(std::string_view unit) {
  if (unit.empty()) return 1;
  if (unit == "k" || unit == "K") return 1e3;
  if (unit == "m" || unit == "M") return 1e6;
  if (unit == "g" || unit == "G") return 1e9;
  if (unit == "T") return 1e12;
  return {};
}

std::optional<double> ByteFactor(std::string_view unit) {
  if (unit == "KiB") return 0x1p10;
  if (unit == "MiB") return 0x1p20;
  if (unit == "GiB") return 0x1p30;
  if (unit.ends_with('B')) unit.remove_suffix(1);
  return DecimalFactor(unit);
}

std::optional<uint64_t> Product(std::optional<double> number, std::optional<double> factor) {
  if (!number || !factor) return {};
  // 2^53: every whole number up to it is exact in a double.
  const double product = *number * *factor;
  if (product > 0x1p53 || product != std::floor(product)) return {};
  return static_cast<uint64_t>(product);
}

}  // namespace

uint64_t ParseCount(std::string_view text) {
  std::string_view rest = text;
  const std::optional<double> number = TakeNumber(rest);
  const std::optional<uint64_t> count = Product(number, DecimalFactor(rest));
  if (!count) {
    Fail(ErrorCode::kInvalidArgument, "'{}' is no count; write it as 1500, 10k, 2.5M or 1G", text);
  }
  return *count;
}

uint64_t ParseSizeBytes(std::string_view text) {
  std::string_view rest = text;
  const std::optional<double> number = TakeNumber(rest);
  const std::optional<uint64_t> size = Product(number, ByteFactor(rest));
  if (!size) {
    Fail(ErrorCode::kInvalidArgument,
         "'{}' is no size; write it as 1500, 10k, 2.5M (decimal) or 64KiB, 10MiB (binary)", text);
  }
  return *size;
}

double ParseDuration(std::string_view text) {
  std::string_view rest = text;
  double seconds = 0;
  // Units come once each, from large to small; a number alone is in seconds.
  int last_rank = 0;
  bool valid = !rest.empty();
  while (valid && !rest.empty()) {
    const std::optional<double> number = TakeNumber(rest);
    const char unit = rest.empty() ? 's' : rest[0];
    if (!rest.empty()) rest.remove_prefix(1);
    const std::pair<int, double> scale = unit == 'h'   ? std::pair(1, 3600.0)
                                         : unit == 'm' ? std::pair(2, 60.0)
                                         : unit == 's' ? std::pair(3, 1.0)
                                                       : std::pair(0, 0.0);
    valid = number.has_value() && scale.first > last_rank;
    if (!valid) break;
    last_rank = scale.first;
    seconds += *number * scale.second;
  }
  if (!valid || seconds > 1e9) {
    Fail(ErrorCode::kInvalidArgument, "'{}' is no duration; write it as 90s, 10m or 1h30m", text);
  }
  return seconds;
}

}  // namespace cambium
