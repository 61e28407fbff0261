// SPDX-License-Identifier: Apache-2.0
#include "text/byte_unicode.h"

#include <gtest/gtest.h>

#include <set>

namespace cambium {
namespace {

TEST(ByteUnicode, KnownForms) {
  EXPECT_EQ(BytesToPrintable("a b"), "a\u0120b");
  EXPECT_EQ(BytesToPrintable("\n"), "\u010a");
  EXPECT_EQ(BytesToPrintable(std::string_view("\0", 1)), "\u0100");
  EXPECT_EQ(BytesToPrintable("\x7f"), "\u0121");
  EXPECT_EQ(BytesToPrintable("\xad"), "\u0143");  // the last of the 68
  EXPECT_EQ(BytesToPrintable("\xc3\xa9"), "\u00c3\u00a9");
}

TEST(ByteUnicode, EveryByteHasItsOwnFormAndComesBack) {
  std::set<std::string> forms;
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    const std::string printable = BytesToPrintable(one);
    forms.insert(printable);
    EXPECT_EQ(PrintableToBytes(printable), one) << byte;
    all += one;
  }
  EXPECT_EQ(forms.size(), 256u);
  EXPECT_EQ(PrintableToBytes(BytesToPrintable(all)), all);
}

TEST(ByteUnicode, RefusesWhatIsNotAPrintableForm) {
  EXPECT_EQ(PrintableToBytes(""), "");
  for (const std::string_view bad : {" ", "\n", "a b", "\x7f", "\u0144", "\u00ad", "\u20ac", "\xc4",
                                     "\xc4"
                                     "a",
                                     "\xc0\xa1", "\xc1\xa1", "\x80", "\xff", "\xf0\x9f\x98\x80"}) {
    EXPECT_EQ(PrintableToBytes(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace cambium
