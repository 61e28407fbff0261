// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "text/corpus/generators.h"
#include "text/corpus/world.h"

namespace cambium {

CorpusRecord MakeWorldFacts(CorpusRandom& random, CorpusSplit split) {
  const World world = DrawWorld(random, split);
  CorpusRecord record;
  record.text = TellWorld(world, random);
  record.key = "town " + world.town;
  return record;
}

CorpusRecord MakeWorldQuestion(CorpusRandom& random, CorpusSplit split) {
  const World world = DrawWorld(random, split);
  std::string prompt = TellWorld(world, random);
  const std::vector<WorldQuestion> questions = AskWorld(world, random, random.Between(1, 4));
  // The last question is the one to score; those before it stand answered in the prompt.
  for (size_t i = 0; i < questions.size(); ++i) {
    prompt += "\nQuestion: " + questions[i].question + "\nAnswer:";
    if (i + 1 < questions.size()) prompt += ' ' + questions[i].answer;
  }
  return QuestionRecord(std::move(prompt), "", ' ' + questions.back().answer, "town " + world.town);
}

}  // namespace cambium
