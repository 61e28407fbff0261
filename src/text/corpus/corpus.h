// SPDX-License-Identifier: Apache-2.0
// The built-in corpus: endless plain English made by rule, a pure function of (seed, split, index).
// Short stories whose state stays consistent, little worlds of invented facts with questions,
// arithmetic and string puzzles with and without worked steps. Integer arithmetic and fixed tables
// only, so every platform makes the same bytes (corpus_golden_test.cc pins them). Thread-safe: all
// methods are const and share nothing.
//
// Train and held-out never meet, whatever the seeds. The side is a hash of the content (split.h):
//   stories     the cast and the matter: plot, hero (kind and name), friend's name, main object
//   worlds      the name of the invented town; each town belongs wholly to one side
//   arithmetic  operation and operands, order of commuting operands ignored. The facts of one digit
//               (7 + 8, 15 - 8, 7 * 8, which worked steps are made of) are always train. A train
//               record uses train operations only, in its steps too; the operation that a held-out
//               record asks for is held out. Short sums hardly repeat: in the first 1500 held-out
//               records no two ask the same (held_out_problems.h), not even with operands swapped
//   strings     puzzle and argument, e.g. "reverse lantern"
// Numbers inside stories and worlds are small counts and not covered by the arithmetic rule.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "text/corpus/split.h"

namespace cambium {

enum class RecordKind {
  kStory,
  kStoryQuestion,
  kWorldFacts,
  kWorldQuestion,
  kArithmetic,
  kArithmeticSteps,
  kWordProblem,
  kStringPuzzle,
  kStringSteps,
};
inline constexpr int kNumRecordKinds = 9;

// "story", "world_question", ...
std::string_view RecordKindName(RecordKind kind);
// The kind of that name; throws kInvalidArgument with the list of names.
RecordKind RecordKindFromName(std::string_view name);

// text == prompt + work + answer. Without a question (stories, facts) all but text are empty.
// An answer starts with a space, so that a prompt never ends in one (a trap for BPE tokenizers).
struct CorpusRecord {
  RecordKind kind = RecordKind::kStory;
  std::string text;
  std::string prompt;
  std::string work;    // worked steps up to and including "Answer:"; empty for direct questions
  std::string answer;  // " 47"
  std::string key;     // what the split was decided on; operations separated by ';'
  uint64_t index = 0;
};

// How often each kind comes up among records, in parts of their sum, by RecordKind.
using CorpusMix = std::array<uint32_t, kNumRecordKinds>;
// About half of the bytes are stories; most of the records are short sums.
extern const CorpusMix kDefaultCorpusMix;

class Corpus {
 public:
  // Throws kInvalidArgument if the mix is all zeros.
  Corpus(uint64_t seed, CorpusSplit split, const CorpusMix& mix = kDefaultCorpusMix);

  // The kind is drawn from the mix.
  CorpusRecord Record(uint64_t index) const;
  // Record(i) equals RecordOfKind(k, i) for the kind k that it drew.
  CorpusRecord RecordOfKind(RecordKind kind, uint64_t index) const;

 private:
  uint64_t seed_;
  CorpusSplit split_;
  CorpusMix mix_;
  uint32_t mix_sum_ = 0;
};

// One line, without the newline: {"text":..., "kind":...} and, where there is a question,
// "prompt", "work" (if any) and "answer".
std::string ToJsonLine(const CorpusRecord& record);

// Scores what a model wrote after record.prompt. A record with worked steps is judged by what
// follows the first "Answer:", any other by its first line; spaces around it and one full stop at
// its end are ignored. False if the record has no answer.
bool CheckAnswer(const CorpusRecord& record, std::string_view completion);

}  // namespace cambium
