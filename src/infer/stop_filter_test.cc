// SPDX-License-Identifier: Apache-2.0
#include "infer/stop_filter.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"

namespace cambium {
namespace {

TEST(StopFilter, ShowsNoPartOfAStopString) {
  StopFilter filter({"\n\n", "END"});
  EXPECT_EQ(filter.Push("one\n"), "one");
  EXPECT_EQ(filter.Push("two E"), "\ntwo ");
  EXPECT_EQ(filter.Push("N"), "");
  EXPECT_EQ(filter.Push("TER"), "ENTER");
  EXPECT_EQ(filter.Push(" EN"), " ");
  EXPECT_FALSE(filter.stopped());
  EXPECT_EQ(filter.Push("D of it"), "");
  EXPECT_TRUE(filter.stopped());
  EXPECT_EQ(filter.Push("more"), "");
  EXPECT_EQ(filter.Finish(), "");
}

TEST(StopFilter, GivesBackWhatItHeldAtTheEnd) {
  StopFilter filter({"END"});
  EXPECT_EQ(filter.Push("the EN"), "the ");
  EXPECT_EQ(filter.Finish(), "EN");
  EXPECT_FALSE(filter.stopped());
}

// However the text is cut, it ends before the stop string that is complete first.
TEST(StopFilter, DoesNotDependOnPieces) {
  const std::vector<std::string> stops = {"ababcc", "bb", "aac", "abb"};
  for (const std::string text : {"aabaababcc", "ababb", "aaaac", "abaabaa", "aabb", "ababbcc"}) {
    size_t begin = text.size(), end = text.size() + 1;
    for (size_t n = 1; n <= text.size() && end > text.size(); ++n) {
      for (const std::string& stop : stops) {
        if (!text.substr(0, n).ends_with(stop)) continue;
        end = n;
        begin = std::min(begin, n - stop.size());
      }
    }
    for (size_t mask = 0; mask < size_t{1} << (text.size() - 1); ++mask) {
      StopFilter filter(stops);
      std::string shown, piece;
      for (size_t i = 0; i < text.size(); ++i) {
        piece += text[i];
        if (((mask >> i) & 1) == 0 && i + 1 < text.size()) continue;
        shown += filter.Push(piece);
        ASSERT_TRUE(text.substr(0, begin).starts_with(shown)) << text << " " << mask;
        piece.clear();
      }
      shown += filter.Finish();
      ASSERT_EQ(shown, text.substr(0, begin)) << text << " " << mask;
      ASSERT_EQ(filter.stopped(), end <= text.size()) << text << " " << mask;
    }
  }
}

TEST(StopFilter, RefusesAnEmptyString) { EXPECT_THROW(StopFilter({"a", ""}), Error); }

}  // namespace
}  // namespace cambium
