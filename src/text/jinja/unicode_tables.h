// SPDX-License-Identifier: Apache-2.0
// Tables of Unicode 14 as CPython 3.11 has it, written by unicode_tables.py; ranges are sorted and
// apart. Read through unicode.h only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cambium::jinja {

struct CodeRange {
  uint32_t first, last, stride;  // first, first + stride, ... last
};

struct CodeMapping {
  uint32_t first, last, stride;
  int32_t difference;
};

struct SpecialMapping {
  uint32_t code;
  const char* utf8;  // several characters
};

extern const CodeRange kAlpha[], kDecimal[], kDigit[], kNumeric[], kPrintable[];
extern const size_t kAlphaSize, kDecimalSize, kDigitSize, kNumericSize, kPrintableSize;
extern const CodeRange kLower[], kUpper[], kTitle[], kCased[], kCaseIgnorable[];
extern const size_t kLowerSize, kUpperSize, kTitleSize, kCasedSize, kCaseIgnorableSize;
// Final sigma is context and not in kToLower; U+0130 lowers to two characters (unicode.cc).
extern const CodeMapping kToLower[], kToUpper[], kToTitle[];
extern const size_t kToLowerSize, kToUpperSize, kToTitleSize;
extern const SpecialMapping kSpecialUpper[], kSpecialTitle[];
extern const size_t kSpecialUpperSize, kSpecialTitleSize;

}  // namespace cambium::jinja
