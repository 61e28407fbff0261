// SPDX-License-Identifier: Apache-2.0
// One string puzzle before it is put into words: what is asked, the worked steps and the answer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/corpus/corpus_random.h"

namespace cambium {

struct StringTask {
  std::string question;  // "Spell the word lamp backwards."
  std::string work;      // lines that end in '\n'; may be empty
  std::string answer;
  std::string key;  // "reverse lamp"
};

inline constexpr int kNumStringTaskTypes = 20;
// Types that have worked steps come first.
inline constexpr int kNumStringTaskTypesWithSteps = 9;

StringTask DrawStringTask(CorpusRandom& random, int type);
// The tasks about lists of words, numbers and patterns: types 12 and up.
StringTask DrawListTask(CorpusRandom& random, int type);

// A common word, or now and then a few random letters.
std::string DrawWord(CorpusRandom& random);
// "l a m p"
std::string Spelled(std::string_view word);
// "first", "second", ... for 1 to 12.
std::string_view Ordinal(int n);
std::string Joined(const std::vector<std::string>& words, std::string_view separator);

}  // namespace cambium
