// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "text/corpus/generators.h"
#include "text/corpus/plots.h"

namespace cambium {

CorpusRecord MakeStory(CorpusRandom& random, CorpusSplit split) {
  const Plot& plot = random.Pick(Plots());
  Story story(plot, random, split);
  plot.tell(story);
  CorpusRecord record;
  record.text = story.TakeText();
  record.key = story.key();
  return record;
}

CorpusRecord MakeStoryQuestion(CorpusRandom& random, CorpusSplit split) {
  const Plot& plot = random.Pick(Plots());
  Story story(plot, random, split);
  plot.tell(story);
  const StoryQuestion question = story.DrawQuestion();
  return QuestionRecord(story.TakeText() + "\nQuestion: " + question.question + "\nAnswer:", "",
                        ' ' + question.answer, story.key());
}

}  // namespace cambium
