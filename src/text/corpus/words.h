// SPDX-License-Identifier: Apache-2.0
// The word tables of the corpus: names, animals, places, things and adjectives. Their order is part
// of what the golden test pins: a changed table changes every record.
// Immutable, built at first use; thread-safe.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace cambium {

// A table written as one text, items separated by '|' or, if there is none in it, by spaces. The
// text must outlive the list (a literal).
class WordList {
 public:
  explicit WordList(std::string_view text);
  size_t size() const { return words_.size(); }
  const std::string_view& operator[](size_t i) const { return words_[i]; }

 private:
  std::vector<std::string_view> words_;
};

const WordList& GirlNames();
const WordList& BoyNames();
const WordList& AnimalNames();    // fit he and she
const WordList& AnimalKinds();    // small animals that can be the hero of a story
const WordList& TownSyllables();  // first halves
const WordList& TownEndings();    // second halves
const WordList& CreatureNames();  // invented animals
const WordList& PlainWords();     // common words for string puzzles, 3 to 9 letters
const WordList& Colours();
const WordList& Fruits();
const WordList& CountNouns();  // regular plurals: "apple"
const WordList& Jobs();
const WordList& Pets();
const WordList& WeekDays();
// A list by its name in templates ("#fruit", without the '#'); CHECK fails for an unknown name.
const WordList& NamedList(std::string_view name);

}  // namespace cambium
