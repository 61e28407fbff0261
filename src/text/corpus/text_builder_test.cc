// SPDX-License-Identifier: Apache-2.0
#include "text/corpus/text_builder.h"

#include <gtest/gtest.h>

#include <set>

namespace cambium {
namespace {

std::string Expanded(std::string_view pattern,
                     std::initializer_list<std::string_view> values = {}) {
  CorpusRandom random(1, 2, 3);
  TextBuilder out(random);
  out.Expand(pattern, values);
  return out.Take();
}

TEST(TextBuilder, ArticleBeforeVowelSound) {
  EXPECT_EQ(Expanded("He saw a {0} and a {1}.", {"owl", "dog"}), "He saw an owl and a dog.");
  EXPECT_EQ(Expanded("a {0} and a {1}", {"hour", "unicorn"}), "An hour and a unicorn");
  EXPECT_EQ(Expanded("banana {0}", {"apple"}), "Banana apple");
}

TEST(TextBuilder, CapitalsAtSentencesAndQuotes) {
  EXPECT_EQ(Expanded("{0} ran. {1} sat.", {"she", "he"}), "She ran. He sat.");
  EXPECT_EQ(Expanded("Mia said, \"{0} is here.\" {1} left.", {"he", "she"}),
            "Mia said, \"He is here.\" She left.");
  EXPECT_EQ(Expanded("\"Oh!\" {0} said.", {"she"}), "\"Oh!\" she said.");
  EXPECT_EQ(Expanded("\"Oh!\" ^{0} left.", {"she"}), "\"Oh!\" She left.");
}

TEST(TextBuilder, SeamsHaveOneSpace) { EXPECT_EQ(Expanded("one [] two []."), "One two."); }

TEST(TextBuilder, EveryAlternativeComesUp) {
  std::set<std::string> seen;
  for (uint64_t i = 0; i < 200; ++i) {
    CorpusRandom random(1, i, 0);
    TextBuilder out(random);
    out.Expand("[a1|b[2|3]|]");
    seen.insert(out.Take());
  }
  EXPECT_EQ(seen, (std::set<std::string>{"", "A1", "B2", "B3"}));
}

TEST(TextBuilder, JoinsLists) {
  const std::string items[] = {"a", "b", "c"};
  EXPECT_EQ(JoinList(std::span(items, 1)), "a");
  EXPECT_EQ(JoinList(std::span(items, 2)), "a and b");
  EXPECT_EQ(JoinList(items), "a, b and c");
  EXPECT_EQ(NumberWord(20), "twenty");
  EXPECT_EQ(NumberWord(21), "21");
}

}  // namespace
}  // namespace cambium
