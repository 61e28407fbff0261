// SPDX-License-Identifier: Apache-2.0
#include "text/corpus/corpus.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <unordered_set>

#include "base/error.h"
#include "base/json.h"

namespace cambium {
namespace {

constexpr int kManyRecords = 20000;

std::vector<std::string> SplitKeys(const std::string& text) {
  std::vector<std::string> keys;
  std::istringstream stream(text);
  for (std::string key; std::getline(stream, key, ';');) keys.push_back(key);
  return keys;
}

RecordKind Kind(int k) { return static_cast<RecordKind>(k); }

bool IsArithmetic(RecordKind kind) {
  return kind == RecordKind::kArithmetic || kind == RecordKind::kArithmeticSteps ||
         kind == RecordKind::kWordProblem;
}

TEST(Corpus, RecordIsAFunctionOfSeedSplitAndIndex) {
  const Corpus a(7, CorpusSplit::kTrain);
  const Corpus b(7, CorpusSplit::kTrain);
  const Corpus other_seed(8, CorpusSplit::kTrain);
  const Corpus held_out(7, CorpusSplit::kHeldOut);
  int same_seed = 0;
  int same_split = 0;
  for (uint64_t i = 500; i-- > 0;) {
    const CorpusRecord record = a.Record(i);
    EXPECT_EQ(record.index, i);
    EXPECT_EQ(record.text, b.RecordOfKind(record.kind, i).text);
    same_seed += record.text == other_seed.Record(i).text;
    same_split += record.text == held_out.Record(i).text;
  }
  EXPECT_LT(same_seed, 5);
  EXPECT_EQ(same_split, 0);
  EXPECT_NE(a.Record(uint64_t{1} << 40).text, a.Record(0).text);
}

TEST(Corpus, TrainAndHeldOutNeverMeet) {
  for (int k = 0; k < kNumRecordKinds; ++k) {
    // Different seeds: the split is a function of the content alone.
    const Corpus train(1, CorpusSplit::kTrain);
    const Corpus held_out(2, CorpusSplit::kHeldOut);
    std::unordered_set<std::string> train_keys;
    std::unordered_set<std::string> train_texts;
    for (uint64_t i = 0; i < kManyRecords; ++i) {
      const CorpusRecord record = train.RecordOfKind(Kind(k), i);
      train_texts.insert(record.text);
      if (!IsArithmetic(record.kind)) train_keys.insert(record.key);
      if (IsArithmetic(record.kind)) {
        for (std::string& key : SplitKeys(record.key)) train_keys.insert(std::move(key));
      }
    }
    for (uint64_t i = 0; i < kManyRecords; ++i) {
      const CorpusRecord record = held_out.RecordOfKind(Kind(k), i);
      ASSERT_FALSE(train_texts.contains(record.text)) << record.text;
      const std::string key =
          IsArithmetic(record.kind) ? SplitKeys(record.key).front() : record.key;
      ASSERT_FALSE(train_keys.contains(key)) << key;
    }
  }
}

// As many records of the mix as the quickstart holds out.
constexpr uint64_t kQuickstartHeldOut = 1500;

TEST(Corpus, ShortSumsOfTheQuickstartHardlyRepeat) {
  for (const uint64_t seed : {1, 2, 3}) {
    const Corpus corpus(seed, CorpusSplit::kHeldOut);
    std::unordered_set<std::string> texts, asked;
    size_t count = 0;
    for (uint64_t i = 0; i < kQuickstartHeldOut; ++i) {
      const CorpusRecord record = corpus.Record(i);
      if (record.kind != RecordKind::kArithmetic) continue;
      ++count;
      texts.insert(record.text);
      asked.insert(SplitKeys(record.key).front());  // also the other way round, or in other words
    }
    EXPECT_GT(count, 700u);
    EXPECT_LT(static_cast<double>(count - texts.size()), 0.02 * static_cast<double>(count));
    EXPECT_LT(static_cast<double>(count - asked.size()), 0.02 * static_cast<double>(count));
  }
}

TEST(Corpus, HeldOutSumsAreUsedNowhereInTraining) {
  const RecordKind kKinds[] = {RecordKind::kArithmetic, RecordKind::kArithmeticSteps,
                               RecordKind::kWordProblem};
  std::unordered_set<std::string> used;
  const Corpus train(1, CorpusSplit::kTrain);
  for (const RecordKind kind : kKinds) {
    for (uint64_t i = 0; i < kManyRecords; ++i) {
      for (std::string& key : SplitKeys(train.RecordOfKind(kind, i).key)) {
        used.insert(std::move(key));
      }
    }
  }
  const Corpus held_out(1, CorpusSplit::kHeldOut);
  for (const RecordKind kind : kKinds) {
    for (uint64_t i = 0; i < kQuickstartHeldOut; ++i) {
      const std::string asked = SplitKeys(held_out.RecordOfKind(kind, i).key).front();
      ASSERT_FALSE(used.contains(asked)) << asked;
    }
  }
}

TEST(Corpus, HeldOutIsAboutAnEighthOfTheContent) {
  int held_out = 0;
  for (int a = 0; a < 100; ++a) {
    for (int b = a; b < 100; ++b) {
      const std::string key = "add " + std::to_string(a) + ' ' + std::to_string(b);
      held_out += SplitOf(key) == CorpusSplit::kHeldOut;
    }
  }
  EXPECT_NEAR(held_out, 5050.0 / 8, 90);
}

TEST(Corpus, StoriesAreHardlyEverRepeated) {
  const Corpus corpus(3, CorpusSplit::kTrain);
  std::set<std::string> texts;
  for (uint64_t i = 0; i < 5000; ++i) texts.insert(corpus.RecordOfKind(RecordKind::kStory, i).text);
  EXPECT_EQ(texts.size(), 5000u);
}

TEST(Corpus, MixDecidesTheKinds) {
  CorpusMix only_sums{};
  only_sums[static_cast<size_t>(RecordKind::kArithmetic)] = 1;
  const Corpus corpus(1, CorpusSplit::kTrain, only_sums);
  for (uint64_t i = 0; i < 50; ++i) EXPECT_EQ(corpus.Record(i).kind, RecordKind::kArithmetic);
  EXPECT_THROW(Corpus(1, CorpusSplit::kTrain, CorpusMix{}), Error);
  const Corpus all(1, CorpusSplit::kTrain);
  std::set<RecordKind> seen;
  for (uint64_t i = 0; i < 2000; ++i) seen.insert(all.Record(i).kind);
  EXPECT_EQ(seen.size(), static_cast<size_t>(kNumRecordKinds));
}

TEST(Corpus, KindsHaveNames) {
  for (int k = 0; k < kNumRecordKinds; ++k) {
    EXPECT_EQ(RecordKindFromName(RecordKindName(Kind(k))), Kind(k));
  }
  EXPECT_THROW(RecordKindFromName("stories"), Error);
}

TEST(Corpus, JsonLineHoldsTheRecord) {
  const Corpus corpus(1, CorpusSplit::kTrain);
  const CorpusRecord sum = corpus.RecordOfKind(RecordKind::kArithmeticSteps, 3);
  const Json json = Json::parse(ToJsonLine(sum));
  EXPECT_EQ(json["text"], sum.text);
  EXPECT_EQ(json["kind"], "arithmetic_steps");
  EXPECT_EQ(json["prompt"].get<std::string>() + json["work"].get<std::string>() +
                json["answer"].get<std::string>(),
            sum.text);
  const std::string story = ToJsonLine(corpus.RecordOfKind(RecordKind::kStory, 3));
  EXPECT_EQ(story.find('\n'), std::string::npos);
  EXPECT_FALSE(Json::parse(story).contains("prompt"));
}

TEST(CheckAnswer, TakesTheFirstLine) {
  CorpusRecord record;
  record.answer = " 47";
  EXPECT_TRUE(CheckAnswer(record, " 47"));
  EXPECT_TRUE(CheckAnswer(record, "47.\n12 + 3 = 15"));
  EXPECT_TRUE(CheckAnswer(record, "\n 47 \n"));
  EXPECT_FALSE(CheckAnswer(record, "470"));
  EXPECT_FALSE(CheckAnswer(record, "4"));
  EXPECT_FALSE(CheckAnswer(record, "It is 47"));
  EXPECT_FALSE(CheckAnswer(record, ""));
  record.answer = "";
  EXPECT_FALSE(CheckAnswer(record, ""));
}

TEST(CheckAnswer, TakesWhatFollowsTheWork) {
  CorpusRecord record;
  record.work = "ones: 2 + 5 = 7\nAnswer:";
  record.answer = " 7";
  EXPECT_TRUE(CheckAnswer(record, "so 2 + 5 = 7\nAnswer: 7\nAnswer: 9"));
  EXPECT_FALSE(CheckAnswer(record, "7"));
  EXPECT_FALSE(CheckAnswer(record, "Answer: 8"));
}

}  // namespace
}  // namespace cambium
