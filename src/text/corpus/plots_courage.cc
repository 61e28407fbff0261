// SPDX-License-Identifier: Apache-2.0
// Plots about fear, practice and contests.
#include "text/corpus/plots.h"

namespace cambium {

void TellAfraidOfDark(Story& s) {
  s.Say(
      "[There was once|Once there was|In a house near {p} lived] a {A:d}. All day long {A} was "
      "[brave|full of fun], but at night {A:h} was afraid of the dark.");
  s.Say(
      "\"[There is something under my bed|I see eyes in the corner|The shadows are moving],\" "
      "{A:n} [said|whispered] every evening.");
  s.Take('A', 'x');
  s.Say("Even {A:s} {x}, which {A:h} held tight, did not help.");
  s.Paragraph();
  s.Say(
      "One night {B:t} came to stay. The wind blew out the [candle|lamp]. {A:n} [hid under the "
      "blanket|held {A:s} breath].");
  s.Meet('A', 'B');
  const uint32_t way = s.random().Below(3);
  if (way == 0) {
    s.Say(
        "\"Look out of the window,\" said {B:n}. {A:n} looked. The sky was full of stars. \"You "
        "can only see them when it is dark,\" said {B:n}.");
    s.Ask("What did {A:n} see out of the window?", "stars");
  } else if (way == 1) {
    s.Say(
        "Then {A} heard a small sound. It was {B:n}, who was crying. \"I am afraid, too,\" said "
        "{B:n}. So {A:n} took {B:s} hand and [sang a song|told a funny story|counted to fifty with "
        "{B:m}], and forgot {A:s} own fear.");
    s.Ask("Who was crying?", "{B:n}");
  } else {
    s.Say(
        "\"Come, we will look at the monster,\" said {B:n}. On tiptoe they went to the corner. "
        "There hung [an old coat|a wet towel|a big hat], and nothing else. They laughed until "
        "their bellies hurt.");
    s.Ask("Who stayed with {A:n} for the night?", "{B:n}");
  }
  s.Say(
      "[Soon they were both asleep.|After that the dark felt soft and quiet.] The {x:n} lay "
      "between {A:n} and the wall.");
  s.Ask("What was {A:n} afraid of?", "the dark");
  s.Close(Theme::kCourage);
}

void TellNoiseAtNight(Story& s) {
  s.Say(
      "[In the middle of the night|Late one night|One stormy night] a {A:d} woke up. There was a "
      "[strange|loud|soft] noise: [scratch, scratch|tap, tap, tap|bump, bump|squeak, squeak].");
  s.Feel('A', Mood::kScared);
  s.Take('A', 'x');
  s.Say(
      "{A} took a {x} and [crept to the door|tiptoed down the stairs|looked around the corner]. "
      "There stood {B:t} with wide eyes. \"Did you hear it, too?\" [whispered|asked] {B:n}.");
  s.Meet('A', 'B');
  s.Say(
      "\"Perhaps it is a [ghost|thief|dragon|wolf],\" said {A:n}. \"[Let us go back to bed|I want "
      "to hide],\" said {B:n}. \"No,\" said {A:n}. \"I want to know what it is.\"");
  s.Paragraph();
  s.Say(
      "Step by step they went [to the kitchen|down to the cellar|out into the yard|up to the "
      "attic]. The noise grew louder. {A:n} [counted to three|held up the {x:n}|took a deep "
      "breath] and pulled the door open.");
  const uint32_t what = s.random().Below(4);
  static constexpr std::string_view kCauses[] = {"a hungry hedgehog", "a branch in the wind",
                                                 "a lost kitten", "a little mouse"};
  static constexpr std::string_view kScenes[] = {
      "There sat a hungry hedgehog that was licking an empty plate.",
      "It was only a branch in the wind. It knocked on the window again and again.",
      "There sat a lost kitten, wet from the rain.",
      "It was a little mouse with a nut that was much too big for its hole."};
  s.Say(kScenes[what]);
  s.Say(what == 1
            ? "\"So that is our ghost!\" laughed {A:n}. {B:n} laughed, too, and they tied the "
              "branch back."
            : "\"Do not be afraid,\" said {A:n} softly. They gave it [some milk and bread|a warm "
              "place by the stove|something to eat], and it looked at them with bright eyes.");
  s.Ask("What made the noise?", kCauses[what]);
  s.Ask("Who wanted to know what the noise was?", "{A:n}");
  s.Ask("What did {A:n} carry?", "a {x}");
  s.Close(what == 1 ? Theme::kCourage : Theme::kKindness);
}

void TellPractice(Story& s) {
  s.Open();
  s.Meet('A', 'B');
  s.Say(
      "{A:n} saw {B:t}, who could {x:n} better than anyone. \"I want to {x:n}, too,\" {A:n} said.");
  s.Say(
      "But it was harder than it looked. The first time {A:h} tried, [it went all wrong|everybody "
      "laughed|nothing worked]. The second time was [no better|only a little better|even worse].");
  s.Feel('A', s.random().OneIn(2) ? Mood::kSad : Mood::kAngry);
  s.Say(
      "\"I will never learn to {x:n},\" said {A:n}. [\"I tried a hundred times before I could do "
      "it,\" said {B:n}.|\"Nobody can do it on the first day,\" said {B:n}.|\"Come back tomorrow, "
      "and I will show you how,\" said {B:n}.]");
  s.Paragraph();
  s.Say(
      "So {A} practised every {part}. [On the third day|After a week|Little by little] it went "
      "better. {C:n} watched and [clapped|nodded|smiled]. \"Keep going,\" {C:h} said.");
  s.Say(
      "[And then one day|One fine day|At last, on a Sunday,] {A} could do it! \"Look, {B:n}, I can "
      "{x:n}!\" {A:n} [shouted|cried].");
  s.Feel('A', Mood::kProud);
  s.Ask("What did {A:n} want to learn?", "to {x:n}");
  s.Ask("Who could {x:n} before {A:n} could?", "{B:n}");
  s.Close(Theme::kPatience);
}

void TellRace(Story& s) {
  s.Open();
  s.Say(
      "There was to be a big race that day, from {p} {q:t}. The prize was a {x}. {A:n} wanted to "
      "win it, and so did {B:t}.");
  s.Meet('A', 'B');
  s.Say(
      "\"[I am the fastest|Nobody can beat me|You will only see my back],\" said {B:n}. {A:n} "
      "[said nothing|only smiled|tied {A:s} shoes again].");
  s.Paragraph();
  s.Say(
      "\"Ready, steady, go!\" called {C:n}. They ran [past the mill|over the bridge|along the "
      "hedge]. {B:n} was in front.");
  const uint32_t way = s.random().Below(3);
  if (way == 0) {
    s.Say(
        "But half way {B:n} [stopped to pick {#berry}|lay down for a short nap|turned around to "
        "wave]. {A:n} ran on, step after step, and was first {q:i}.");
    s.Take('A', 'x');
    s.Say(
        "So {A:n} won the {x:n}. {B:n} [shook {A:s} hand|said, \"Well run!\"]. \"[Slow and steady "
        "wins|You never stopped],\" said {B:n}.");
  } else if (way == 1) {
    s.Say(
        "Suddenly {B:n} [fell over a root|hurt {B:s} foot]. {A:n} could have run on and won. But "
        "{A:h} stopped, helped {B:o} up, and they walked on arm in arm.");
    s.Say(
        "Somebody else came first. But {C:n} gave the {x:n} to {A:n} all the same. \"This is for "
        "the best heart,\" {C:h} said.");
    s.Take('A', 'x');
  } else {
    s.Say(
        "{A:n} ran as fast as {A:h} could, but {B:n} was faster. {B:n} was first {q:i} and won the "
        "{x:n}.");
    s.Take('B', 'x');
    s.Feel('A', Mood::kSad);
    s.Say(
        "Then {A} went to {B:o} and said, \"You ran very well.\" [\"Tomorrow I will show you my "
        "trick,\" said {B:n}.|\"It was so close!\" said {B:n}.]");
  }
  s.Ask("What was the prize?", "a {x}");
  s.Ask("Who got the prize?", way == 2 ? "{B:n}" : "{A:n}");
  s.Ask("Where did the race end?", "{q:i}");
  s.Close(way == 1 ? Theme::kKindness : Theme::kPatience);
}

void TellStageFright(Story& s) {
  s.Open();
  s.Say(
      "[That week|On Saturday|The next day] there was to be a [concert|show|festival], and {A} was "
      "to [sing a song|tell a poem|play the flute|dance] in front of everyone.");
  s.Feel('A', Mood::kScared);
  s.Say(
      "\"What if I forget [everything|how it begins]?\" {A:h} asked {B:t}. \"[All will laugh at "
      "me|My voice will not come out].\"");
  s.Meet('A', 'B');
  s.Say(
      "{B:n} [thought for a moment|scratched {B:s} head]. Then {B:h} took out a {x}. \"Hold this "
      "and look only at me,\" {B:h} said. \"[It has always brought me luck|It belonged to "
      "{C:n}].\"");
  s.Take('B', 'x');
  s.Give('B', 'A', 'x');
  s.Paragraph();
  s.Say(
      "When the time came, {A:p} hands were [cold|shaking]. {A} held the {x:n} tight, found {B:n} "
      "in the crowd, and began. At first it was [very soft|a bit slow], but it became better and "
      "better.");
  s.Say(
      "At the end everybody [clapped and cheered|stood up and clapped]. {C:n} [clapped the "
      "loudest|wiped {C:s} eyes].");
  s.Say(
      "\"Your {x:n} really is lucky,\" {A:n} said and gave it back. \"I must tell you something,\" "
      "said {B:n}. \"I found it only yesterday. You did it all by yourself.\"");
  s.Give('A', 'B', 'x');
  s.Ask("What did {B:n} lend to {A:n}?", "a {x}");
  s.Ask("Who clapped or cried most at the end?", "{C:n}");
  s.Feel('A', Mood::kProud);
  s.Close(Theme::kCourage);
}

void TellLostInWoods(Story& s) {
  s.Open();
  s.Take('A', 'x');
  s.Say(
      "{A} had a {x} and was looking for [mushrooms|{#berry}|feathers|nuts]. {A} went further and "
      "further, and never looked back.");
  s.Say(
      "When it grew [dark|foggy|late], {A} did not know the way any more. Every tree looked the "
      "same.");
  s.Feel('A', Mood::kScared);
  s.Paragraph();
  s.Say(
      "\"[Do not run when you are lost|Stay calm and think|Sit down first],\" {C:n} had always "
      "said. So {A} sat down, put the {x:n} on the ground and listened.");
  const uint32_t way = s.random().Below(3);
  if (way == 0) {
    s.Say(
        "Far away {A:h} heard water. \"The stream runs past our house,\" {A:h} thought, and walked "
        "along the water until {A:h} saw a light.");
  } else if (way == 1) {
    s.Say(
        "Then a {#bird} called. It hopped from branch to branch and always waited for {A:o}. {A} "
        "followed it until {A:h} saw a light.");
  } else {
    s.Say(
        "In the sky {A:h} found the brightest star. \"It stands above our roof,\" {A:h} "
        "remembered, and walked towards it until {A:h} saw a light.");
  }
  s.Say(
      "It was {B:t} with a lamp. \"There you are!\" cried {B:n}. \"[We were so worried|We have "
      "looked for you everywhere].\"");
  s.Meet('A', 'B');
  s.Ask("What showed {A:n} the way?", way == 0 ? "the stream" : way == 1 ? "a bird" : "a star");
  s.Ask("Who came with a lamp?", "{B:n}");
  s.Say("[At home there was hot soup.|At home {A} got a warm blanket and {#meal}.]");
  s.Close(s.random().OneIn(2) ? Theme::kCourage : Theme::kCare);
}

void TellStorm(Story& s) {
  s.Open();
  s.Meet('A', 'B');
  s.Take('A', 'x');
  s.Say(
      "{A} and {B:t} were playing with a {x}. Nobody noticed the dark clouds. Suddenly there was "
      "[thunder|a flash of lightning], and a storm broke loose.");
  s.Feel('B', Mood::kScared);
  s.Say(
      "\"[Quick, we must find shelter|Hold on to my hand|Follow me]!\" called {A:n}. They ran to "
      "[an old barn|a small cave|a hunter's hut|a big hollow tree].");
  s.Ask("Who called that they must hurry?", "{A:n}");
  const bool lost = s.random().OneIn(2);
  if (lost) {
    s.Lose('A', 'x');
    s.Say(
        "On the way the wind tore the {x:n} out of {A:p} hands. \"Let it go!\" cried {B:n}. And "
        "{A} let it go.");
  }
  s.Paragraph();
  s.Say(
      "Inside it was dry, but [dark|cold]. They were not alone: [a wet {#bird}|a family of "
      "mice|two lost lambs|{C:n}] sat there, too. They all moved close together, and {A} [told a "
      "story|sang every song {A:h} knew|made funny faces] until the thunder was far away.");
  s.Say(
      "When they came out, the sun was shining, and [a rainbow stood over the fields|the world was "
      "clean and bright].");
  if (lost) {
    s.Say("And there, in a [puddle|bush], lay the {x:n}! It was wet, but whole.");
    s.Take('A', 'x');
    s.Ask("What did the wind take away?", "the {x:n}");
  }
  s.Feel('B', Mood::kHappy);
  s.Ask("What were they playing with before the storm?", "a {x}");
  s.Close(lost ? Theme::kCare : Theme::kCourage);
}

}  // namespace cambium
