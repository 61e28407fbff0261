// SPDX-License-Identifier: Apache-2.0
#include "text/corpus/words.h"

#include "base/check.h"

namespace cambium {

WordList::WordList(std::string_view text) {
  const char separator = text.find('|') != std::string_view::npos ? '|' : ' ';
  while (!text.empty()) {
    const size_t end = text.find(separator);
    words_.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

const WordList& PlainWords() {
  static const WordList list(
      "able acorn acre actor after again agree alarm album alone amber anchor angle animal ankle "
      "answer apple april apron arch armour arrow artist aunt autumn awake axle baby bacon badge "
      "baker bamboo banana banner barber barrel basket bath beach beacon bead beam bean beard "
      "beaver "
      "bench berry bike bird biscuit blanket blossom board boat bone book boot border bottle bowl "
      "branch brass bread breeze brick bridge bright broom brother brown brush bucket bundle "
      "burrow "
      "bush butter button cabin cabbage cable cactus cake camel camera candle canoe canvas captain "
      "carpet carrot cart castle cattle cave cedar celery chain chair chalk cherry chess chest "
      "child "
      "chimney church cinema circle circus city clay clerk cliff climb clock cloth cloud clover "
      "coach "
      "coal coast coat cobweb coffee coin collar colour comb comet compass cook copper coral "
      "corner "
      "cotton cousin cover crab crane cream creek crisp crow crown cup curtain cycle dairy dance "
      "dawn "
      "desert desk dinner dish doctor dollar donkey door dragon drawer dream dress drift drum "
      "eagle "
      "early earth east easy echo edge effort eight elbow elder empty engine enter evening event "
      "fabric face fairy falcon farm farmer father feast feather fence ferry field finger fire "
      "fish "
      "flag flame flask flock flood floor flour flower flute foam fog forest fork fossil fountain "
      "friend frost fruit garden garlic gate gentle giant ginger glass glove glue goat gold goose "
      "grain grape grass gravel green ground guest guitar hammer harbour harp harvest hazel heart "
      "heavy hedge helmet hero hill hollow honest honey hotel house hunter ice igloo ink insect "
      "iron "
      "island ivory jacket jelly jewel journey judge juice jungle kettle kitchen kite knee knife "
      "knight ladder lake lamp lantern leaf lemon letter lever light lily linen lion lizard locket "
      "lumber magic magnet maple marble market meadow melon metal middle milk mill mirror mitten "
      "moon "
      "morning mother motor mountain mouse music needle nest night noodle north notebook number "
      "ocean "
      "olive onion orange orchard oven owner oyster paddle page paint palace paper parade parcel "
      "parrot path pearl pebble pencil pepper petal piano picnic pillow pilot pine planet plant "
      "plate plum pocket poem pond pony potato powder prince pump puppet puzzle quarter queen "
      "question "
      "quiet quilt rabbit radio rain rainbow ranger raven reason ribbon rider ring river road "
      "robin "
      "rocket roof root rope rose rubber saddle sail salad salt sand sandal saucer scarf school "
      "sea "
      "season seed shadow sheep shelf shell ship shirt shore shovel silk silver singer sister "
      "skate "
      "sky slipper smile smoke snail snow soap sock soup south spade sparrow spider spoon spring "
      "square squirrel stable stairs star station steam stone storm story straw stream street "
      "string "
      "sugar summer sun swan sweater table tailor teacher temple tent thread throne thunder ticket "
      "tiger timber toast tooth torch tower town trail train tree trunk tulip tunnel turnip turtle "
      "uncle under valley velvet village violin voice wagon wall walnut water wave wheat wheel "
      "whistle willow window winter wolf wonder wood wool world yard yellow young zebra zipper");
  return list;
}

const WordList& Colours() {
  static const WordList list("red blue green yellow white black brown orange purple pink grey");
  return list;
}

const WordList& Fruits() {
  static const WordList list(
      "apple|pear|plum|peach|banana|orange|lemon|melon|cherry|grape|fig|strawberry");
  return list;
}

const WordList& CountNouns() {
  static const WordList list(
      "apple pear plum orange lemon egg cake cookie muffin shell stone marble button stamp sticker "
      "book pencil card coin ball balloon ribbon feather acorn nut flower rose tulip seed carrot "
      "star bead key cup plate spoon candle sock hat kite boat ticket letter photo");
  return list;
}

const WordList& Jobs() {
  static const WordList list(
      "baker|teacher|doctor|farmer|carpenter|gardener|postman|blacksmith|painter|fisherman|miller|"
      "tailor|beekeeper|librarian|musician|shepherd|potter|cook|clockmaker|weaver|bus driver|nurse|"
      "shopkeeper|ferryman|candle maker|cobbler");
  return list;
}

const WordList& Pets() {
  static const WordList list(
      "cat dog parrot rabbit goat pony hamster tortoise goldfish duck donkey canary");
  return list;
}

const WordList& WeekDays() {
  static const WordList list("Monday Tuesday Wednesday Thursday Friday Saturday Sunday");
  return list;
}

const WordList& NamedList(std::string_view name) {
  static const WordList berries(
      "blackberries|blueberries|strawberries|raspberries|cherries|wild plums");
  static const WordList bugs("beetle|ladybird|snail|spider|cricket|caterpillar|bee|butterfly|ant");
  static const WordList birds("robin|sparrow|crow|blackbird|magpie|swallow|wren|jay|finch|gull");
  static const WordList trees("oak|willow|apple|pine|birch|chestnut|maple|cherry|elm|fir");
  static const WordList flowers("daisy|tulip|rose|poppy|bluebell|sunflower|violet|buttercup");
  static const WordList meals(
      "soup|porridge|pancakes|bread and honey|stew|noodles|apple pie|cheese toast|dumplings|rice");
  static const WordList games(
      "hide-and-seek|tag|hopscotch|catch|marbles|skipping|leapfrog|blind man's buff");
  static const WordList sizes("small|little|tiny|big|large|huge");
  if (name == "berry") return berries;
  if (name == "bug") return bugs;
  if (name == "bird") return birds;
  if (name == "tree") return trees;
  if (name == "flower") return flowers;
  if (name == "meal") return meals;
  if (name == "game") return games;
  if (name == "size") return sizes;
  if (name == "colour") return Colours();
  if (name == "fruit") return Fruits();
  CHECK(!"a list of this name");
  return Colours();
}

}  // namespace cambium
