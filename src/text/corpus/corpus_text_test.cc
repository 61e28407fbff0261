// SPDX-License-Identifier: Apache-2.0
// What the records say: well-formed English, and answers that are right when worked out again here.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "text/corpus/corpus.h"
#include "text/corpus/text_builder.h"

namespace cambium {
namespace {

constexpr CorpusSplit kSplits[] = {CorpusSplit::kTrain, CorpusSplit::kHeldOut};

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }

// The first thing wrong with the text, or "".
std::string Fault(const std::string& text) {
  if (text.empty()) return "empty";
  if (text.back() == ' ' || text.back() == '\n') return "space at the end";
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '\n' && (c < ' ' || c > '~')) return "not plain ASCII";
    if (std::string_view("{}[]|^").find(c) != std::string_view::npos) return "template left over";
    const std::string_view rest = std::string_view(text).substr(i);
    for (const std::string_view bad : {"  ", " .", " ,", " \n", "\n\n", "..", ",,", ",.", " !"}) {
      if (rest.starts_with(bad)) return "'" + std::string(bad) + "'";
    }
    if (rest.starts_with(". ") && rest.size() > 2 && IsLower(rest[2])) return "no capital";
    if (rest.starts_with(" a ") && StartsWithVowelSound(rest.substr(3))) return "a for an";
    if (rest.starts_with(" an ") && !StartsWithVowelSound(rest.substr(4))) return "an for a";
  }
  if (std::count(text.begin(), text.end(), '"') % 2 != 0) return "quotes do not match";
  return "";
}

TEST(CorpusText, ReadsAsWellFormedEnglish) {
  for (const CorpusSplit split : kSplits) {
    const Corpus corpus(5, split);
    for (const RecordKind kind :
         {RecordKind::kStory, RecordKind::kStoryQuestion, RecordKind::kWorldFacts,
          RecordKind::kWorldQuestion, RecordKind::kWordProblem}) {
      for (uint64_t i = 0; i < 4000; ++i) {
        const std::string text = corpus.RecordOfKind(kind, i).text;
        ASSERT_EQ(Fault(text), "") << text;
      }
    }
  }
}

TEST(CorpusText, StoriesHaveTheLengthOfShortStories) {
  const Corpus corpus(5, CorpusSplit::kTrain);
  for (uint64_t i = 0; i < 4000; ++i) {
    const std::string text = corpus.RecordOfKind(RecordKind::kStory, i).text;
    const auto words = std::count_if(text.begin(), text.end(), [](char c) { return c <= ' '; }) + 1;
    ASSERT_GE(words, 80) << text;
    ASSERT_LE(words, 250) << text;
  }
}

TEST(CorpusText, QuestionsCarryTheirAnswer) {
  for (int k = 0; k < kNumRecordKinds; ++k) {
    const RecordKind kind = static_cast<RecordKind>(k);
    const bool asks = kind != RecordKind::kStory && kind != RecordKind::kWorldFacts;
    const Corpus corpus(6, CorpusSplit::kHeldOut);
    for (uint64_t i = 0; i < 1000; ++i) {
      const CorpusRecord record = corpus.RecordOfKind(kind, i);
      ASSERT_EQ(record.answer.empty(), !asks);
      if (!asks) continue;
      ASSERT_EQ(record.text, record.prompt + record.work + record.answer);
      ASSERT_GT(record.answer.size(), 1u) << record.text;
      ASSERT_EQ(record.answer[0], ' ') << record.text;
      ASSERT_NE(record.prompt.back(), ' ') << record.text;
      ASSERT_TRUE(CheckAnswer(record, record.work + record.answer)) << record.text;
      ASSERT_FALSE(CheckAnswer(record, record.work + record.answer + "x")) << record.text;
    }
  }
}

