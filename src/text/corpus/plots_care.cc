// SPDX-License-Identifier: Apache-2.0
// Plots about helping, nursing and welcoming.
#include "text/corpus/plots.h"

namespace cambium {

void TellRescue(Story& s) {
  s.Open();
  s.Say(
      "Suddenly {A} heard a [weak|small|sad] voice. \"Help! Help!\" it [called|cried]. {A} looked "
      "around and saw {B:i} [in a deep hole|stuck in the mud|caught in a thorn bush|on a rock in "
      "the middle of the water].");
  s.Say(
      "\"[Hold on|Do not move|Wait for me]!\" said {A:n}. [{A} pulled, but {A:h} was not strong "
      "enough.|{A} reached out, but {A:s} arms were too short.]");
  s.Paragraph();
  s.Say(
      "{A} ran to {C:n} and told {C:m} everything. \"Take my {x},\" said {C:n}, \"and be quick!\"");
  s.Take('C', 'x');
  s.Meet('A', 'C');
  s.Give('C', 'A', 'x');
  s.Say(
      "With the {x:n} {A:h} hurried back. It took a long time, and [twice it almost went "
      "wrong|{A:p} hands hurt|it was hard work], but at last {B} was free.");
  s.Meet('A', 'B');
  s.Thank('B', 'A');
  const bool repaid = s.random().OneIn(2);
  if (repaid) {
    s.Paragraph();
    s.Say(
        "Some weeks later {A:n} [was lost in the fog|lost {A:s} way|was in trouble {A:r}]. Who "
        "came to help? It was {B:n}! \"You helped me,\" said {B:n}. \"Now I will help you.\"");
  }
  s.Ask("Who needed help first?", "{B:n}");
  s.Ask("Who lent the {x:n} to {A:n}?", "{C:n}");
  s.Ask("What did {C:n} give to {A:n}?", "a {x}");
  s.Close(Theme::kKindness);
}

void TellBabyAnimal(Story& s) {
  s.Open();
  const uint32_t which = s.random().Below(5);
  static constexpr std::string_view kBabies[] = {"duckling", "fawn", "kitten", "baby bird", "lamb"};
  const std::string baby(kBabies[which]);
  s.Say("Under a bush {A} found a " + baby +
        ". It was all alone and [shook with cold|cried softly|was very hungry].");
  s.Say("\"Where is your mother?\" asked {A:n}. The " + baby +
        " only looked at {A:m} with big eyes.");
  s.Take('A', 'x');
  s.Say("{A} had a {x} for lunch. {A} gave the " + baby +
        " [the first bite|a small piece|half of it] and wrapped it in {A:s} [scarf|coat].");
  s.Paragraph();
  s.Say(
      "{B:t} came by. \"Keep it,\" said {B:n}. \"Then you will always have somebody to play "
      "with.\" {A:n} would have liked that. But {A:h} shook {A:s} head. \"It needs its mother,\" "
      "{A:h} said.");
  s.Say("So they went to look for her together.");
  s.Meet('A', 'B');
  s.Journey('q');
  s.Say(
      "There the mother was [running up and down|calling and calling]. When she saw her little "
      "one, she [was beside herself with joy|licked it from head to foot|came running].");
  s.Say("{A:n} [was a little sad|felt a little sad], but also very glad.");
  s.Ask("What did {A:n} find under the bush?", "a " + baby);
  s.Ask("Who wanted to keep the " + baby + "?", "{B:n}");
  s.Ask("Where was the mother?", "{q:i}");
  s.Close(Theme::kKindness);
}

void TellSickFriend(Story& s) {
  s.Open();
  s.Say(
      "{A} was waiting for {A:s} friend {B:i}. But {B:n} did not come. \"{B:n} is ill and must "
      "stay in bed,\" said {C:n}.");
  s.Feel('A', Mood::kWorried);
  s.Say(
      "\"I will bring {B:m} something good,\" said {A:n}. [{A} asked {C:n} to help.|{A} ran home "
      "to the kitchen.|{A} took out all {A:s} coins.] Soon {A:h} had a {x}, [still warm|fresh and "
      "sweet|wrapped in a cloth].");
  s.Take('A', 'x');
  s.Paragraph();
  s.Say("{B:n} lived far away, near {q}. {A:n} set out.");
  s.Journey('q');
  s.Go('B', 'q');
  s.Say(
      "{B:n} lay in bed [with a red nose|with a scarf around {B:s} neck|and looked pale]. {A:n} "
      "put the {x:n} on the table. \"This is for you,\" {A:h} said.");
  s.Give('A', 'B', 'x');
  s.Say(
      "{B:n} ate a little and [sat up|smiled for the first time]. Then {A:n} [read {B:m} a "
      "story|told {B:m} all the news|drew {B:m} a picture] until {B:h} fell asleep.");
  s.Say(
      "[Three days|A week|Two days] later {B:n} was well again. \"[Your {x:n} made me well|It was "
      "your visit that helped],\" {B:h} said.");
  s.Ask("Who was ill?", "{B:n}");
  s.Ask("What did {A:n} bring?", "a {x}");
  s.Ask("Near which place did {B:n} live?", "{q}");
  s.Close(Theme::kFriendship);
}

void TellSeed(Story& s) {
  s.Open();
  s.Say(
      "{C:n} gave {A:o} a tiny seed. \"[Plant it and take care of it|Put it in the earth and "
      "wait],\" said {C:n}.");
  s.Take('A', 'x');
  s.Say(
      "{A:n} fetched a {x}, made a hole {p:i} and put the seed in. Then {A:h} [sat down and "
      "waited|looked at it all day]. Nothing happened.");
  s.Say(
      "The next day there was nothing, and nothing the day after. \"[It is a bad seed|Perhaps it "
      "is asleep|I will dig it up again],\" said {A:n}.");
  s.Say(
      "\"Wait,\" said {B:t}. \"[Good things grow slowly|It is working under the ground|Give it "
      "water and time].\"");
  s.Meet('A', 'B');
  s.Paragraph();
  s.Say(
      "So {A} watered it every {part}, [pulled out the weeds|chased away the crows|built a small "
      "fence around it], and waited. [One day|After two weeks|On a warm morning] there was a tiny "
      "green tip!");
  const uint32_t plant = s.random().Below(4);
  static constexpr std::string_view kPlants[] = {"sunflower", "pumpkin", "cherry tree",
                                                 "bean plant"};
  const std::string name(kPlants[plant]);
  s.Say("It grew and grew. In the end it was a " + name +
        ", [taller than {A:n}|the finest far and wide|bright in the sun].");
  s.Feel('A', Mood::kProud);
  s.Ask("What did the seed become?", "a " + name);
  s.Ask("Who gave the seed to {A:n}?", "{C:n}");
  s.Ask("Who said to wait?", "{B:n}");
  s.Close(Theme::kPatience);
}

void TellNewcomer(Story& s) {
  s.Open();
  s.Say(
      "A new family had moved to the place, and {A} saw {B:n} for the first time. {B:n} was a "
      "[very shy|very quiet|rather lonely] {B:k}. {B} stood [behind a tree|by the gate] with a {x} "
      "and did not say a word.");
  s.Take('B', 'x');
  s.Meet('A', 'B');
  const bool mistake = s.random().OneIn(2);
  if (mistake) {
    s.Say(
        "\"[{B:h} does not want to play with us|{B:h} must be proud],\" said the others. {A:n} was "
        "not so sure.");
  } else {
    s.Say("{A} remembered how {A:h} had once been new {A:r}. It had been a lonely time.");
  }
  s.Paragraph();
  s.Say(
      "{A} walked over. \"[Hello, I am {A:n}|My name is {A:n}],\" {A:h} said. \"That is a nice "
      "{x:n}. [Do you want to play {#game}?|Shall I show you the best place for {#berry}?]\"");
  s.Say(
      "{B:n} looked up. \"I thought that nobody wanted to play with me,\" {B:h} said [softly|in a "
      "small voice]. Then {B:h} held out the {x:n}. \"[You may try it|You can have a turn].\"");
  s.Give('B', 'A', 'x');
  s.Say(
      "They played all {part}. {A:n} showed {B:o} [the secret path|the bird's nest|the best "
      "climbing tree], and {B} taught {A:o} [a new song|a funny word|a new game].");
  s.Ask("Who was new?", "{B:n}");
  s.Ask("What did {B:n} hold?", "a {x}");
  s.Ask("Who spoke first?", "{A:n}");
  s.Close(Theme::kFriendship);
}

void TellMessage(Story& s) {
  s.Open();
  s.Meet('A', 'C');
  s.Take('C', 'x');
  s.Say(
      "[\"Will you do something for me, {A:n}?\" asked {C:n}.|\"I need a good messenger, {A:n},\" "
      "said {C:n}.|\"Can you help me, {A:n}?\" asked {C:n}.|{C:n} called {A:n}.] \"Please bring "
      "this {x} to {B:n}, the {B:k} who lives near {q}. [Do not open the parcel|Be careful with "
      "it|Be there before evening].\"");
  s.Give('C', 'A', 'x');
  s.Say(
      "{A} [put the {x:n} into a bag|wrapped the {x:n} in a cloth|took the {x:n} in both hands] "
      "and set out at once.");
  s.Paragraph();
  s.OnTheWay();
  s.Say(
      "[But there was still a long way to go.|{A} held the {x:n} tight and went on.|{A} did not "
      "stop for long.]");
  s.Journey('q');
  s.Go('B', 'q');
  s.Say(
      "[{B:n} was standing at the door.|{B:n} was already waiting.] {A:n} gave {B:m} the {x:n}. "
      "\"[At last|How wonderful|I have waited for this a long time]!\" said {B:n}.");
  s.Give('A', 'B', 'x');
  s.Thank('B', 'A');
  s.Say(
      "{B} [gave {A:o} {#meal}|let {A:o} rest by the fire|gave {A:o} a bag of nuts for the way "
      "home].");
  s.Ask("Who sent the {x:n}?", "{C:n}");
  s.Ask("Who got the {x:n}?", "{B:n}");
  s.Ask("Near which place did {B:n} live?", "{q}");
  s.Close(Theme::kPromise);
}

}  // namespace cambium
