// SPDX-License-Identifier: Apache-2.0
#include "cli/quantities.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace cambium {
namespace {

TEST(QuantitiesTest, Counts) {
  EXPECT_EQ(ParseCount("0"), 0u);
  EXPECT_EQ(ParseCount("1500"), 1500u);
  EXPECT_EQ(ParseCount("10k"), 10'000u);
  EXPECT_EQ(ParseCount("2.5M"), 2'500'000u);
  EXPECT_EQ(ParseCount("0.001k"), 1u);
  EXPECT_EQ(ParseCount("1G"), 1'000'000'000u);
  for (const char* text : {"", "k", "-1", "-0", "1.5", "0.0001k", "10 k", "10q", "1e3", "nan",
                           "inf", "1kk", "99999999999999999999", "10MiB", "+5", "0x10"}) {
    EXPECT_THROW(ParseCount(text), Error) << text;
  }
}

TEST(QuantitiesTest, Sizes) {
  EXPECT_EQ(ParseSizeBytes("10M"), 10'000'000u);
  EXPECT_EQ(ParseSizeBytes("10MB"), 10'000'000u);
  EXPECT_EQ(ParseSizeBytes("5B"), 5u);
  EXPECT_EQ(ParseSizeBytes("64KiB"), 65'536u);
  EXPECT_EQ(ParseSizeBytes("1.5GiB"), 1'610'612'736u);
  for (const char* text : {"", "B", "10Mib", "1.5", "-1M", "MiB", "5BB"}) {
    EXPECT_THROW(ParseSizeBytes(text), Error) << text;
  }
}

TEST(QuantitiesTest, Durations) {
  EXPECT_EQ(ParseDuration("45"), 45);
  EXPECT_EQ(ParseDuration("90s"), 90);
  EXPECT_EQ(ParseDuration("10m"), 600);
  EXPECT_EQ(ParseDuration("1h30m"), 5400);
  EXPECT_EQ(ParseDuration("1h1.5s"), 3601.5);
  for (const char* text : {"", "m", "10x", "1m1h", "5m5m", "-1s", "1h-5m", "10 m", "1e20h"}) {
    EXPECT_THROW(ParseDuration(text), Error) << text;
  }
}

}  // namespace
}  // namespace cambium
