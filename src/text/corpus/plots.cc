// SPDX-License-Identifier: Apache-2.0
#include "text/corpus/plots.h"

namespace cambium {

std::span<const Plot> Plots() {
  static constexpr Plot kPlots[] = {
      {"lost thing", TellLostThing, Toys},
      {"sharing", TellSharing, Toys},
      {"broken", TellBroken, Treasures},
      {"trade", TellTrade, Treasures},
      {"borrowed", TellBorrowed, Tools},
      {"stuck in tree", TellStuckInTree, Toys},
      {"present", TellPresent, Treasures},
      {"afraid of the dark", TellAfraidOfDark, Toys},
      {"noise at night", TellNoiseAtNight, NightTools},
      {"practice", TellPractice, Skills},
      {"race", TellRace, Treasures},
      {"stage fright", TellStageFright, Treasures},
      {"lost in the woods", TellLostInWoods, Carriers},
      {"storm", TellStorm, Toys},
      {"rescue", TellRescue, RescueTools},
      {"baby animal", TellBabyAnimal, Foods},
      {"sick friend", TellSickFriend, Foods},
      {"seed", TellSeed, GardenTools},
      {"newcomer", TellNewcomer, Toys},
      {"message", TellMessage, Treasures},
      {"baking", TellBaking, Foods},
      {"market", TellMarket, Foods},
      {"building", TellBuilding, BuildingTools},
      {"greedy", TellGreedy, Foods},
      {"false alarm", TellFalseAlarm, Toys},
      {"treasure map", TellTreasureMap, Treasures},
      {"promise", TellPromise, Treasures},
      {"wish", TellWish, Treasures},
  };
  return kPlots;
}

const WordList& Toys() {
  static const WordList list(
      "kite|ball|drum|boat|wagon|puppet|whistle|hoop|balloon|doll|teddy bear|train|yo-yo|spinning "
      "top|"
      "toy horse|toy rocket|jump rope|sailboat|pinwheel|tambourine|hat|scarf|cap|flag");
  return list;
}

const WordList& Treasures() {
  static const WordList list(
      "shell|marble|feather|bell|button|ribbon|vase|cup|lamp|mirror|music box|necklace|crown|clock|"
      "picture|book|bowl|ring|medal|coin|glass ball|pebble|key|brooch|teapot");
  return list;
}

const WordList& Tools() {
  static const WordList list(
      "basket|rope|lantern|bucket|shovel|blanket|ladder|hammer|net|torch|cart|spade|rake|umbrella|"
      "watering can|bag|box|flute|map|stick");
  return list;
}

const WordList& NightTools() {
  static const WordList list(
      "lantern|torch|lamp|broom|blanket|stick|umbrella|frying pan|spoon|hat");
  return list;
}

const WordList& Carriers() {
  static const WordList list("basket|bag|bucket|backpack|box|sack|jar|bowl");
  return list;
}

const WordList& RescueTools() {
  static const WordList list("rope|net|ladder|plank|pole|fishing rod|cart|basket|blanket|hook");
  return list;
}

const WordList& GardenTools() {
  static const WordList list("spade|shovel|rake|stick|hoe|spoon|trowel|fork");
  return list;
}

const WordList& BuildingTools() {
  static const WordList list("hammer|saw|rope|ladder|box of nails|axe|ball of string|pot of glue");
  return list;
}

const WordList& Foods() {
  static const WordList list(
      "apple pie|cherry cake|loaf of bread|pot of soup|bowl of porridge|honey cake|carrot cake|"
      "plum cake|pumpkin pie|berry tart|nut cake|jar of jam|pot of stew|lemon cake|bag of cookies|"
      "basket of muffins");
  return list;
}

const WordList& Skills() {
  static const WordList list(
      "swim|whistle|skate|juggle|dance|draw|sing|climb|ride a bicycle|tie a knot|row a boat|"
      "fly a kite|walk on stilts|play the flute|paint|skip stones|bake bread|stand on one leg");
  return list;
}

}  // namespace cambium
