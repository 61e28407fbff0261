// SPDX-License-Identifier: Apache-2.0
#include "text/pre_tokenizer.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/random_text_test_util.h"
#include "text/utf8_repair.h"

namespace cambium {
namespace {

using Pieces = std::vector<std::string_view>;

std::string Join(const Pieces& pieces) {
  std::string text;
  for (const std::string_view piece : pieces) text += piece;
  return text;
}

TEST(PreTokenizer, KnownPieces) {
  const PreTokenizer gpt2("gpt-2");
  EXPECT_EQ(
      gpt2.Split("Hello, y'all! It's 1234  x\n\n y"),
      (Pieces{"Hello", ",", " y", "'", "all", "!", " It", "'s", " 1234", " ", " x", "\n\n", " y"}));
  EXPECT_EQ(gpt2.Split("I'LL"), (Pieces{"I", "'", "LL"}));
  const PreTokenizer qwen2("qwen2");
  EXPECT_EQ(qwen2.Split("Hello, y'all! I'LL 1234  x\n\n y (ok)...\n"),
            (Pieces{"Hello", ",", " y", "'all", "!", " I", "'LL", " ", "1", "2", "3", "4", " ",
                    " x", "\n\n", " y", " (", "ok", ")...\n"}));
  EXPECT_EQ(PreTokenizer("llama-bpe").Split("12345 6"), (Pieces{"123", "45", " ", "6"}));
  EXPECT_EQ(PreTokenizer("gpt-4o").Split("camelCaseHTTPs don't a//\n"),
            (Pieces{"camel", "Case", "HTTPs", " don't", " a", "//\n"}));
  EXPECT_EQ(PreTokenizer("default").Split("ab1234c (x)"),
            (Pieces{"ab", "123", "4", "c", " ", "(", "x", ")"}));
  EXPECT_EQ(PreTokenizer("starcoder").Split("x 12"), (Pieces{"x", " ", "1", "2"}));
}

TEST(PreTokenizer, BeyondAscii) {
  EXPECT_EQ(PreTokenizer("qwen2").Split("für Äpfel\u3000\u3000日本語。½ 😀!"),
            (Pieces{"für", " Äpfel", "\u3000", "\u3000日本語", "。", "½", " 😀!"}));
  // U+0085 and U+2003 are white space, U+180E and U+200B are not.
  EXPECT_EQ(PreTokenizer("gpt-2").Split("a\u0085\u2003b\u180e\u200b"),
            (Pieces{"a", "\u0085", "\u2003", "b", "\u180e\u200b"}));
  // The long s is not an "s" after an apostrophe.
  EXPECT_EQ(PreTokenizer("qwen2").Split("it'ſa"), (Pieces{"it", "'ſa"}));
}

TEST(PreTokenizer, IllFormedBytesAreTheirOwnPieces) {
  for (const std::string& name : PreTokenizer::Names()) {
    const PreTokenizer pre(name);
    EXPECT_EQ(pre.Split("a\xff\xfe"
                        "b\xe2\x82"),
              (Pieces{"a", "\xff\xfe", "b", "\xe2\x82"}))
        << name;
    // White space before them is at the end of its stretch.
    EXPECT_EQ(pre.Split(" \t\xff"), PreTokenizer(name).Split(" \t").size() == 1
                                        ? (Pieces{" \t", "\xff"})
                                        : (Pieces{" ", "\t", "\xff"}))
        << name;
  }
}

TEST(PreTokenizer, AsciiMatcherEqualsRegex) {
  for (const char* name : {"gpt-2", "llama-bpe", "qwen2"}) {
    const PreTokenizer pre(name);
    for (uint64_t i = 0; i < 20000; ++i) {
      const std::string text = RandomText(i % 2 == 0 ? AsciiFragments() : WideFragments(), i, 12);
      ASSERT_EQ(pre.Split(text), pre.SplitByRegexOnly(text))
          << name << ": text " << i << " " << text;
    }
    // Every text of up to 4 of these characters, one or more of each class.
    const std::string_view alphabet = "as1 \n\r\t'.\xc3";
    for (size_t n = 0; n < 10000; ++n) {
      std::string text;
      for (size_t k = 0, digits = n; k < 4; ++k, digits /= 10) {
        text += alphabet[digits % 10];
        if (text.back() == '\xc3') text += '\xa9';
      }
      ASSERT_EQ(pre.Split(text), pre.SplitByRegexOnly(text)) << name << ": " << text;
    }
  }
}

TEST(PreTokenizer, PiecesJoinToTheTextForAnyBytes) {
  for (const std::string& name : PreTokenizer::Names()) {
    const PreTokenizer pre(name);
    for (uint64_t i = 0; i < 500; ++i) {
      const std::string text = i % 2 == 0 ? RandomBytes(i, 64) : RandomText(WideFragments(), i, 30);
      const Pieces pieces = pre.Split(text);
      ASSERT_EQ(Join(pieces), text) << name << " " << i;
      for (const std::string_view piece : pieces) {
        ASSERT_FALSE(piece.empty());
        // No character is torn apart.
        ASSERT_TRUE(IsValidUtf8(piece) || ValidUtf8PrefixBytes(piece) == 0) << name << " " << i;
      }
    }
  }
}

TEST(PreTokenizer, ACutAtASafePlaceChangesNothing) {
  for (const std::string& name : PreTokenizer::Names()) {
    const PreTokenizer pre(name);
    size_t num_cuts = 0;
    for (uint64_t i = 0; i < 2000; ++i) {
      const std::string text = RandomText(WideFragments(), i, 60) + " tail";
      const Pieces whole = pre.Split(text);
      for (size_t cut = FindSafeCut(text, 1); cut < text.size(); cut = FindSafeCut(text, cut + 1)) {
        Pieces parts = pre.Split(std::string_view(text).substr(0, cut));
        for (const auto piece : pre.Split(std::string_view(text).substr(cut))) {
          parts.push_back(piece);
        }
        ASSERT_EQ(parts, whole) << name << " " << i << " at " << cut;
        ++num_cuts;
      }
    }
    EXPECT_GT(num_cuts, 100u);
  }
}

// Longer than what PCRE2's JIT has stack for, and of the kinds that backtrack.
TEST(PreTokenizer, HugeRuns) {
  for (const std::string& name : PreTokenizer::Names()) {
    const PreTokenizer pre(name);
    for (const std::string_view unit : {"A", "a", " ", "\n", "é", "日", "É", "!", "7", "\xff"}) {
      std::string text;
      while (text.size() < 300000) text += unit;
      EXPECT_EQ(Join(pre.Split(text)), text) << name << " " << unit;
      text += "x";
      EXPECT_EQ(Join(pre.Split(text)), text) << name << " " << unit;
    }
  }
}

TEST(PreTokenizer, UnknownNameIsATypedError) {
  EXPECT_FALSE(PreTokenizer::IsKnown("gpt-5"));
  EXPECT_TRUE(PreTokenizer::IsKnown("qwen2"));
  try {
    PreTokenizer pre("gpt-5");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  }
}

}  // namespace
}  // namespace cambium
