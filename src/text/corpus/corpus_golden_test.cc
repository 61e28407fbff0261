// SPDX-License-Identifier: Apache-2.0
// Pins the bytes of the corpus: SHA-256 of the first 200 records of each kind for seed 1, each
// followed by a zero byte. A change of tables or templates changes them, and with them the
// reference runs that were trained on the corpus: change both on purpose, together.
#include <gtest/gtest.h>

#include "base/hash.h"
#include "text/corpus/corpus.h"

namespace cambium {
namespace {

std::string HashOf(RecordKind kind, CorpusSplit split) {
  const Corpus corpus(1, split);
  Sha256 hash;
  for (uint64_t i = 0; i < 200; ++i) {
    const std::string text = corpus.RecordOfKind(kind, i).text;
    hash.Update(text.c_str(), text.size() + 1);
  }
  return ToHex(hash.Finish());
}

struct Golden {
  RecordKind kind;
  std::string_view train;
  std::string_view held_out;
};

constexpr Golden kGolden[] = {
    {RecordKind::kStory, "4079bf692879777596fb329e0d4b016fd8d02173a411d8185cf01159e07afc2e",
     "d654c89860597fd1781feee30a57a41aa0fd04d5c7b4170f3c587cecfc315b82"},
    {RecordKind::kStoryQuestion, "8d587ad54358899d53956fcdea7139012a30e96f95fbef029ba03757888f87fe",
     "f36d240cc4c0ff982b5cf479b10ec5ba04b6e86fe0cfe091c257a83ef7b20edb"},
    {RecordKind::kWorldFacts, "c91540a7634836ae7c7c732cef8321676fafe0721d43a42a6025d1083d36ba29",
     "025ca6fa1f2e2558fa6de4aa29312dcc4a536b84732edbc8112715ebb54d05f7"},
    {RecordKind::kWorldQuestion, "5c3dbfd7f2d22995835a178457049f4e5fe7bd33ad96650cee66e0fb363e5911",
     "75b3f839c856fbc3154c86869f3b23a39c9cf174eb59d8a873866af55f793052"},
    {RecordKind::kArithmetic, "df15e461e6d6b3fce6bc52ce4dc3757e9d4bc5009341b78a742c67aaf70a6f18",
     "fcaebe36c6b0e88ed4975de194129ed83ce759c13f4ca8c8c4d2bc81041e31b4"},
    {RecordKind::kArithmeticSteps,
     "e11c51ffe82bbb950b963b9a297c375b92db3b55faf60b29915c094935ef18a4",
     "08f75b4783b8d23d4e041ae51acd81c3658bc04854d766529958fcda5b5537bf"},
    {RecordKind::kWordProblem, "c326544ccaaa466b8d87de88d1f57a0b31b2621089464acf9a029720a6fd3db0",
     "b5343389c896840a150be33cedd398ca66917681108fe471165b154c1b0f4501"},
    {RecordKind::kStringPuzzle, "d2df4b7d2b18cacfc9edb82a8baf5de622efe40e52b5505db26e9fe753c57386",
     "1c3654be0d555ce2b10558e2309567a5a6e0645611ff1bf9888f5921311d0520"},
    {RecordKind::kStringSteps, "a60c4a927128cf4adca2d70f074f6bfda70c6c652589aee78738ba52beb29a6b",
     "b4d40f1d60e530f1226c60e5280d8db6f218f6dda7b2e255d06019af49cd3613"},
};

TEST(CorpusGolden, BytesOfEveryKind) {
  static_assert(std::size(kGolden) == kNumRecordKinds);
  for (const Golden& golden : kGolden) {
    EXPECT_EQ(HashOf(golden.kind, CorpusSplit::kTrain), golden.train)
        << RecordKindName(golden.kind);
    EXPECT_EQ(HashOf(golden.kind, CorpusSplit::kHeldOut), golden.held_out)
        << RecordKindName(golden.kind);
  }
}

}  // namespace
}  // namespace cambium
