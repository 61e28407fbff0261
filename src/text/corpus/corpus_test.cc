// SPDX-License-Identifier: Apache-2.0
#include "text/corpus/corpus.h"

#include <gtest/gtest.h>

namespace cambium {
namespace {
TEST(Corpus, X) { EXPECT_EQ(Corpus(1, CorpusSplit::kTrain).Record(0).index, 0u); }
}  // namespace
}  // namespace cambium
