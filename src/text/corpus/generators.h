// SPDX-License-Identifier: Apache-2.0
// The generators behind Corpus, one per kind. Each makes one record of the wanted split from the
// draws it is given, and draws again until the content belongs there. They fill text, prompt, work,
// answer and key.
#pragma once

#include "text/corpus/corpus.h"
#include "text/corpus/corpus_random.h"
#include "text/corpus/split.h"

namespace cambium {

CorpusRecord MakeStory(CorpusRandom& random, CorpusSplit split);
CorpusRecord MakeStoryQuestion(CorpusRandom& random, CorpusSplit split);
CorpusRecord MakeWorldFacts(CorpusRandom& random, CorpusSplit split);
CorpusRecord MakeWorldQuestion(CorpusRandom& random, CorpusSplit split);
CorpusRecord MakeArithmetic(CorpusRandom& random, CorpusSplit split);
CorpusRecord MakeArithmeticSteps(CorpusRandom& random, CorpusSplit split);
CorpusRecord MakeWordProblem(CorpusRandom& random, CorpusSplit split);
CorpusRecord MakeStringPuzzle(CorpusRandom& random, CorpusSplit split);
CorpusRecord MakeStringSteps(CorpusRandom& random, CorpusSplit split);

// A record with text = prompt + work + answer.
CorpusRecord QuestionRecord(std::string prompt, std::string work, std::string answer,
                            std::string key);

}  // namespace cambium
