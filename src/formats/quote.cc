// SPDX-License-Identifier: Apache-2.0
#include "formats/quote.h"

#include <fmt/format.h>

#include <cstdint>

namespace cambium {

std::string Quote(std::string_view text) {
  constexpr size_t kMaxBytes = 80;
  std::string quoted = "'";
  for (const char c : text.substr(0, kMaxBytes)) {
    const uint8_t byte = static_cast<uint8_t>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      quoted += c;
    } else {
      quoted += fmt::format("\\x{:02x}", byte);
    }
  }
  quoted += "'";
  if (text.size() > kMaxBytes) quoted += fmt::format("... ({} bytes)", text.size());
  return quoted;
}

}  // namespace cambium
