// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include "text/corpus/generators.h"
#include "text/corpus/string_task.h"
#include "text/corpus/words.h"

namespace cambium {
namespace {

std::string Quoted(std::string_view word) { return '"' + std::string(word) + '"'; }

StringTask Reverse(CorpusRandom& random) {
  const std::string word = DrawWord(random);
  const std::string backwards(word.rbegin(), word.rend());
  static constexpr std::string_view kAsk[] = {"Reverse the word ",
                                              "Spell backwards: ", "Write in reverse: "};
  const uint32_t ask = random.Below(3);
  return {std::string(kAsk[ask]) + Quoted(word) + ".",
          "letters: " + Spelled(word) + "\nbackwards: " + Spelled(backwards) + '\n', backwards,
          "reverse " + word};
}

StringTask CountLetters(CorpusRandom& random) {
  const std::string word = DrawWord(random);
  std::string work;
  for (size_t i = 0; i < word.size(); ++i) {
    work += std::string(i > 0 ? ", " : "") + word[i] + ' ' + std::to_string(i + 1);
  }
  return {random.OneIn(2) ? "How many letters are in " + Quoted(word) + "?"
                          : "Count the letters of " + Quoted(word) + ".",
          work + '\n', std::to_string(word.size()), "length " + word};
}

StringTask CountOneLetter(CorpusRandom& random) {
  const std::string word = DrawWord(random);
  const char letter = random.Percent(85) ? word[random.Below(static_cast<uint32_t>(word.size()))]
                                         : static_cast<char>('a' + random.Below(26));
  int count = 0;
  std::string work;
  for (const char c : word) {
    if (c == letter) ++count;
    if (!work.empty()) work += ", ";
    work += c;
    work += c == letter ? " yes " + std::to_string(count) : " no";
  }
  return {std::string("How many times is the letter ") + letter + " in " + Quoted(word) + "?",
          work + '\n', std::to_string(count), std::string("count ") + letter + ' ' + word};
}

StringTask NthLetter(CorpusRandom& random) {
  const std::string word = DrawWord(random);
  const uint32_t n = random.Below(static_cast<uint32_t>(word.size()));
  std::string work;
  for (uint32_t i = 0; i <= n; ++i) {
    work += std::to_string(i + 1) + ' ' + word[i] + (i < n ? ", " : "\n");
  }
  const std::string place(Ordinal(static_cast<int>(n) + 1));
  return {"What is the " + place + " letter of " + Quoted(word) + "?", work,
          std::string(1, word[n]), "letter " + std::to_string(n + 1) + ' ' + word};
}

StringTask SortLetters(CorpusRandom& random) {
  const std::string word = DrawWord(random);
  std::string sorted = word;
  std::sort(sorted.begin(), sorted.end());
  return {"Sort the letters of " + Quoted(word) + " from a to z.",
          "letters: " + Spelled(word) + "\nsorted: " + Spelled(sorted) + '\n', sorted,
          "sort " + word};
}

StringTask ReplaceLetter(CorpusRandom& random) {
  const std::string word = DrawWord(random);
  const char from = word[random.Below(static_cast<uint32_t>(word.size()))];
  const char to = static_cast<char>('a' + random.Below(26));
  std::string changed = word;
  std::replace(changed.begin(), changed.end(), from, to);
  return {std::string("In ") + Quoted(word) + ", change every " + from + " to " + to + ".",
          "before: " + Spelled(word) + "\nafter: " + Spelled(changed) + '\n', changed,
          std::string("replace ") + from + ' ' + to + ' ' + word};
}

StringTask RemoveLetter(CorpusRandom& random) {
  std::string word = DrawWord(random);
  while (word.size() < 4) word = DrawWord(random);
  const char gone = word[random.Below(static_cast<uint32_t>(word.size()))];
  std::string left;
  for (const char c : word) {
    if (c != gone) left += c;
  }
  if (left.empty()) left = "nothing";
  return {std::string("Take every ") + gone + " out of " + Quoted(word) + ".",
          "letters: " + Spelled(word) + '\n', left, std::string("remove ") + gone + ' ' + word};
}

StringTask Palindrome(CorpusRandom& random) {
  std::string word = DrawWord(random);
  if (random.OneIn(2)) {
    word.resize(std::min<size_t>(word.size(), 4));
    const size_t skip = random.Below(2);
    word += std::string(word.rbegin() + static_cast<ptrdiff_t>(skip), word.rend());
  }
  const std::string backwards(word.rbegin(), word.rend());
  return {"Is " + Quoted(word) + " the same backwards?",
          "forwards: " + Spelled(word) + "\nbackwards: " + Spelled(backwards) + '\n',
          word == backwards ? "yes" : "no", "palindrome " + word};
}

StringTask SpellOut(CorpusRandom& random) {
  const std::string word = DrawWord(random);
  std::string work;
  for (size_t i = 0; i < word.size(); ++i) {
    work += std::string(Ordinal(static_cast<int>(i) + 1)) + ' ' + word[i] + '\n';
  }
  return {"Spell " + Quoted(word) + " letter by letter.", work, Spelled(word), "spell " + word};
}

StringTask EndLetter(CorpusRandom& random) {
  const std::string word = DrawWord(random);
  const bool first = random.OneIn(2);
  const std::string which = first ? "first" : "last";
  return {"What is the " + which + " letter of " + Quoted(word) + "?", "",
          std::string(1, first ? word.front() : word.back()),
          // The first letter is also asked for as the letter at place 1.
          (first ? "letter 1 " : "last ") + word};
}

StringTask UpperCase(CorpusRandom& random) {
  const std::string word = DrawWord(random);
  std::string upper = word;
  for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
  if (random.OneIn(3)) {
    return {"Write " + Quoted(upper) + " in small letters.", "", word, "lower " + word};
  }
  return {"Write " + Quoted(word) + " in capital letters.", "", upper, "upper " + word};
}

StringTask Repeat(CorpusRandom& random) {
  const std::string word = DrawWord(random);
  const int times = random.Between(2, 5);
  return {"Write " + Quoted(word) + ' ' + std::to_string(times) + " times.", "",
          Joined(std::vector<std::string>(static_cast<size_t>(times), word), " "),
          "repeat " + std::to_string(times) + ' ' + word};
}

CorpusRecord FromTask(CorpusRandom& random, CorpusSplit split, int num_types, bool with_steps) {
  const int type = random.Between(0, num_types - 1);
  StringTask task = DrawStringTask(random, type);
  while (SplitOf(task.key) != split) task = DrawStringTask(random, type);
  std::string prompt = random.OneIn(3) ? "Question: " + task.question : std::move(task.question);
  if (with_steps) {
    return QuestionRecord(prompt + " Show the steps.\n", task.work + "Answer:", " " + task.answer,
                          std::move(task.key));
  }
  return QuestionRecord(prompt + "\nAnswer:", "", " " + task.answer, std::move(task.key));
}

}  // namespace

StringTask DrawStringTask(CorpusRandom& random, int type) {
  switch (type) {
    case 0:
      return Reverse(random);
    case 1:
      return CountLetters(random);
    case 2:
      return CountOneLetter(random);
    case 3:
      return NthLetter(random);
    case 4:
      return SortLetters(random);
    case 5:
      return ReplaceLetter(random);
    case 6:
      return RemoveLetter(random);
    case 7:
      return Palindrome(random);
    case 8:
      return SpellOut(random);
    case 9:
      return EndLetter(random);
    case 10:
      return UpperCase(random);
    case 11:
      return Repeat(random);
    default:
      return DrawListTask(random, type);
  }
}

CorpusRecord MakeStringPuzzle(CorpusRandom& random, CorpusSplit split) {
  return FromTask(random, split, kNumStringTaskTypes, false);
}

CorpusRecord MakeStringSteps(CorpusRandom& random, CorpusSplit split) {
  return FromTask(random, split, kNumStringTaskTypesWithSteps, true);
}

}  // namespace cambium
