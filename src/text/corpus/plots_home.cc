// SPDX-License-Identifier: Apache-2.0
// Plots around the house and the village: cooking, errands, building, tricks, promises, wishes.
#include "text/corpus/plots.h"

namespace cambium {

void TellBaking(Story& s) {
  s.Say(
      "[It was a rainy {part}.|The wind was cold that {part}.|It was the day before the feast.] A "
      "{A:d} [said|thought], \"I will make a {x} [for everyone|for {C:n}|for the feast]!\"");
  s.Say(
      "{A:n} [put on an apron|washed {A:s} hands|took out the big bowl]. There was flour, and "
      "there was milk. But there was [no sugar|no butter|not one egg|no honey] in the house.");
  s.Say(
      "{A} went to {B:t} next door. \"Can you help me?\" {A:n} asked. \"[Gladly|Of course],\" said "
      "{B:n}, \"if I may [lick the spoon|have the first piece|help to stir].\"");
  s.Meet('A', 'B');
  s.Paragraph();
  s.Say(
      "They stirred and [poured|tasted|sang], and soon the kitchen was [white with flour|full of "
      "steam]. [Then they forgot the time, because they were playing {#game}.|Then {B:n} told such "
      "a funny story that they forgot everything.|They sat down and waited.]");
  const bool burned = s.random().OneIn(2);
  if (burned) {
    s.Say("\"What is that smell?\" cried {A:n}. Smoke came out of the oven! The {x:n} was black.");
    s.Feel('A', Mood::kSad);
    s.Say(
        "\"We will make another one,\" said {B:n}, \"and this time we will watch it.\" And the "
        "second one was [golden and soft|just right].");
  } else {
    s.Say("When the {x:n} was done, it smelled so good that {C:n} came in from the street.");
  }
  s.Take('A', 'x');
  s.Say(
      "{A:n} [cut it into equal parts|put it on the table|shared it out], and everyone had some. "
      "\"[This is the best I ever ate|I want to know how you made it],\" said {C:n}.");
  s.Ask("What did {A:n} make?", "a {x}");
  s.Ask("Who helped {A:n}?", "{B:n}");
  s.Ask("Did the first one burn?", burned ? "yes" : "no");
  s.Close(burned ? Theme::kCare : Theme::kHelp);
}

void TellMarket(Story& s) {
  s.Open();
  s.Meet('A', 'C');
  const int coins = s.random().Between(3, 9);
  const std::string number = NumberWord(coins);
  s.Say("{C:n} gave {A:o} " + number +
        " coins. \"Please buy a {x},\" said {C:n}, \"and nothing else.\"");
  s.Say(
      "{A:n} [repeated it all the way|said it over and over]: \"A {x:n}, a {x:n}.\" But then {A:h} "
      "met {B:t}, who was selling [balloons|paper birds|sweets|whistles].");
  s.Meet('A', 'B');
  s.Say("\"Only one coin,\" said {B:n}. {A:n} looked at the coins in {A:s} hand.");
  const bool spends = s.random().OneIn(2);
  if (spends) {
    s.Say("{A} bought one. When {A:h} came to the shop, there were only " + NumberWord(coins - 1) +
          " coins left, and the {x:n} cost " + number + ".");
    s.Feel('A', Mood::kWorried);
    s.Paragraph();
    s.Say(
        "{A} went back to {B:n} and told {B:m} everything. \"[Help me to sell the rest|Carry my "
        "basket home], and I will give you one coin,\" said {B:n}. So {A:n} worked for an hour and "
        "got the coin back.");
  } else {
    s.Say("\"No, thank you,\" said {A:n}. \"This money is not mine.\" It was not easy to walk on.");
    s.Paragraph();
  }
  s.Say(
      "[Then|After that|Now] {A} bought the {x:n} and carried it home [with both hands|as if it "
      "were made of glass].");
  s.Take('A', 'x');
  s.Meet('A', 'C');
  s.Give('A', 'C', 'x');
  s.Say(
      "{C:n} was pleased. \"I can trust you,\" {C:h} said and [gave {A:n} the biggest piece|cut "
      "the first piece for {A:n}].");
  s.Ask("How many coins did {A:n} get?", number);
  s.Ask("What was {A:n} to buy?", "a {x}");
  s.Ask("Did {A:n} buy something from {B:n}?", spends ? "yes" : "no");
  s.Close(spends ? Theme::kHonesty : Theme::kPromise);
}

void TellBuilding(Story& s) {
  s.Open();
  s.Take('A', 'x');
  const uint32_t what = s.random().Below(4);
  static constexpr std::string_view kWorks[] = {"tree house", "bridge", "raft", "snow hut"};
  const std::string work(kWorks[what]);
  s.Say("{A} wanted to build a " + work +
        ". {A} had a {x} and [plenty of|a heap of] [sticks|boards|branches]. \"I can do it "
        "alone,\" {A:n} said.");
  s.Say(
      "{A} worked [all {part}|for hours]. But [the first wind blew it down|one side was too "
      "short|it fell apart at once].");
  s.Feel('A', Mood::kAngry);
  s.Paragraph();
  s.Meet('A', 'B');
  s.Say(
      "{B:t} came to look. \"May I help?\" asked {B:n}. \"[I am good at tying knots|I know how to "
      "measure|I can hold the other end].\" First {A} [wanted to say no|said nothing]. Then {A:h} "
      "gave {B:m} the {x:n}.");
  s.Give('A', 'B', 'x');
  s.Say(
      "{C:n} came, too, and brought [nails|a long rope|sandwiches]. One held, one tied, one "
      "counted. [Before dark|In the evening|When the moon rose] the " +
      work + " was ready, and it was [strong|straight] and did not fall down.");
  s.Say("They all [sat in a row and looked at it|gave it a name|had {#meal} beside it].");
  s.Ask("What did they build?", "a " + work);
  s.Ask("Who offered to help first?", "{B:n}");
  s.Ask("What did {A:n} have at first?", "a {x}");
  s.Close(Theme::kHelp);
}

void TellGreedy(Story& s) {
  s.Open();
  s.Meet('A', 'C');
  s.Take('C', 'x');
  s.Say(
      "{C:n} had made a {x}. \"This is for you and for {B:n},\" {C:h} said. \"Wait until {B:n} "
      "comes.\" {B:i} was a good friend of {A:n}.");
  s.Give('C', 'A', 'x');
  s.Say(
      "The {x:n} smelled wonderful. \"Only a little bit,\" thought {A:n}, and took a bite. Then "
      "{A:h} took another one, and another one. [Soon|Before {A:h} knew it], nothing was left.");
  s.Lose('A', 'x');
  s.Paragraph();
  s.Say(
      "[{A:p} stomach began to hurt.|{A} felt sick and lay down in the grass.] Then {B:n} came "
      "with a smile. \"I hurried all the way,\" said {B:n}. \"Where is the {x:n}?\"");
  s.Meet('A', 'B');
  s.Say(
      "{A:n} [turned red|looked at {A:s} feet]. \"I ate it all,\" {A:h} said. \"[I am so sorry|I "
      "could not stop|I did not think of you].\"");
  s.Feel('B', Mood::kSad);
  s.Say(
      "The next day {A:n} [got up early|worked hard] and made a new {x:n}, all by {A:r}. {A:h} "
      "brought it to {B:n} and did not take a single bite. \"[Half of it is yours|Come, we will "
      "share it],\" said {B:n}.");
  s.Take('A', 'x');
  s.Give('A', 'B', 'x');
  s.Ask("Who ate all of the first {x:n}?", "{A:n}");
  s.Ask("Who made the first {x:n}?", "{C:n}");
  s.Ask("What did {C:n} make?", "a {x}");
  s.Close(Theme::kSharing);
}

void TellFalseAlarm(Story& s) {
  s.Open();
  s.Say(
      "{A} was bored. \"Help!\" {A:h} shouted. \"A [wolf|bear|giant|dragon] is taking my {x}!\" "
      "{B:t} came running, and {C:n} came, too. But there was nothing, only {A:n}, who laughed.");
  s.Meet('A', 'B');
  s.Meet('A', 'C');
  s.Take('A', 'x');
  s.Say(
      "\"That was not funny,\" said {B:n}. The next day {A:n} did it again, and again they came "
      "running. \"[Next time we will not come|Now I am really angry],\" said {C:n}.");
  s.Paragraph();
  s.Say(
      "On the third day [a big dog|a thief|a flock of crows|a goat] really came and took the "
      "{x:n}. \"Help! Help!\" cried {A:n}. But nobody came. They all thought that it was a joke.");
  s.Lose('A', 'x');
  s.Feel('A', Mood::kSad);
  const bool back = s.random().OneIn(2);
  s.Say(
      "In the evening {A} went to {B:n}. \"I will never trick you again,\" {A:n} said. {B:n} "
      "looked at {A:o} for a while and saw that it was true. \"[I believe you|All right],\" said "
      "{B:n}.");
  if (back) {
    s.Say("Together they followed the tracks and found the {x:n} [in a ditch|under a hedge].");
    s.Take('A', 'x');
  } else {
    s.Say("The {x:n} was gone for good, but {A:n} still had a friend.");
  }
  s.Ask("On which day was the danger real?", "the third day");
  s.Ask("What did {A:n} lose?", "the {x:n}");
  s.Ask("Did {A:n} get the {x:n} back?", back ? "yes" : "no");
  s.Close(Theme::kHonesty);
}

void TellTreasureMap(Story& s) {
  s.Open();
  s.Meet('A', 'B');
  s.Say(
      "In [an old bottle|a dusty book|a hollow tree|the pocket of an old coat] {A} found a map. "
      "There was a red cross on it. \"A treasure!\" {A:h} cried and showed it to {B:t}.");
  s.Say(
      "\"The cross is {q:i},\" said {B:n}. They took [a spade|two spades|a rope and a spade] and "
      "went.");
  s.Journey('q');
  s.Go('B', 'q');
  const int steps = s.random().Between(5, 20);
  s.Say("\"Now " + NumberWord(steps) +
        " steps from the [big stone|crooked tree|old well],\" read {B:n}. {A:n} counted out loud, "
        "and then they began to dig.");
  s.Paragraph();
  const uint32_t prize = s.random().Below(3);
  s.Say(
      "[They dug until their arms hurt.|They dug deeper and deeper.] Then the spade hit something "
      "hard. It was a [wooden|rusty|small] box! {A:n} opened it.");
  if (prize == 0) {
    s.Say(
        "Inside lay a {x}, and a note from {C:n}: \"[I hid this when I was young|For the one who "
        "does not give up].\"");
  } else if (prize == 1) {
    s.Say(
        "Inside lay a {x}. It belonged to {C:n}, who had lost it many years ago. They brought it "
        "to {C:m}, and {C:h} [cried with joy|told them the whole story].");
  } else {
    s.Say(
        "Inside lay a {x}. \"You found the map, so it is yours,\" said {B:n}. \"No,\" said {A:n}, "
        "\"it belongs to both of us.\"");
  }
  s.Take('A', 'x');
  if (prize == 1) {
    s.Meet('A', 'C');
    s.Give('A', 'C', 'x');
  }
  s.Ask("What was in the box?", "a {x}");
  s.Ask("How many steps did {A:n} count?", NumberWord(steps));
  s.Ask("Where was the cross on the map?", "{q:i}");
  s.Close(prize == 2 ? Theme::kSharing : Theme::kPatience);
}

void TellPromise(Story& s) {
  s.Open();
  s.Take('A', 'x');
  s.Say(
      "{A} had borrowed a {x} from {C:n} and had promised to bring it back that {part}. But on the "
      "way {A:h} met {B:t}.");
  s.Meet('A', 'B');
  s.Say(
      "\"[Come and play {#game} with us|We are going to swim|There is a puppet show today], "
      "{A:n}!\" called {B:n}. \"[{C:n} can wait|You can do that tomorrow].\"");
  const bool keeps = s.random().OneIn(2);
  if (keeps) {
    s.Say(
        "{A:n} would have liked to go. \"I gave my word,\" {A:h} said. \"[Wait for me|I will come "
        "later].\" And {A:h} ran on.");
    s.Paragraph();
    s.Journey('q');
  } else {
    s.Say(
        "{A:n} went with {B:m} and forgot all about the {x:n}. Only when [the lamps were lit|it "
        "grew cold] did {A:h} think of {C:n} again.");
    s.Feel('A', Mood::kWorried);
    s.Paragraph();
    s.Say("\"I will come with you,\" said {B:n}, who was sorry now.");
    s.Journey('q');
  }
  s.Meet('A', 'C');
  s.Give('A', 'C', 'x');
  s.Say(keeps ? "{C:n} was waiting there. \"You are right on time,\" {C:h} said and took the "
                "{x:n}. \"[Now I can begin my work|I knew that you would come]. Go and play now!\""
              : "{C:n} was sitting there in the cold. \"I waited all day,\" {C:h} said and took "
                "the {x:n}. \"I am sorry,\" said {A:n}. \"[Tomorrow I will help you|I will not "
                "forget it again].\"");
  s.Ask("From whom had {A:n} borrowed the {x:n}?", "{C:n}");
  s.Ask("Was {A:n} on time?", keeps ? "yes" : "no");
  s.Ask("Where did {A:n} give back the {x:n}?", "{q:i}");
  s.Close(Theme::kPromise);
}

void TellWish(Story& s) {
  s.Open();
  s.Say(
      "There {A} found a {x}. When {A:h} rubbed it, [a tiny fairy|a little man with a green hat|a "
      "puff of blue smoke with a voice] came out. \"You have three wishes,\" it said.");
  s.Take('A', 'x');
  s.Say(
      "First {A:n} wished for [a mountain of sweets|a hundred cakes|as much {#berry} as {A:h} "
      "could eat]. It was there at once, and {A:h} ate until {A:h} [felt sick|could not move].");
  s.Say(
      "Then {A:h} wished to be [as big as a house|able to fly|invisible]. But now [nobody could "
      "play with {A:m}|everybody ran away|{A:h} was alone all day].");
  s.Feel('A', Mood::kSad);
  s.Paragraph();
  s.Say(
      "{A} thought for a long time about the last wish. Then {A:h} saw {B:n}, a {B:k} who [had "
      "hurt {B:s} leg|had no home|was crying because {B:s} mother was ill].");
  s.Say(
      "\"I wish that [all is well again|everything is as it was] and that {B:n} is happy,\" said "
      "{A:n}. [There was a flash.|The ground shook a little.] And so it was.");
  s.Meet('A', 'B');
  s.Say(
      "The {x:n} was [only a {x:n}|cold and still] again. {A} gave it to {B:o} to remember the "
      "day.");
  s.Give('A', 'B', 'x');
  s.Say("\"[That was the best of the three|I want no more wishes],\" thought {A:n}.");
  s.Ask("What did {A:n} find?", "a {x}");
  s.Ask("Who was the last wish for?", "{B:n}");
  s.Ask("How many wishes were there?", "three");
  s.Close(Theme::kKindness);
}

}  // namespace cambium
