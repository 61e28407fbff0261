// SPDX-License-Identifier: Apache-2.0
#include "text/utf8_repair.h"

#include <gtest/gtest.h>

#include <string>

namespace cambium {
namespace {

std::string Repaired(std::string text, uint64_t expected_count) {
  EXPECT_EQ(RepairUtf8(text), expected_count);
  EXPECT_TRUE(IsValidUtf8(text));
  return text;
}

TEST(Utf8Repair, ValidTextIsUntouched) {
  const std::string text =
      "plain ascii, 8+ bytes; \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF";
  EXPECT_TRUE(IsValidUtf8(text));
  EXPECT_EQ(Repaired(text, 0), text);
  EXPECT_TRUE(IsValidUtf8(""));
}

// Unicode 15, section 3.9, tables 3-8 to 3-11.
TEST(Utf8Repair, MaximalSubpartsAsUnicodePrintsThem) {
  const std::string r(kReplacementCharacter);
  EXPECT_EQ(Repaired("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", 8),
            r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(Repaired("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", 8),
            r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(Repaired("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", 7),
            r + r + r + r + r + "A" + r + r + "B");
  EXPECT_EQ(Repaired("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", 4), r + r + r + r + "A");
}

TEST(Utf8Repair, EveryCodePointEncodedIsValidAndSurrogatesAreNot) {
  for (uint32_t c = 0; c < 0x110000; c += c < 0x3000 ? 1 : 37) {
    std::string text;
    if (c < 0x80) {
      text = {static_cast<char>(c)};
    } else if (c < 0x800) {
      text = {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 63))};
    } else if (c < 0x10000) {
      text = {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
              static_cast<char>(0x80 | (c & 63))};
    } else {
      text = {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 63)),
              static_cast<char>(0x80 | (c >> 6 & 63)), static_cast<char>(0x80 | (c & 63))};
    }
    ASSERT_EQ(IsValidUtf8(text), c < 0xD800 || c > 0xDFFF) << c;
    if (c < 0xD800 || c > 0xDFFF) {
      for (size_t n = 1; n < text.size(); ++n) {
        ASSERT_EQ(IncompleteUtf8TailBytes("xy" + text.substr(0, n)), n) << c;
      }
      ASSERT_EQ(IncompleteUtf8TailBytes("xy" + text), 0u) << c;
    }
  }
}

// A cut before the incomplete tail never changes the repair, at any place of any bytes.
TEST(Utf8Repair, CutsDoNotChangeTheResult) {
  uint32_t state = 1;
  for (int round = 0; round < 300; ++round) {
    static constexpr uint8_t kBytes[] = {0x41, 0x80, 0xBF, 0xC3, 0xE0, 0xA0, 0xED, 0x9F,
                                         0xF0, 0x90, 0xF4, 0x8F, 0xFF, 0xE2, 0x82, 0xAC};
    std::string text;
    for (int i = 0; i < 24; ++i) {
      state = state * 1664525 + 1013904223;
      text += static_cast<char>(kBytes[state >> 28]);
    }
    std::string whole = text;
    const uint64_t num_whole = RepairUtf8(whole);
    EXPECT_EQ(CountInvalidUtf8(text).num_sequences, num_whole);
    for (size_t end = 0; end <= text.size(); ++end) {
      const size_t cut = end - IncompleteUtf8TailBytes(text.substr(0, end));
      std::string a = text.substr(0, cut);
      std::string b = text.substr(cut);
      const uint64_t num_parts = RepairUtf8(a) + RepairUtf8(b);
      ASSERT_EQ(a + b, whole);
      ASSERT_EQ(num_parts, num_whole);
    }
  }
}

}  // namespace
}  // namespace cambium