int Evaluate(int a, char sign, int b) {
  if (sign == '+') return a + b;
  if (sign == '-') return a - b;
  if (sign == '*') return a * b;
  return b != 0 && a % b == 0 ? a / b : -1;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads "12" at `at` and moves past it; -1 if there is no number.
int ReadNumber(std::string_view text, size_t& at) {
  int n = -1;
  while (at < text.size() && IsDigit(text[at])) n = std::max(n, 0) * 10 + (text[at++] - '0');
  return n;
}

// Reads "12 + 35" or "12 + 35 + 1" at `at` and moves past it; false if there is none.
bool ReadFormula(std::string_view text, size_t& at, int& result) {
  result = ReadNumber(text, at);
  if (result < 0) return false;
  int terms = 1;
  while (at + 3 < text.size() && text[at] == ' ' && text[at + 2] == ' ' && IsDigit(text[at + 3]) &&
         std::string_view("+-*/").find(text[at + 1]) != std::string_view::npos) {
    const char sign = text[at + 1];
    at += 3;
    result = Evaluate(result, sign, ReadNumber(text, at));
    ++terms;
  }
  return terms > 1;
}

// Checks every "a + b = c" of the record and, after a prompt that asks for a formula, the answer.
// Returns how many were checked.
int CheckSums(const CorpusRecord& record) {
  const std::string& text = record.text;
  int checked = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!IsDigit(text[i]) || (i > 0 && text[i - 1] != ' ' && text[i - 1] != '\n')) continue;
    int result = 0;
    size_t at = i;
    if (!ReadFormula(text, at, result)) continue;
    if (text.compare(at, 3, " = ") == 0) {
      at += 3;
      EXPECT_EQ(ReadNumber(text, at), result) << text;
      ++checked;
    }
    if (i < record.prompt.size() && text.compare(at, 3, " = ") != 0) {
      EXPECT_EQ(" " + std::to_string(result), record.answer) << text;
      ++checked;
    }
    i = at;
  }
  return checked;
}

TEST(CorpusText, SumsAreRight) {
  int checked = 0;
  for (const CorpusSplit split : kSplits) {
    const Corpus corpus(9, split);
    for (const RecordKind kind :
         {RecordKind::kArithmetic, RecordKind::kArithmeticSteps, RecordKind::kWordProblem}) {
      for (uint64_t i = 0; i < 3000; ++i) checked += CheckSums(corpus.RecordOfKind(kind, i));
    }
  }
  EXPECT_GT(checked, 20000);
}

// The word in quotes in the prompt, if the prompt has one of the phrases; else "".
std::string QuotedAfter(const std::string& prompt,
                        std::initializer_list<std::string_view> phrases) {
  for (const std::string_view phrase : phrases) {
    const size_t at = prompt.find(phrase);
    if (at == std::string::npos) continue;
    const size_t start = at + phrase.size();
    return prompt.substr(start, prompt.find('"', start) - start);
  }
  return "";
}

TEST(CorpusText, WordPuzzlesAreRight) {
  const Corpus corpus(9, CorpusSplit::kTrain);
  int checked = 0;
  for (const RecordKind kind : {RecordKind::kStringPuzzle, RecordKind::kStringSteps}) {
    for (uint64_t i = 0; i < 4000; ++i) {
      const CorpusRecord record = corpus.RecordOfKind(kind, i);
      const std::string& prompt = record.prompt;
      std::string expected = QuotedAfter(
          prompt, {"Reverse the word \"", "Spell backwards: \"", "Write in reverse: \""});
      std::reverse(expected.begin(), expected.end());
      const std::string counted =
          QuotedAfter(prompt, {"How many letters are in \"", "Count the letters of \""});
      if (!counted.empty()) expected = std::to_string(counted.size());
      std::string sorted = QuotedAfter(prompt, {"Sort the letters of \""});
      std::sort(sorted.begin(), sorted.end());
      if (!sorted.empty()) expected = sorted;
      if (expected.empty()) continue;
      ++checked;
      ASSERT_EQ(record.answer, " " + expected) << record.text;
    }
  }
  EXPECT_GT(checked, 1000);
}

TEST(CorpusText, AnswersAboutWorldsAndStoriesFollowFromTheText) {
  const Corpus corpus(9, CorpusSplit::kHeldOut);
  for (const RecordKind kind : {RecordKind::kStoryQuestion, RecordKind::kWorldQuestion}) {
    int in_text = 0;
    for (uint64_t i = 0; i < 3000; ++i) {
      const CorpusRecord record = corpus.RecordOfKind(kind, i);
      std::string answer = record.answer.substr(1);
      // Numbers, yes and no, the weekday after another one, and kinds of thing that are named by
      // other words cannot be looked up.
      for (const std::string_view article : {"a ", "an ", "the "}) {
        if (answer.starts_with(article)) answer = answer.substr(article.size());
      }
      in_text += record.prompt.find(answer) < record.prompt.rfind("Question:");
    }
    EXPECT_GT(in_text, kind == RecordKind::kStoryQuestion ? 2700 : 2200);
  }
}

}  // namespace
}  // namespace cambium
