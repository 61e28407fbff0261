// SPDX-License-Identifier: Apache-2.0
#include "text/byte_unicode.h"

#include <array>
#include <cstdint>

namespace cambium {
namespace {

constexpr uint32_t kNumCodePoints = 256 + 68;

constexpr bool StandsForItself(uint32_t byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

constexpr std::array<uint16_t, 256> MakeCodePoints() {
  std::array<uint16_t, 256> table{};
  uint16_t next = 256;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    table[byte] = StandsForItself(byte) ? static_cast<uint16_t>(byte) : next++;
  }
  return table;
}

constexpr std::array<uint16_t, 256> kCodePointOfByte = MakeCodePoints();

// -1: no byte has this code point.
constexpr std::array<int16_t, kNumCodePoints> MakeBytes() {
  std::array<int16_t, kNumCodePoints> table{};
  for (int16_t& entry : table) entry = -1;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    table[kCodePointOfByte[byte]] = static_cast<int16_t>(byte);
  }
  return table;
}

constexpr std::array<int16_t, kNumCodePoints> kByteOfCodePoint = MakeBytes();

}  // namespace

std::string BytesToPrintable(std::string_view bytes) {
  std::string printable;
  printable.reserve(bytes.size());
  for (const char c : bytes) {
    const uint32_t code_point = kCodePointOfByte[static_cast<uint8_t>(c)];
    if (code_point < 0x80) {
      printable += static_cast<char>(code_point);
    } else {
      printable += static_cast<char>(0xc0 | (code_point >> 6));
      printable += static_cast<char>(0x80 | (code_point & 0x3f));
    }
  }
  return printable;
}

std::optional<std::string> PrintableToBytes(std::string_view printable) {
  std::string bytes;
  bytes.reserve(printable.size());
  for (size_t i = 0; i < printable.size(); ++i) {
    uint32_t code_point = static_cast<uint8_t>(printable[i]);
    if (code_point >= 0x80) {
      // Two-byte UTF-8 covers U+0080 .. U+07FF; the lead bytes 0xc0 and 0xc1 are over-long forms.
      if (code_point < 0xc2 || code_point > 0xdf || i + 1 == printable.size()) return std::nullopt;
      const uint32_t tail = static_cast<uint8_t>(printable[++i]);
      if ((tail & 0xc0) != 0x80) return std::nullopt;
      code_point = ((code_point & 0x1f) << 6) | (tail & 0x3f);
    }
    if (code_point >= kNumCodePoints || kByteOfCodePoint[code_point] < 0) return std::nullopt;
    bytes += static_cast<char>(kByteOfCodePoint[code_point]);
  }
  return bytes;
}

}  // namespace cambium
