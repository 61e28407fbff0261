// SPDX-License-Identifier: Apache-2.0
#include "text/corpus/corpus.h"

#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "text/corpus/corpus_random.h"
#include "text/corpus/generators.h"

namespace cambium {
namespace {

using Generator = CorpusRecord (*)(CorpusRandom&, CorpusSplit);

struct KindRow {
  std::string_view name;
  Generator make;
};

// By RecordKind.
constexpr KindRow kKinds[kNumRecordKinds] = {
    {"story", MakeStory},
    {"story_question", MakeStoryQuestion},
    {"world_facts", MakeWorldFacts},
    {"world_question", MakeWorldQuestion},
    {"arithmetic", MakeArithmetic},
    {"arithmetic_steps", MakeArithmeticSteps},
    {"word_problem", MakeWordProblem},
    {"string_puzzle", MakeStringPuzzle},
    {"string_steps", MakeStringSteps},
};

constexpr uint32_t kKindStream = 0;  // stream k + 1 makes records of kind k
constexpr uint32_t kStreamsPerSplit = 32;

uint32_t Stream(CorpusSplit split, uint32_t stream) {
  return (split == CorpusSplit::kHeldOut ? kStreamsPerSplit : 0) + stream;
}

}  // namespace

// Parts of 1000 records.
const CorpusMix kDefaultCorpusMix = {90, 12, 10, 30, 550, 70, 60, 100, 78};

std::string_view RecordKindName(RecordKind kind) { return kKinds[static_cast<int>(kind)].name; }

RecordKind RecordKindFromName(std::string_view name) {
  std::string names;
  for (int k = 0; k < kNumRecordKinds; ++k) {
    if (kKinds[k].name == name) return static_cast<RecordKind>(k);
    names += (k > 0 ? ", " : "") + std::string(kKinds[k].name);
  }
  Fail(ErrorCode::kInvalidArgument, "no kind of corpus record is called '{}'; there are: {}", name,
       names);
}

Corpus::Corpus(uint64_t seed, CorpusSplit split, const CorpusMix& mix)
    : seed_(seed), split_(split), mix_(mix) {
  uint64_t sum = 0;
  for (const uint32_t part : mix_) sum += part;
  if (sum == 0 || sum > 1000000) {
    Fail(ErrorCode::kInvalidArgument,
         "the parts of the corpus mix add up to {}; give at least one kind a part above 0, and "
         "1000000 in all at most",
         sum);
  }
  mix_sum_ = static_cast<uint32_t>(sum);
}

CorpusRecord Corpus::Record(uint64_t index) const {
  CorpusRandom random(seed_, index, Stream(split_, kKindStream));
  uint32_t draw = random.Below(mix_sum_);
  int kind = 0;
  while (draw >= mix_[static_cast<size_t>(kind)]) draw -= mix_[static_cast<size_t>(kind++)];
  return RecordOfKind(static_cast<RecordKind>(kind), index);
}

CorpusRecord Corpus::RecordOfKind(RecordKind kind, uint64_t index) const {
  const uint32_t k = static_cast<uint32_t>(kind);
  CorpusRandom random(seed_, index, Stream(split_, k + 1));
  CorpusRecord record = kKinds[k].make(random, split_);
  record.kind = kind;
  record.index = index;
  return record;
}

CorpusRecord QuestionRecord(std::string prompt, std::string work, std::string answer,
                            std::string key) {
  CorpusRecord record;
  record.text = prompt + work + answer;
  record.prompt = std::move(prompt);
  record.work = std::move(work);
  record.answer = std::move(answer);
  record.key = std::move(key);
  return record;
}

std::string ToJsonLine(const CorpusRecord& record) {
  Json json;
  json["text"] = record.text;
  json["kind"] = RecordKindName(record.kind);
  if (!record.answer.empty()) {
    json["prompt"] = record.prompt;
    if (!record.work.empty()) json["work"] = record.work;
    json["answer"] = record.answer;
  }
  return json.dump();
}

}  // namespace cambium
