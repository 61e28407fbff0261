// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "text/corpus/text_builder.h"
#include "text/corpus/world.h"

namespace cambium {
namespace {

std::string Number(int n, CorpusRandom& random) {
  return n <= 20 && random.OneIn(2) ? NumberWord(n) : std::to_string(n);
}

void TellKin(const World& world, TextBuilder& out) {
  for (const Person& person : world.people) {
    if (person.parent < 0) continue;
    const Person& parent = world.people[static_cast<size_t>(person.parent)];
    out.Sentence(
        "[{0} is the {2} of {1}.|{1} is the {3} of {0}.|{0} has a {3} [called|named] {1}.]",
        {parent.name, person.name, parent.she ? "mother" : "father",
         person.she ? "daughter" : "son"});
  }
}

void TellPeople(const World& world, TextBuilder& out) {
  if (world.tells_kin) TellKin(world, out);
  if (world.tells_ages) {
    for (const Person& person : world.people) {
      out.Sentence("[{0} is {1} years old.|{0} is {1}.|The age of {0} is {1}.]",
                   {person.name, std::to_string(person.age)});
    }
  }
  std::vector<size_t> order(world.people.size());
  for (size_t a = 0; a < world.person_attributes.size(); ++a) {
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    out.random().Shuffle(order);
    const Attribute& row = PersonAttributes()[static_cast<size_t>(world.person_attributes[a])];
    for (const size_t i : order) {
      out.Sentence(row.statement, {world.people[i].name, world.people[i].values[a]});
    }
  }
}

void TellCreatures(const World& world, TextBuilder& out) {
  std::vector<std::string> names;
  for (const Creature& creature : world.creatures)
    names.push_back("the " + std::string(creature.name));
  out.Sentence(
      "[Strange animals live there|Some animals are found only there|Travellers come to see its "
      "animals]: {0}.",
      {JoinList(names)});
  for (size_t i = 0; i < world.creatures.size(); ++i) {
    for (size_t a = 0; a < world.creature_attributes.size(); ++a) {
      const Attribute& row =
          CreatureAttributes()[static_cast<size_t>(world.creature_attributes[a])];
      const std::string subject =
          (out.random().OneIn(2) ? "the " : "a ") + std::string(world.creatures[i].name);
      std::string with_article = subject;
      if (subject[0] == 'a' && StartsWithVowelSound(world.creatures[i].name)) {
        with_article = "an " + std::string(world.creatures[i].name);
      }
      out.Sentence(row.statement, {with_article, world.creatures[i].values[a]});
    }
  }
}

void TellPlaces(const World& world, TextBuilder& out) {
  for (const Place& place : world.places) {
    const std::string miles =
        Number(place.miles, out.random()) + (place.miles == 1 ? " mile" : " miles");
    out.Sentence("[{0} is {1} from {2}.|From {2} it is {1} to {0}.|You walk {1} from {2} to {0}.]",
                 {place.name, miles, world.town});
  }
}

void TellWeek(const World& world, TextBuilder& out) {
  for (const WeekEvent& event : world.week) {
    out.Sentence("[{0} is on {1}.|On {1} there is {0}.|Every {1} people wait for {0}.]",
                 {event.name, WeekDays()[static_cast<size_t>(event.day)]});
  }
}

}  // namespace

std::string TellWorld(const World& world, CorpusRandom& random) {
  TextBuilder out(random);
  out.Sentence(
      "[{0} is a [small|quiet|busy|old|pretty] [town|village] {1}.|"
      "There is a [little|quiet|busy|friendly] [town|village] called {0} {1}.|"
      "The [town|village] of {0} lies {1}.|Far from here, {1}, there is a [town|village] named "
      "{0}.]",
      {world.town, world.region});
  if (!world.creatures.empty()) TellCreatures(world, out);
  if (!world.people.empty()) {
    if (!world.creatures.empty()) out.NewLine();
    std::vector<std::string> names;
    for (const Person& person : world.people) names.emplace_back(person.name);
    out.Sentence(
        "[{0} live [in {1}|there].|Among the people of {1} are {0}.|Everybody there knows {0}.|"
        "{0} are neighbours in {1}.]",
        {JoinList(names), world.town});
    TellPeople(world, out);
  }
  if (!world.places.empty()) {
    out.NewLine();
    TellPlaces(world, out);
  }
  if (!world.week.empty()) {
    out.NewLine();
    out.Sentence(
        "[The week in {0} is never dull.|Each week has its habits.|People know the days by "
        "what they do.]",
        {world.town});
    TellWeek(world, out);
  }
  return out.Take();
}

}  // namespace cambium
