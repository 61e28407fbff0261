// SPDX-License-Identifier: Apache-2.0
// The parts that many plots share: openings, feelings, thanks, things met on the way, endings.
#include "text/corpus/story.h"

namespace cambium {
namespace {
constexpr uint32_t kNumWayEvents = 8;
}  // namespace

void Story::Open() {
  const bool simple = random_.OneIn(3);
  if (simple) {
    Say("[Once upon a time,|Long ago,|Once,|Not so long ago,] [there was|there lived] a {A:d}.");
    Say("{A} lived [near {p}|in a [small|cosy|warm|crooked] house not far from {p}|with {A:s} "
        "[family|mother|brothers and sisters|parents] near {p}].");
    Say("[One [sunny|warm|cold|windy|cloudy|bright] {part}|One {part}|One day, in the {part}], {A} "
        "went {p:t}.");
  } else {
    Say("[One [sunny|warm|cool|windy|grey|bright|quiet|fine] {part} in "
        "[spring|summer|autumn|May|April|June|September]|It was a "
        "[sunny|cool|fine|windy|quiet|warm] {part}, and|On a [sunny|windy|warm|bright|cloudy] "
        "{part}] a {A:d} was [playing|sitting|walking|looking around|singing softly|humming a "
        "song] {p:i}.");
    Say("[{A} was [very|always|quite] [cheerful|hungry|curious|busy|hopeful] that day.|The "
        "[birds|bees|crickets] were singing, and the air smelled of [flowers|rain|fresh "
        "grass|apples|pine trees].|{A} liked this place more than any other.|[A few|Some] "
        "[white|grey|small] clouds were moving across the sky.|Everybody [there|nearby] knew {A:o} "
        "well.|]");
  }
  Go('A', 'p');
}

void Story::Feel(char who, Mood mood) {
  // The sentence is about {A} or {B}; both sets are written out to keep the slots plain.
  static constexpr std::string_view kForHero[] = {
      "[{A} was very happy.|{A} felt happy.|{A} smiled from ear to ear.|{A} jumped for joy.|{A} "
      "laughed and clapped.|{A} could not stop smiling.]",
      "[{A} felt sad.|{A} was very sad.|{A} wanted to cry.|A tear ran down {A:p} face.|{A} hung "
      "{A:s} head.|{A} sat down and sighed.]",
      "[{A} was scared.|{A} felt afraid.|{A:p} knees began to shake.|{A:p} heart beat fast.|{A} "
      "did not dare to move.]",
      "[{A} was proud.|{A} felt very proud.|{A} stood up tall.|{A} felt as tall as a tree.]",
      "[{A} was worried.|{A} felt worried.|{A} did not know what to do.|{A} thought and thought.]",
      "[{A} was angry.|{A} felt angry.|{A} stamped on the ground.|{A} frowned and turned away.]",
      "[{A} felt calm again.|{A} took a deep breath.|{A} felt better.|Slowly {A} became calm.]"};
  static constexpr std::string_view kForFriend[] = {
      "[{B:n} was happy, too.|{B:n} smiled.|{B:n} laughed out loud.|{B:n} was full of joy.]",
      "[{B:n} was sad.|{B:n} looked down.|{B:n} began to cry.|{B:n} was close to tears.]",
      "[{B:n} was scared.|{B:n} was trembling.|{B:n} did not dare to look.]",
      "[{B:n} was proud.|{B:n} felt proud and glad.]",
      "[{B:n} looked worried.|{B:n} was worried.|{B:n} shook {B:s} head slowly.]",
      "[{B:n} was angry.|{B:n} was cross.|{B:n} turned away without a word.]",
      "[{B:n} felt better.|{B:n} became calm again.|{B:n} took a deep breath.]"};
  Say((who == 'A' ? kForHero : kForFriend)[static_cast<int>(mood)]);
}

void Story::Thank(char from, char to) {
  if (from == 'A' && to == 'B') {
    Say("[\"Thank you, {B:n}!\" said {A:n}.|\"You are a good friend, {B:n},\" said {A:n}.|{A} "
        "thanked {B:o} [warmly|many times].|{A} gave {B:o} a big hug.]");
  } else if (from == 'B' && to == 'A') {
    Say("[\"Thank you, {A:n}!\" said {B:n}.|\"How kind you are, {A:n},\" said {B:n}.|{B} thanked "
        "{A:o} [warmly|with all {B:s} heart].|{B} gave {A:o} a big hug.]");
  } else {
    Say("[\"Thank you, {C:n}!\" said {A:n}.|{A} thanked {C:n} [warmly|politely|with a smile].|\"I "
        "will never forget this,\" said {A:n}.]");
  }
}

void Story::OnTheWay() {
  uint32_t kind = random_.Below(kNumWayEvents);
  if (kind == last_way_event_) kind = (kind + 1) % kNumWayEvents;
  last_way_event_ = kind;
  switch (kind) {
    case 0:
      Say("On the way there was a [stream|ditch|small river] without a bridge. [{A} looked for "
          "flat stones and jumped from one to the next.|{A} pushed a [log|long branch|board] "
          "across it and [walked over with great care|crossed on tiptoe].|{A} took a long run and "
          "jumped right over it.]");
      break;
    case 1:
      Say("[Soon|After a while|Half way] the path split in two. [{A} asked a {#bird}, and it told "
          "{A:m} to go [left|right].|{A} took the wrong way first and had to turn back.|An old "
          "sign showed {A:m} the right way.]");
      break;
    case 2:
      Say("[A goose|A big dog|A cross old goat] stood in the middle of the path and would not let "
          "{A:o} pass. [{A} waited quietly until it went away.|{A} gave it a piece of bread, and "
          "it let {A:m} through.|{A} spoke to it in a soft voice, and at last it moved aside.]");
      break;
    case 3:
      Say("[Then it began to rain.|A heavy rain came down.] {A} [waited under a {#tree} tree until "
          "it stopped|put a big leaf over {A:s} head and walked on|got wet but did not stop].");
      break;
    case 4:
      Say("The way was [long|steep|full of stones], and {A} [grew|became] tired. [{A} rested on a "
          "fallen tree for a while.|A drink from a cold stream helped.|{A} sang a song to make "
          "{A:s} legs move faster.]");
      break;
    case 5:
      Say("On the way {A} [met|saw] a {#bug} that lay on its back. {A} turned it over gently, and "
          "it [hurried|flew|crept] away.");
      break;
    case 6:
      Say("A [high fence|thick hedge|fallen tree] blocked the path. [{A} found a hole and crawled "
          "through.|{A} climbed over it slowly.|{A} walked all the way around it.]");
      break;
    default:
      Say("{A} walked past [the mill|the old well|a field of corn|three tall {#tree} trees|a flock "
          "of sheep] and [over a little bridge|down a narrow lane|up a gentle hill].");
  }
}

void Story::Journey(char place) {
  OnTheWay();
  const bool q = place == 'q';
  Say(q ? "[At last|Finally|In the end|Soon after that] {A} came {q:t}."
        : "[At last|Finally|In the end|Soon after that] {A} came {p:t}.");
  Go('A', place);
}

void Story::Close(Theme theme) {
  static constexpr std::string_view kLessons[] = {
      "[{A} had learned that a kind heart finds friends everywhere.|It had been a small kindness, "
      "but it made a big difference.|\"Being kind costs nothing,\" {A:n} said.|From then on {A} "
      "was always ready to help.]",
      "[{A} had learned that sharing makes things better.|\"Everything is more fun when you "
      "share,\" said {A:n}.|From that day on they shared all they had.|Two can enjoy a thing more "
      "than one.]",
      "[{A} had learned that it is best to tell the truth.|\"The truth is always better than a "
      "lie,\" {A:n} thought.|From then on {A} always told the truth.|It had been hard to be "
      "honest, but it felt good.]",
      "[{A} had learned that being brave does not mean having no fear.|\"I was afraid, but I did "
      "it,\" said {A:n}.|After that {A} was not so easily scared.|That night {A} felt brave and "
      "strong.]",
      "[{A} had learned that good things take time.|\"If you wait and work, it will come,\" {A:n} "
      "thought.|From then on {A} did not give up so quickly.|Patience had won in the end.]",
      "[{A} had learned that it is all right to ask for help.|\"Together we can do more,\" said "
      "{A:n}.|Many hands had made the work light.|From then on they always helped each other.]",
      "[{A} had learned how good it is to have a friend.|From that day on {A:n} and {B:n} were the "
      "best of friends.|After that, {A:n} and {B:n} met every day.|Neither of them was ever lonely "
      "again.]",
      "[{A} had learned to be more careful.|\"Next time I will think first,\" {A:n} said.|From "
      "then on {A} took good care of things.|It was a lesson that {A} never forgot.]",
      "[{A} had learned that a promise must be kept.|\"A promise is a promise,\" said {A:n}.|After "
      "that everybody knew that {A:n} could be trusted.|Keeping {A:s} word had been worth it.]"};
  const uint32_t ending = random_.Below(5);
  if (ending != 0) {
    Paragraph();
    Say(kLessons[static_cast<int>(theme)]);
  }
  if (ending > 2) return;
  Later();
  Say("[In the evening {A} went home, tired and happy.|When the sun went down, {A} was [warm and "
      "safe in bed|fast asleep|at home again].|That night {A} [dreamed of|thought about] all that "
      "had happened.|And the stars [shone|twinkled] over the sleeping [houses|hills|fields].|It "
      "had been a [good|long|wonderful|very special] day.|And everyone was happy.|What a day it "
      "had been!|]");
}

}  // namespace cambium
