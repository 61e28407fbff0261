// SPDX-License-Identifier: Apache-2.0
#include "cli/line_editor.h"

#include <gtest/gtest.h>

namespace cambium {
namespace {

// The line with a bar where the cursor is.
std::string Show(const EditedLine& line) {
  std::string shown = line.text();
  return shown.insert(line.cursor(), "|");
}

TEST(LineEditor, MovesByCharactersAndWords) {
  EditedLine line;
  line.Insert("h\xc3\xa9 \xe4\xb8\xad  x");
  EXPECT_EQ(Show(line), "h\xc3\xa9 \xe4\xb8\xad  x|");
  line.WordLeft();
  line.WordLeft();
  EXPECT_EQ(Show(line), "h\xc3\xa9 |\xe4\xb8\xad  x");
  line.Right();
  EXPECT_EQ(Show(line), "h\xc3\xa9 \xe4\xb8\xad|  x");
  line.Left();
  line.Left();
  line.Left();
  EXPECT_EQ(Show(line), "h|\xc3\xa9 \xe4\xb8\xad  x");
  line.WordRight();
  EXPECT_EQ(Show(line), "h\xc3\xa9| \xe4\xb8\xad  x");
  line.Home();
  line.Left();
  EXPECT_EQ(Show(line), "|h\xc3\xa9 \xe4\xb8\xad  x");
  line.End();
  line.Right();
  line.WordRight();
  EXPECT_EQ(line.cursor(), line.text().size());
}

TEST(LineEditor, Deletes) {
  EditedLine line;
  line.Set("one tw\xc3\xb6 three");
  line.DeleteWord();
  EXPECT_EQ(Show(line), "one tw\xc3\xb6 |");
  line.Backspace();
  line.Backspace();
  EXPECT_EQ(Show(line), "one tw|");
  line.Home();
  line.Delete();
  line.Backspace();
  EXPECT_EQ(Show(line), "|ne tw");
  line.WordRight();
  line.DeleteToEnd();
  EXPECT_EQ(Show(line), "ne|");
  line.Left();
  line.DeleteToBegin();
  EXPECT_EQ(Show(line), "|e");
  line.End();
  line.Delete();
  EXPECT_EQ(Show(line), "e|");
}

TEST(LineEditor, KnowsWhereTerminalsWrap) {
  const auto place = [](std::string_view text) {
    const ScreenPlace behind = PlaceBehind(text, 5);
    return std::pair(behind.row, behind.column);
  };
  EXPECT_EQ(place(""), std::pair(size_t{0}, size_t{0}));
  EXPECT_EQ(place("abc"), std::pair(size_t{0}, size_t{3}));
  EXPECT_EQ(place("abcde"), std::pair(size_t{1}, size_t{0}));
  EXPECT_EQ(place("abcdefg"), std::pair(size_t{1}, size_t{2}));
  EXPECT_EQ(place("h\xc3\xa9"), std::pair(size_t{0}, size_t{2}));
  EXPECT_EQ(place("e\xcc\x81"), std::pair(size_t{0}, size_t{1}));             // a combining accent
  EXPECT_EQ(place("\xe4\xb8\xad"), std::pair(size_t{0}, size_t{2}));          // CJK
  EXPECT_EQ(place("abcd\xf0\x9f\x98\x80"), std::pair(size_t{1}, size_t{2}));  // does not fit
}

}  // namespace
}  // namespace cambium
