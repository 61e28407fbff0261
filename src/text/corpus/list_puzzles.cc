// SPDX-License-Identifier: Apache-2.0
// String puzzles about lists of words, numbers and patterns.
#include <algorithm>
#include <string>

#include "base/check.h"
#include "text/corpus/string_task.h"
#include "text/corpus/words.h"

namespace cambium {
namespace {

// Different plain words.
std::vector<std::string> DrawWords(CorpusRandom& random, int count) {
  std::vector<std::string> words;
  while (static_cast<int>(words.size()) < count) {
    std::string word(random.Pick(PlainWords()));
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  }
  return words;
}

StringTask SortWords(CorpusRandom& random) {
  std::vector<std::string> words = DrawWords(random, random.Between(3, 5));
  const std::string before = Joined(words, ", ");
  std::sort(words.begin(), words.end());
  return {"Put these words in alphabetical order: " + before + ".", "", Joined(words, ", "),
          "sort words " + Joined(words, " ")};
}

StringTask Initials(CorpusRandom& random) {
  const std::vector<std::string> words = DrawWords(random, random.Between(3, 5));
  std::string initials;
  for (const std::string& word : words) initials += word[0];
  return {"Join the first letters of these words: " + Joined(words, ", ") + ".", "", initials,
          "initials " + Joined(words, " ")};
}

StringTask WordInList(CorpusRandom& random) {
  const std::vector<std::string> words = DrawWords(random, random.Between(3, 6));
  const uint32_t count = static_cast<uint32_t>(words.size());
  const std::string list = Joined(words, ", ");
  const std::string key = ' ' + Joined(words, " ");
  const uint32_t at = random.Below(count);
  switch (random.Below(4)) {
    case 0:
      return {"Which word comes after \"" + words[at % (count - 1)] + "\" in this list? " + list,
              "", words[at % (count - 1) + 1], "after " + std::to_string(at % (count - 1)) + key};
    case 1:
      return {"What is the last word of this list? " + list, "", words.back(), "last word" + key};
    case 2:
      return {"How many words are in this list? " + list, "", std::to_string(count),
              "number of words" + key};
    default:
      return {"What is the " + std::string(Ordinal(static_cast<int>(at) + 1)) +
                  " word of this list? " + list,
              "", words[at], "word " + std::to_string(at) + key};
  }
}

StringTask LongestWord(CorpusRandom& random) {
  const bool longest = random.OneIn(2);
  for (;;) {
    const std::vector<std::string> words = DrawWords(random, random.Between(3, 4));
    size_t best = 0;
    bool tie = false;
    for (size_t i = 1; i < words.size(); ++i) {
      const size_t size = words[i].size();
      const size_t record = words[best].size();
      if (size == record) tie = true;
      if (longest ? size > record : size < record) {
        best = i;
        tie = false;
      }
    }
    if (tie) continue;
    const std::string which = longest ? "longest" : "shortest";
    return {"Which word is the " + which + ": " + Joined(words, ", ") + "?", "", words[best],
            which + ' ' + Joined(words, " ")};
  }
}

StringTask ReverseWords(CorpusRandom& random) {
  std::vector<std::string> words = DrawWords(random, random.Between(2, 5));
  const std::string before = Joined(words, " ");
  std::reverse(words.begin(), words.end());
  return {"Write these words in reverse order: " + before, "", Joined(words, " "),
          "reverse words " + before};
}

StringTask Copy(CorpusRandom& random) {
  std::string text;
  const int length = random.Between(3, 7);
  const bool letters = random.OneIn(2);
  for (int i = 0; i < length; ++i) {
    if (i > 0) text += ' ';
    if (letters) text += static_cast<char>('a' + random.Below(26));
    if (!letters) text += random.Pick(PlainWords());
  }
  return {"Copy: " + text, "", text, "copy " + text};
}

StringTask RepeatingPattern(CorpusRandom& random) {
  const int period = random.Between(2, 3);
  const int shown = random.Between(2 * period, 3 * period);
  std::vector<std::string> unit;
  if (random.OneIn(2)) {
    unit = DrawWords(random, period);
  } else {
    for (int i = 0; i < period; ++i)
      unit.emplace_back(1, static_cast<char>('a' + random.Below(26)));
  }
  std::vector<std::string> pattern;
  pattern.reserve(static_cast<size_t>(shown));
  for (int i = 0; i < shown; ++i) pattern.push_back(unit[static_cast<size_t>(i % period)]);
  const std::string text = Joined(pattern, " ");
  return {"What comes next? " + text, "", unit[static_cast<size_t>(shown % period)],
          "next " + text};
}

StringTask NumberPattern(CorpusRandom& random) {
  const int start = random.Between(0, 40);
  const int step = random.Between(1, 10);
  const bool down = random.OneIn(4);
  std::vector<std::string> pattern;
  pattern.reserve(4);
  for (int i = 0; i < 4; ++i) {
    pattern.push_back(std::to_string(start + step * (down ? 4 - i : i)));
  }
  const std::string text = Joined(pattern, ", ");
  return {"What number comes next? " + text, "", std::to_string(down ? start : start + 4 * step),
          "next number " + text};
}

}  // namespace

StringTask DrawListTask(CorpusRandom& random, int type) {
  switch (type) {
    case 12:
      return SortWords(random);
    case 13:
      return Initials(random);
    case 14:
      return WordInList(random);
    case 15:
      return LongestWord(random);
    case 16:
      return ReverseWords(random);
    case 17:
      return Copy(random);
    case 18:
      return RepeatingPattern(random);
    default:
      CHECK(type == 19);
      return NumberPattern(random);
  }
}

std::string DrawWord(CorpusRandom& random) {
  if (random.Percent(70)) return std::string(random.Pick(PlainWords()));
  std::string word;
  const int length = random.Between(3, 6);
  for (int i = 0; i < length; ++i) word += static_cast<char>('a' + random.Below(26));
  return word;
}

std::string Spelled(std::string_view word) {
  std::string spelled;
  for (size_t i = 0; i < word.size(); ++i) {
    if (i > 0) spelled += ' ';
    spelled += word[i];
  }
  return spelled;
}

std::string_view Ordinal(int n) {
  static constexpr std::string_view kOrdinals[] = {"first", "second", "third",    "fourth",
                                                   "fifth", "sixth",  "seventh",  "eighth",
                                                   "ninth", "tenth",  "eleventh", "twelfth"};
  CHECK(n >= 1 && n <= 12);
  return kOrdinals[n - 1];
}

std::string Joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string result;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) result += separator;
    result += words[i];
  }
  return result;
}

}  // namespace cambium
