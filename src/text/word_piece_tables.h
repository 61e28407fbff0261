// SPDX-License-Identifier: Apache-2.0
// Tables of Unicode, written by word_piece_tables.py; sorted. Read by word_piece_normalizer.cc
// only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cambium {

struct CharRange {
  char32_t first, last;
};

// A character and its canonical decomposition without nonspacing marks; unused parts are 0.
struct CharParts {
  char32_t code;
  char32_t parts[3];
};

extern const CharRange kNonspacingMarks[], kPunctuation[], kOther[];  // Mn; P*; Cc, Cf and Co
extern const size_t kNonspacingMarksSize, kPunctuationSize, kOtherSize;
extern const CharParts kBases[];
extern const size_t kBasesSize;

}  // namespace cambium
