// SPDX-License-Identifier: Apache-2.0
// What the records say: well-formed English, and answers that are right when worked out again here.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>

#include "text/corpus/corpus.h"
#include "text/corpus/text_builder.h"
#include "text/corpus/words.h"

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

// Every "a + b = c" or "a + b + c = d" in the text holds.
void ExpectSumsHold(const std::string& text) {
  static const std::regex sums("(\\d+) ([-+*/]) (\\d+)( \\+ (\\d+))? = (\\d+)");
  for (std::sregex_iterator it(text.begin(), text.end(), sums), end; it != end; ++it) {
    const std::smatch& m = *it;
    int result = Evaluate(std::stoi(m[1]), m[2].str()[0], std::stoi(m[3]));
    if (m[5].matched) result += std::stoi(m[5]);
    ASSERT_EQ(result, std::stoi(m[6])) << text;
  }
}

TEST(CorpusText, SumsAreRight) {
  int formulas = 0;
  for (const CorpusSplit split : kSplits) {
    const Corpus corpus(9, split);
    for (const RecordKind kind :
         {RecordKind::kArithmetic, RecordKind::kArithmeticSteps, RecordKind::kWordProblem}) {
      for (uint64_t i = 0; i < 3000; ++i) {
        const CorpusRecord record = corpus.RecordOfKind(kind, i);
        ExpectSumsHold(record.text);
        // The sum asked for in the prompt, against the answer after steps or none.
        static const std::regex asked("(\\d+) ([-+*/]) (\\d+)( =|\\?| step)");
        std::smatch m;
        if (!std::regex_search(record.prompt, m, asked)) continue;
        const bool chain = record.prompt.find('+') != record.prompt.rfind('+');
        if (chain || record.prompt.find("= ") != std::string::npos) continue;
        ++formulas;
        ASSERT_EQ(std::to_string(Evaluate(std::stoi(m[1]), m[2].str()[0], std::stoi(m[3]))),
                  record.answer.substr(1))
            << record.text;
      }
    }
  }
  EXPECT_GT(formulas, 9000);
}

TEST(CorpusText, WordPuzzlesAreRight) {
  const Corpus corpus(9, CorpusSplit::kTrain);
  const std::regex reversed("(Reverse|backwards: |reverse: ).*\"(\\w+)\"");
  const std::regex length("How many letters are in \"(\\w+)\"");
  const std::regex sorted("Sort the letters of \"(\\w+)\"");
  int checked = 0;
  for (const RecordKind kind : {RecordKind::kStringPuzzle, RecordKind::kStringSteps}) {
    for (uint64_t i = 0; i < 4000; ++i) {
      const CorpusRecord record = corpus.RecordOfKind(kind, i);
      std::smatch m;
      std::string expected;
      if (std::regex_search(record.prompt, m, reversed)) {
        expected = m[2];
        std::reverse(expected.begin(), expected.end());
      } else if (std::regex_search(record.prompt, m, length)) {
        expected = std::to_string(m[1].length());
      } else if (std::regex_search(record.prompt, m, sorted)) {
        expected = m[1];
        std::sort(expected.begin(), expected.end());
      } else {
        continue;
      }
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
