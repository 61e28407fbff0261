// SPDX-License-Identifier: Apache-2.0
#include "cli/text_table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace cambium {
namespace {

using Align = TableColumn::Align;

TEST(TextTableTest, AlignsColumns) {
  TextTable table({{.name = "NAME"}, {.name = "N", .align = Align::kRight}, {.name = "LAST"}});
  table.AddRow({"a", "1", "x"});
  table.AddRow({"größer", "123", ""});
  EXPECT_EQ(table.Format(),
            "NAME      N  LAST\n"
            "a         1  x\n"
            "größer  123\n");
}

TEST(TextTableTest, CutsTheWidestColumnThatMayShrink) {
  TextTable table(
      {{.name = "KEY"}, {.name = "A", .may_shrink = true}, {.name = "B", .may_shrink = true}});
  table.AddRow({"key", "äääääääääääääääääääää", "bbbbbb"});
  EXPECT_EQ(table.Format(20),
            "KEY  A        B\n"
            "key  ääääää…  bbbbbb\n");
  EXPECT_EQ(TextWidth("key  ääääää…  bbbbbb"), 20u);
}

TEST(TextTableTest, ControlCharactersCannotBreakTheTable) {
  TextTable table({{.name = "A"}});
  table.AddRow({"x\ny\x1b[0m\tz"});
  EXPECT_EQ(table.Format(), "A\nx y [0m z\n");
}

TEST(TextTableTest, TooManyFixedColumnsStillPrint) {
  TextTable table({{.name = "A"}, {.name = "B", .may_shrink = true}});
  table.AddRow({"0123456789", "0123456789"});
  EXPECT_EQ(table.Format(5), "A           B\n0123456789  012…\n");
}

TEST(WrapTextTest, BreaksAtSpaces) {
  EXPECT_EQ(WrapText("one two three", 7), "one two\nthree");
  EXPECT_EQ(WrapText("one two three", 6), "one\ntwo\nthree");
  EXPECT_EQ(WrapText("incomprehensible x", 5), "incomprehensible\nx");
  EXPECT_EQ(WrapText("a\nb  c ", 80), "a\nb c");
  EXPECT_EQ(WrapText("", 80), "");
}

TEST(WrapFieldTest, HangsTheValue) {
  EXPECT_EQ(WrapField("name", 6, "a value"), "name   a value\n");
  const std::string words = std::string(40, 'x') + " " + std::string(40, 'y');
  EXPECT_EQ(WrapField("name", 6, words),
            "name   " + std::string(40, 'x') + "\n       " + std::string(40, 'y') + "\n");
}

}  // namespace
}  // namespace cambium
