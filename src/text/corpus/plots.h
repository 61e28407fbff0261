// SPDX-License-Identifier: Apache-2.0
// The plots of the stories: each tells one course of events with choices inside. A new plot is a
// function and a row in plots.cc.
#pragma once

#include <span>
#include <string_view>

#include "text/corpus/story.h"

namespace cambium {

struct Plot {
  std::string_view name;
  void (*tell)(Story& story);
  const WordList& (*things)();  // what {x} may be
};

std::span<const Plot> Plots();

// Tables of things.
const WordList& Toys();
const WordList& Treasures();
const WordList& Tools();
const WordList& NightTools();
const WordList& Carriers();
const WordList& RescueTools();
const WordList& GardenTools();
const WordList& BuildingTools();
const WordList& Foods();
const WordList& Skills();  // "ride a bicycle"

// plots_things.cc: losing, sharing, breaking, trading, borrowing
void TellLostThing(Story& s);
void TellSharing(Story& s);
void TellBroken(Story& s);
void TellTrade(Story& s);
void TellBorrowed(Story& s);
void TellStuckInTree(Story& s);
void TellPresent(Story& s);
// plots_courage.cc: fears, skills, contests
void TellAfraidOfDark(Story& s);
void TellNoiseAtNight(Story& s);
void TellPractice(Story& s);
void TellRace(Story& s);
void TellStageFright(Story& s);
void TellLostInWoods(Story& s);
void TellStorm(Story& s);
// plots_care.cc: helping and nursing
void TellRescue(Story& s);
void TellBabyAnimal(Story& s);
void TellSickFriend(Story& s);
void TellSeed(Story& s);
void TellNewcomer(Story& s);
void TellMessage(Story& s);
// plots_home.cc: cooking, building, errands, tricks
void TellBaking(Story& s);
void TellMarket(Story& s);
void TellBuilding(Story& s);
void TellGreedy(Story& s);
void TellFalseAlarm(Story& s);
void TellTreasureMap(Story& s);
void TellPromise(Story& s);
void TellWish(Story& s);

}  // namespace cambium
