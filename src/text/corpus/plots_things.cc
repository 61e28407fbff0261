// SPDX-License-Identifier: Apache-2.0
// Plots about things: losing, sharing, breaking, trading, borrowing, giving.
#include "text/corpus/plots.h"

namespace cambium {

void TellLostThing(Story& s) {
  s.Open();
  s.Take('A', 'x');
  s.Say(
      "[{A} had a {x}.|{A} had brought a {x}.|With {A:m} {A:h} had {A:s} favourite thing, a {x}.] "
      "[{A} took it everywhere.|{A} loved it more than anything.|It was a present from {C:n}.]");
  s.Say(
      "But [when {A:h} looked up from {A:s} game|after a while|when it was time to go], the {x:n} "
      "was gone!");
  s.Lose('A', 'x');
  s.Feel('A', s.random().OneIn(2) ? Mood::kSad : Mood::kWorried);
  s.Say(
      "{A} looked [under the bushes|behind every stone|in the tall grass|in all {A:s} pockets], "
      "but it was not there.");
  s.Paragraph();
  s.Say(
      "Then {B:t} came by. \"[What is wrong|Why do you look so sad|What are you looking for], "
      "{A:n}?\" asked {B:n}.");
  s.Meet('A', 'B');
  s.Say(
      "\"I lost my {x},\" said {A:n}. \"[I cannot find it anywhere.|I had it this {part}.|It is "
      "very dear to me.]\"");
  s.Say(
      "\"[Do not worry|Do not cry|Cheer up],\" said {B:n}. \"[I will help you look|We will find it "
      "together|Four eyes see more than two].\"");
  const bool friend_finds = s.random().OneIn(2);
  const bool elsewhere = s.random().OneIn(2);
  if (elsewhere) {
    s.Say(
        "\"Where were you before?\" asked {B:n}. {A:n} thought hard. \"I was {q:i},\" {A:h} said. "
        "So they went {q:t} together.");
    s.Go('A', 'q');
    s.Go('B', 'q');
    s.Ask("Where was the {x:n} in the end?", "{q:i}");
  }
  if (friend_finds) {
    s.Say(
        "[They searched for a long time.|They looked high and low.] At last {B} [saw something in "
        "the grass|looked into a hollow log|lifted a pile of leaves]. It was the {x:n}!");
    s.Take('B', 'x');
    s.Give('B', 'A', 'x');
    s.Say("{B} gave it [back|] to {A:o}.");
  } else {
    s.Say(
        "[A {#bird} was hopping around something in the grass.|Something was hanging from a low "
        "branch.|Something was lying beside a big stone.] \"There it is!\" cried {A:n} and picked "
        "up the {x:n}.");
    s.Take('A', 'x');
  }
  s.Ask("What did {A:n} lose?", "a {x}");
  s.Ask("Who found the {x:n}?", friend_finds ? "{B:n}" : "{A:n}");
  s.Ask("Who helped {A:n} to look?", "{B:n}");
  s.Feel('A', Mood::kHappy);
  s.Thank('A', 'B');
  s.Close(s.random().OneIn(2) ? Theme::kFriendship : Theme::kCare);
}

void TellSharing(Story& s) {
  s.Open();
  s.Meet('A', 'B');
  s.Say("{A:p} friend {B:i} was there, too.");
  s.Say(
      "Between them on the ground {A:h} [saw|noticed|found] a {x}. \"I saw it first!\" {A:n} "
      "[cried|shouted]. \"No, I did!\" said {B:n}.");
  s.Say(
      "[They both pulled at the {x:n}.|Each of them held on to one side.|{A} pulled to the left, "
      "and {B} pulled to the right.]");
  s.Feel('A', Mood::kAngry);
  s.Feel('B', Mood::kAngry);
  s.Paragraph();
  const bool breaks = s.random().OneIn(3);
  s.Say("Just then {C:n} came by. \"What is all this noise?\" {C:h} asked.");
  if (breaks) {
    s.Say(
        "[There was a loud crack.|Crack!] The {x:n} broke in two. Now nobody could play with it. "
        "[They looked at each other.|It was very quiet.]");
    s.Say(
        "\"[We are sorry|We were silly],\" said {A:n} and {B:n}. {C:n} [smiled|nodded] and showed "
        "them how to [glue|tie|fix] the pieces together.");
    s.Say("It took a long time, but they worked side by side, and {A:h} forgot to be angry.");
    s.Ask("What broke?", "the {x:n}");
  } else {
    s.Say(
        "When {C:h} had heard the story, {C:n} said, \"[Why do you not take turns?|One can have it "
        "in the morning and one in the afternoon.|A thing for one is good, but a game for two is "
        "better.]\"");
    s.Say(
        "{A} thought about it. [\"You can go first,\" {A:h} said to {B:n}.|\"Let us play with it "
        "together,\" {A:h} said.]");
    s.Take('A', 'x');
    s.Give('A', 'B', 'x');
    s.Say(
        "{B:n} took the {x:n} and played, and {A:n} [watched and cheered|waited for {A:s} "
        "turn|counted to a hundred].");
  }
  s.Ask("Who settled the quarrel?", "{C:n}");
  s.Ask("What did {A:n} and {B:n} both want?", "the {x}");
  s.Say("[Soon they were both laughing.|It was much more fun that way.|They played until dinner.]");
  s.Close(Theme::kSharing);
}

void TellBroken(Story& s) {
  s.Open();
  s.Say("There {A} [played ball with|ran a race with|played {#game} with] {A:s} friend {B:i}.");
  s.Meet('A', 'B');
  s.Say(
      "[Near them, on a bench,|On a flat stone|On a small table] stood a {x}. It belonged to "
      "{C:n}.");
  s.Say(
      "{A} [jumped too far|turned too quickly|did not look where {A:h} was going] and knocked it "
      "over. The {x:n} [fell down and broke|broke into three pieces|got a long crack]!");
  s.Feel('A', Mood::kScared);
  const bool tempted = s.random().OneIn(2);
  s.Say(
      "\"[Nobody saw it|We could hide it],\" [whispered|said] {B:n}. \"[Let us run away|We can say "
      "that the wind did it|Put it under the leaves].\"");
  if (tempted) {
    s.Say(
        "So they hid the pieces under a bush. But {A} could not [eat|play|sleep] any more. [There "
        "was a stone in {A:s} stomach.|{A:p} heart was heavy.]");
  } else {
    s.Say("{A} shook {A:s} head. \"No,\" {A:h} said. \"That would not be right.\"");
  }
  s.Paragraph();
  s.Say(
      "[{A} went to {C:n}|So {A} walked to {C:n}'s house|{A} looked for {C:n} and found {C:m}]. "
      "\"I broke your {x},\" {A:n} said [in a small voice|and looked at the ground]. \"I am very "
      "sorry.\"");
  s.Say(
      "{C:n} [was silent for a moment|looked at {A:n} for a long time]. Then {C:h} smiled. "
      "\"[Thank you for telling me|It took courage to tell me|I am glad that you told me the "
      "truth],\" {C:h} said.");
  s.Say(
      "[Together they mended the {x:n} with glue.|\"Things can be mended, but lies stay broken,\" "
      "{C:h} added.|In return {A:n} helped {C:m} [in the garden|in the kitchen|to carry wood] for "
      "a week.]");
  s.Ask("What did {A:n} break?", "a {x}");
  s.Ask("Whose {x:n} was it?", "{C:np}");
  s.Ask("Who wanted to hide what had happened?", "{B:n}");
  s.Feel('A', Mood::kCalm);
  s.Close(Theme::kHonesty);
}

void TellTrade(Story& s) {
  s.Open();
  s.DrawThing('y', Toys());
  s.Take('A', 'x');
  s.Take('B', 'y');
  s.Say(
      "In {A:s} [bag|pocket|hand] {A:h} had a {x}. But what {A:h} [really wanted|wished for] was a "
      "{y}.");
  s.Say("{B:t} had just such a {y:n}. \"Will you trade your {y:n} for my {x:n}?\" asked {A:n}.");
  s.Meet('A', 'B');
  const bool agrees = s.random().OneIn(2);
  if (agrees) {
    s.Say(
        "{B:n} [looked at the {x:n}|turned the {x:n} over and over|thought about it]. \"[Yes|All "
        "right|Why not],\" {B:h} said. \"That is a fair trade.\"");
    s.Give('A', 'B', 'x');
    s.Give('B', 'A', 'y');
    s.Say("So {A} gave {B:o} the {x:n} and got the {y:n}.");
    s.Paragraph();
    const bool regret = s.random().OneIn(2);
    if (regret) {
      s.Say(
          "But at home {A:n} missed the old {x:n}. The {y:n} was nice, but it was not the same. "
          "The next day {A} went back.");
      s.Say(
          "[\"Could we trade back?\" {A:h} asked.|\"I miss my {x:n},\" {A:h} said.] {B:n} laughed. "
          "\"I wanted to ask you the same thing!\" {B:h} said.");
      s.Give('A', 'B', 'y');
      s.Give('B', 'A', 'x');
      s.Say("So {A:n} got the {x:n}, and {B:n} got the {y:n}, just as before, and both were glad.");
    } else {
      s.Say(
          "{A} [tried out the {y:n} at once|showed the {y:n} to everybody], and {B} [put the {x:n} "
          "in a safe place|held the {x:n} up to the light].");
      s.Say("Both of them thought that they had made the better trade.");
    }
    s.Ask("What did {A:n} have first?", "a {x}");
    s.Ask("What did {A:n} want?", "a {y}");
    s.Close(s.random().OneIn(2) ? Theme::kFriendship : Theme::kSharing);
    return;
  }
  s.Say("{B:n} shook {B:s} head. \"No, I like my {y:n} very much,\" {B:h} said.");
  s.Feel('A', Mood::kSad);
  s.Paragraph();
  s.Say(
      "{A} told {C:n} about it. \"[Why do you not make one?|A thing made with your own hands is "
      "the best,|I can show you how to make one,]\" said {C:n}.");
  s.Say(
      "They [worked all afternoon|cut and glued and painted|used wood, string and paint]. In the "
      "end {A} had a {#colour} {y:n} of {A:s} own, and still had the {x:n}.");
  s.Say(
      "When {B:n} saw it, {B:h} said, \"Yours is even better than mine! Shall we play together?\"");
  s.Ask("Who helped {A:n}?", "{C:n}");
  s.Ask("What did {A:n} want?", "a {y}");
  s.Close(Theme::kPatience);
}

void TellBorrowed(Story& s) {
  s.Open();
  s.Say(
      "{A} [was building something|had a secret plan|was helping {C:n}|wanted to surprise {C:n}] "
      "and needed a {x} for it. {A} had none, but {B:t} had one.");
  s.Take('B', 'x');
  const bool asks = s.random().OneIn(2);
  s.Meet('A', 'B');
  if (asks) {
    s.Say(
        "\"May I borrow your {x:n}?\" asked {A:n}. \"Yes, but please bring it back before dark,\" "
        "said {B:n}.");
    s.Give('B', 'A', 'x');
    s.Say(
        "{A} promised it. All {part} {A:h} worked and played with the {x:n}, and [the time "
        "flew|{A:h} forgot everything else].");
    s.Paragraph();
    s.Say(
        "Suddenly the sun was low. \"The {x:n}!\" cried {A:n}. {A:h} was [tired|hungry|far away], "
        "but {A:h} ran as fast as {A:h} could.");
    s.Journey('q');
    s.Go('B', 'q');
    s.Say(
        "There stood {B:n}. {A:n} gave back the {x:n}, clean and dry. \"You kept your word,\" said "
        "{B:n}. \"You may borrow it again.\"");
    s.Give('A', 'B', 'x');
    s.Ask("What did {A:n} borrow?", "the {x:n}");
    s.Ask("Where did {A:n} give back the {x:n}?", "{q:i}");
    s.Close(Theme::kPromise);
    return;
  }
  s.Say(
      "{B:n} was asleep, so {A:n} just took the {x:n} and thought, \"I will bring it back soon.\"");
  s.Give('B', 'A', 'x');
  s.Say(
      "When {B:n} woke up, {B:h} looked everywhere. \"Somebody has stolen my {x:n}!\" {B:h} cried. "
      "[All the neighbours came to help.|Even {C:n} came to look for it.]");
  s.Paragraph();
  s.Say(
      "{A:n} heard the noise and [blushed|felt hot and cold]. {A:h} went to {B:n} with the {x:n} "
      "in {A:s} arms. \"I took it without asking,\" {A:n} said. \"I am sorry.\"");
  s.Give('A', 'B', 'x');
  s.Say(
      "\"You only had to ask,\" said {B:n}. \"I would have [said yes|lent it to you|come along and "
      "helped you].\"");
  s.Ask("Who took the {x:n}?", "{A:n}");
  s.Ask("Whose {x:n} was it?", "{B:np}");
  s.Close(Theme::kHonesty);
}

void TellStuckInTree(Story& s) {
  s.Open();
  s.Take('A', 'x');
  s.Say(
      "{A} was playing with a {x}. [Suddenly a strong wind came|{A} threw it up too high|A {#bird} "
      "snatched it and let it fall], and the {x:n} got stuck in a tall {#tree} tree.");
  s.Lose('A', 'x');
  s.Say(
      "{A} [jumped|jumped and jumped|stretched], but the branch was too high. [Then {A:h} threw a "
      "stick, but it missed.|{A} shook the tree, but nothing fell down except a few leaves.]");
  s.Feel('A', Mood::kSad);
  s.Paragraph();
  s.Meet('A', 'B');
  s.Say(
      "{B:t} heard {A:o}. \"Stand on my shoulders,\" said {B:n}. {A:n} climbed up, but even so "
      "they [could not reach it|were too small|fell over into the soft grass].");
  const uint32_t way = s.random().Below(3);
  if (way == 0) {
    s.Say(
        "Then {C:n} came along with a long ladder. {C:h} climbed up, took the {x:n} and handed it "
        "down to {A:n}.");
  } else if (way == 1) {
    s.Say(
        "Then {B:n} had an idea. {B:h} tied a [hook|spoon|fork] to a long stick. They pulled at "
        "the branch, and down came the {x:n}!");
  } else {
    s.Say(
        "Then a small {#bird} flew down. \"You once gave me crumbs in winter,\" it said to {A:n}. "
        "It pushed the {x:n} with its beak until it fell.");
  }
  s.Take('A', 'x');
  s.Feel('A', Mood::kHappy);
  if (way == 0) s.Thank('A', 'C');
  if (way == 1) s.Thank('A', 'B');
  s.Ask("What was stuck in the tree?", "the {x}");
  s.Ask("Who got the {x:n} down?", way == 0 ? "{C:n}" : way == 1 ? "{A:n} and {B:n}" : "a bird");
  s.Close(way == 2 ? Theme::kKindness : Theme::kHelp);
}

void TellPresent(Story& s) {
  s.Open();
  s.Say(
      "The next day was {B:np} birthday. {B:i} was the best friend of {A:n}. \"What can I give to "
      "{B:n}?\" {A:n} [wondered|asked {A:r}]. [{A} had no money.|{A} had only one coin.]");
  s.Say("{A} asked {C:n}. \"The best present is one that comes from the heart,\" said {C:n}.");
  const bool finds = s.random().OneIn(2);
  if (finds) {
    s.Say("{A} went to look for something special.");
    s.Journey('q');
    s.Say(
        "There, [in the sand|between two roots|under a leaf], lay a {x}. \"{B:n} will love it,\" "
        "thought {A:n} and cleaned it with {A:s} sleeve.");
    s.Ask("Where did {A:n} find the present?", "{q:i}");
  } else {
    s.Say(
        "At home {A} had a {x}. It was the nicest thing {A:h} owned. {A} held it for a while. Then "
        "{A:h} wrapped it in [blue paper|a big leaf|an old newspaper|a red cloth].");
  }
  s.Take('A', 'x');
  s.Paragraph();
  s.Later();
  s.Say(
      "The next {part} [there was a party with cake and songs|all the friends sat around a big "
      "cake|there were candles and paper stars].");
  s.Meet('A', 'B');
  s.Give('A', 'B', 'x');
  s.Say(
      "{A:n} gave the {x:n} to {B:n}. [{B:p} eyes grew wide.|{B} opened the parcel slowly.] \"It "
      "is the best present of all,\" said {B:n}.");
  s.Ask("What did {A:n} give to {B:n}?", "a {x}");
  s.Ask("Whose birthday was it?", "{B:np}");
  s.Feel('A', Mood::kHappy);
  s.Close(Theme::kFriendship);
}

}  // namespace cambium
