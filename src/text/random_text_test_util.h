// SPDX-License-Identifier: Apache-2.0
// Random texts for the tests of this folder: made of what pre-tokenizers decide about.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/philox.h"

namespace cambium {

// Fragments of ASCII, in which every class of character and every contraction is frequent.
inline const std::vector<std::string_view>& AsciiFragments() {
  static const std::vector<std::string_view> fragments = {"a",    "Zb",   "word",
                                                          "HTTP", "s",    "t",
                                                          "re",   "LL",   "0",
                                                          "12",   "3456", " ",
                                                          "  ",   "   ",  "\t",
                                                          "\n",   "\r",   "\r\n",
                                                          "\n\n", "\v",   "\f",
                                                          "'",    "'s",   "'S",
                                                          "'re",  "'Ve",  "'ll",
                                                          "'lL",  "'d",   "'m",
                                                          ".",    "!?",   "/",
                                                          "//",   "-",    "(",
                                                          "\"",   "_",    std::string_view("\0", 1),
                                                          "\x01", "\x1c", "\x7f",
                                                          "<|"};
  return fragments;
}

// The same with characters beyond ASCII (letters, marks, numbers, spaces, emoji), and with bytes
// that are not UTF-8.
inline std::vector<std::string_view> WideFragments() {
  std::vector<std::string_view> fragments = AsciiFragments();
  for (const std::string_view wide :
       {"é",      "ß",      "É",      "e\u0301", "\u0301", "日本",   "ー",     "г",      "Д",
        "ǅ",      "½",      "²",      "٣",       "Ⅷ",      "\u0085", "\u00a0", "\u2003", "\u3000",
        "\u180e", "\u2028", "\u200b", "‘",       "。",     "€",      "😀",      "🏽",   "ſ"}) {
    fragments.push_back(wide);
  }
  for (const std::string_view broken :
       {"\xff", "\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xed\xa0\x80", "\xc0\xaf"}) {
    fragments.push_back(broken);
  }
  return fragments;
}

// The text number `index` of the given fragments, of up to max_fragments.
inline std::string RandomText(const std::vector<std::string_view>& fragments, uint64_t index,
                              uint64_t max_fragments) {
  const Philox random(7, RandomPurpose::kTest);
  std::string text;
  const uint64_t count = random.Below(max_fragments + 1, index, 0);
  for (uint64_t i = 1; i <= count; ++i) {
    text += fragments[random.Below(fragments.size(), index, i)];
  }
  return text;
}

// Any bytes.
inline std::string RandomBytes(uint64_t index, uint64_t max_size) {
  const Philox random(8, RandomPurpose::kTest);
  std::string bytes(random.Below(max_size + 1, index, 0), '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(random.Below(256, index, i + 1));
  }
  return bytes;
}

}  // namespace cambium
