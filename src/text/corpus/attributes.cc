// SPDX-License-Identifier: Apache-2.0
// The attributes of people and creatures in the little worlds, with every sentence about them.
#include <array>

#include "text/corpus/world.h"

namespace cambium {
namespace {

const WordList& Dishes() {
  static const WordList list(
      "bean soup|apple pie|fish cakes|honey bread|rice pudding|mushroom stew|plum jam|cheese "
      "tart|onion rings|potato cakes|pumpkin soup|lemon cake|noodles|pancakes|fried "
      "eggs|dumplings");
  return list;
}

const WordList& Instruments() {
  static const WordList list("drum flute violin harp trumpet guitar piano horn fiddle bell");
  return list;
}

const WordList& Collections() {
  static const WordList list(
      "stamps|shells|old clocks|maps|buttons|coins|feathers|teapots|stones|postcards|hats|spoons");
  return list;
}

const WordList& Sports() {
  static const WordList list(
      "swims|runs|rides a bicycle|climbs trees|plays chess|dances|flies kites|rows a boat|walks in "
      "the hills|skates");
  return list;
}

const WordList& CreatureFoods() {
  static const WordList list(
      "moss|berries|small fish|beetles|dry "
      "leaves|clover|acorns|honey|worms|reeds|mushrooms|snails|tree bark|grass seeds|river "
      "weed|flies|wild onions|cherries");
  return list;
}

const WordList& Habitats() {
  static const WordList list(
      "in hollow trees|under bridges|in old barns|near the river|in tall grass|under stones|in "
      "caves|on chimneys|in the reeds|at the edge of the forest|in deep holes|on high cliffs|in "
      "cellars|under garden sheds");
  return list;
}

const WordList& Hours() {
  static const WordList list("at dawn|at noon|in the evening|at night|after rain|in early morning");
  return list;
}

const WordList& Noises() {
  static const WordList list(
      "whistles|hums|barks|clicks|hoots|squeaks|purrs|rumbles|chirps|growls|sings|hisses");
  return list;
}

}  // namespace

std::span<const Attribute> PersonAttributes() {
  static const std::array<Attribute, 8> rows = {{
      {"[{0} is the {1} of the town.|{0} works as a {1}.|The [|town's ]{1} is called {0}.|{0} has "
       "been a {1} for many years.]",
       "What is the job of {0}?", "Who is the {1}?", "Is {0} the {1}?", "", "the {1}", Jobs},
      {"[{0} lives in the {1} house.|The {1} house belongs to {0}.|The house of {0} is {1}.|If you "
       "knock at the {1} house, {0} opens the door.]",
       "What colour is the house of {0}?", "Who lives in the {1} house?",
       "Does {0} live in the {1} house?", "", "the person in the {1} house", Colours},
      {"[{0} has a {1}.|{0} keeps a {1}.|{0} owns a {1}.|A {1} lives with {0}.]",
       "What pet does {0} have?", "Who has a {1}?", "Does {0} have a {1}?",
       "How many people have a {1}?", "the owner of the {1}", Pets},
      {"[{0} likes {1} best.|The favourite food of {0} is {1}.|Nothing makes {0} as happy as "
       "{1}.|{0} would eat {1} every day.]",
       "What is the favourite food of {0}?", "Who likes {1} best?", "Does {0} like {1} best?",
       "How many people like {1} best?", "the person who likes {1} best", Dishes},
      {"[{0} plays the {1}.|In the band {0} plays the {1}.|{0} is good at playing the {1}.|{0} "
       "learned to play the {1} long ago.]",
       "Which instrument does {0} play?", "Who plays the {1}?", "Does {0} play the {1}?",
       "How many people play the {1}?", "the person who plays the {1}", Instruments},
      {"[{0} collects {1}.|{0} has a large collection of {1}.|The shelves of {0} are full of {1}.]",
       "What does {0} collect?", "Who collects {1}?", "Does {0} collect {1}?", "",
       "the person who collects {1}", Collections},
      {"[{0} goes to the market on {1}.|On {1} {0} goes to the market.|You meet {0} at the market "
       "every {1}.]",
       "On which day does {0} go to the market?", "Who goes to the market on {1}?",
       "Does {0} go to the market on {1}?", "How many people go to the market on {1}?",
       "the person who goes to the market on {1}", WeekDays},
      {"[On quiet days {0} {1}.|Whenever there is time, {0} {1}.|On days off {0} {1}.|{0} {1} for "
       "fun.]",
       "What does {0} do for fun?", "Who {1} for fun?", "Is it true that {0} {1} for fun?", "",
       "the person who {1} for fun", Sports},
  }};
  return rows;
}

std::span<const Attribute> CreatureAttributes() {
  // {0} is "a blenk" or "Mia's pet".
  static const std::array<Attribute, 5> rows = {{
      {"[{0} eats {1}.|{0} eats nothing but {1}.|The food of {0} is {1}.|{0} likes to eat {1}.]",
       "What does {0} eat?", "Which animal eats {1}?", "Does {0} eat {1}?", "",
       "the animal that eats {1}", CreatureFoods},
      {"[{0} lives {1}.|{0} makes its nest {1}.|The home of {0} is {1}.|You can find {0} {1}.]",
       "Where does {0} live?", "Which animal lives {1}?", "Does {0} live {1}?", "",
       "the animal that lives {1}", Habitats},
      {"[The fur of {0} is {1}.|{0} has {1} fur.|{0} is {1} all over.]", "What colour is {0}?",
       "Which animal is {1}?", "Is {0} {1}?", "", "the {1} animal", Colours},
      {"[{0} wakes up {1}.|{0} comes out {1}.|{0} looks for food {1}.]", "When does {0} come out?",
       "Which animal comes out {1}?", "Does {0} come out {1}?", "", "the animal that comes out {1}",
       Hours},
      {"[{0} {1} when it is happy.|When it is happy, {0} {1}.|A happy [child|farmer] laughs, but "
       "{0} {1}.]",
       "What does {0} do when it is happy?", "Which animal {1} when it is happy?",
       "Is it true that {0} {1} when it is happy?", "", "the animal that {1} when it is happy",
       Noises},
  }};
  return rows;
}

}  // namespace cambium
