// SPDX-License-Identifier: Apache-2.0
#include "cli/option_checks.h"

#include <gtest/gtest.h>

namespace cambium {
namespace {

// Empty: valid.
std::string Message(const CLI::Validator& check, std::string text) { return check(text); }

TEST(OptionChecksTest, WholeNumbers) {
  for (const char* text : {"1", "7", "18446744073709551615"}) {
    EXPECT_EQ(Message(WholeNumber(1), text), "") << text;
  }
  for (const char* text :
       {"0", "-1", "", "x", "1.5", "1e3", "+1", " 1", "0x1", "1_000", "18446744073709551616"}) {
    EXPECT_NE(Message(WholeNumber(1), text), "") << text;
  }
  EXPECT_EQ(Message(WholeNumber(1), "0"), "'0' is not a whole number of at least 1");
  EXPECT_EQ(Message(WholeNumber(2, 9), "10"), "'10' is not a whole number from 2 to 9");
  EXPECT_EQ(Message(WholeNumber(2, 9), "9"), "");
}

TEST(OptionChecksTest, Numbers) {
  EXPECT_EQ(Message(NumberFrom(0, 1), "1"), "");
  EXPECT_EQ(Message(NumberBelow(0, 1), "0.999"), "");
  EXPECT_EQ(Message(NumberAbove(0), "1e-9"), "");
  EXPECT_EQ(Message(NumberFrom(0, 1), "1.1"), "'1.1' is not a number from 0 to 1");
  EXPECT_EQ(Message(NumberBelow(0, 1), "1"), "'1' is not a number of at least 0 and below 1");
  EXPECT_EQ(Message(NumberAbove(0), "0"), "'0' is not a number above 0");
  EXPECT_EQ(Message(NumberAbove(0, 1), "2"), "'2' is not a number above 0 and at most 1");
  for (const char* text : {"nan", "inf", "", "x", "1x"}) {
    EXPECT_NE(Message(NumberAbove(-1), text), "") << text;
  }
}

TEST(OptionChecksTest, Quantities) {
  EXPECT_EQ(Message(CountFrom(1), "10k"), "");
  EXPECT_EQ(Message(SizeFrom(1), "1KiB"), "");
  EXPECT_EQ(Message(DurationFrom(5), "1m"), "");
  EXPECT_EQ(Message(CountFrom(1), "0"), "'0' is not a count of at least 1");
  EXPECT_EQ(Message(SizeFrom(1), "0"), "'0' is not a size of at least 1 B");
  EXPECT_EQ(Message(DurationFrom(5), "4s"), "'4s' is not a time of at least 5s");
  EXPECT_NE(Message(CountFrom(1), "many").find("10k"), std::string::npos) << "says how";
}

TEST(OptionChecksTest, Names) {
  EXPECT_EQ(Message(OneOf({"a", "b"}), "b"), "");
  EXPECT_EQ(Message(OneOf({"a", "b"}), "c"), "'c' is not one of: a, b");
}

}  // namespace
}  // namespace cambium
