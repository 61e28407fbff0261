// SPDX-License-Identifier: Apache-2.0
#include "text/corpus/world.h"

#include <algorithm>

#include "text/corpus/text_builder.h"

namespace cambium {
namespace {

// `count` different entries of the list.
std::vector<std::string_view> DrawDifferent(CorpusRandom& random, const WordList& list,
                                            size_t count) {
  std::vector<std::string_view> drawn;
  while (drawn.size() < count) {
    const std::string_view word = random.Pick(list);
    if (std::find(drawn.begin(), drawn.end(), word) == drawn.end()) drawn.push_back(word);
  }
  return drawn;
}

// `count` different numbers below `limit`, in order.
std::vector<int> DrawIndices(CorpusRandom& random, int limit, int count) {
  std::vector<int> all(static_cast<size_t>(limit));
  for (int i = 0; i < limit; ++i) all[static_cast<size_t>(i)] = i;
  random.Shuffle(all);
  all.resize(static_cast<size_t>(count));
  std::sort(all.begin(), all.end());
  return all;
}

std::string DrawTown(CorpusRandom& random, CorpusSplit split) {
  for (;;) {
    std::string town(random.Pick(TownSyllables()));
    town += random.Pick(TownEndings());
    if (SplitOf("town " + town) == split) return town;
  }
}

void DrawPeople(CorpusRandom& random, World& world) {
  const size_t count = static_cast<size_t>(random.Between(2, 5));
  while (world.people.size() < count) {
    Person person;
    person.she = random.OneIn(2);
    person.name = random.Pick(person.she ? GirlNames() : BoyNames());
    person.age = random.Between(20, 80);
    const auto clashes = [&](const Person& p) {
      return p.name == person.name || p.age == person.age;
    };
    if (std::none_of(world.people.begin(), world.people.end(), clashes)) {
      world.people.push_back(person);
    }
  }
}

// Person 0 is the parent of 1; 1 is a parent or sibling of 2. Ages follow.
void DrawKin(CorpusRandom& random, World& world) {
  std::vector<Person>& people = world.people;
  world.tells_kin = true;
  people[1].parent = 0;
  people[1].age = random.Between(30, 45);
  people[0].age = people[1].age + random.Between(20, 35);
  if (people.size() < 3) return;
  if (random.OneIn(2)) {
    people[2].parent = 1;
    people[2].age = random.Between(4, 9);
  } else {
    people[2].parent = 0;
    people[2].sibling = 1;
    people[1].sibling = 2;
    people[2].age = people[1].age - random.Between(1, 9);
  }
  // The others keep their ages, moved on where one is taken: ages tell people apart.
  for (size_t i = 3; i < people.size(); ++i) {
    const auto taken = [&](const Person& p) { return &p != &people[i] && p.age == people[i].age; };
    while (std::any_of(people.begin(), people.end(), taken)) ++people[i].age;
  }
}

void DrawValues(CorpusRandom& random, World& world, int num_attributes) {
  const std::span<const Attribute> rows = PersonAttributes();
  world.person_attributes = DrawIndices(random, static_cast<int>(rows.size()), num_attributes);
  if (world.pets_are_creatures &&
      std::find(world.person_attributes.begin(), world.person_attributes.end(), kPetAttribute) ==
          world.person_attributes.end()) {
    world.person_attributes[0] = kPetAttribute;
  }
  for (const int a : world.person_attributes) {
    const Attribute& row = rows[static_cast<size_t>(a)];
    const size_t count = world.people.size();
    std::vector<std::string_view> values;
    if (a == kPetAttribute && world.pets_are_creatures) {
      for (size_t i = 0; i < count; ++i) values.push_back(random.Pick(world.creatures).name);
    } else {
      values = DrawDifferent(random, row.values(), count);
      if (!row.ask_count.empty() && count > 2 && random.OneIn(2)) values[1] = values[0];
    }
    random.Shuffle(values);
    for (size_t i = 0; i < count; ++i) world.people[i].values.push_back(values[i]);
  }
}

void DrawCreatures(CorpusRandom& random, World& world) {
  const size_t count = static_cast<size_t>(random.Between(2, 3));
  for (const std::string_view name : DrawDifferent(random, CreatureNames(), count)) {
    world.creatures.push_back({name, {}});
  }
  const std::span<const Attribute> rows = CreatureAttributes();
  world.creature_attributes =
      DrawIndices(random, static_cast<int>(rows.size()), random.Between(1, 3));
  for (const int a : world.creature_attributes) {
    const std::vector<std::string_view> values =
        DrawDifferent(random, rows[static_cast<size_t>(a)].values(), count);
    for (size_t i = 0; i < count; ++i) world.creatures[i].values.push_back(values[i]);
  }
}

void DrawPlaces(CorpusRandom& random, World& world) {
  static const WordList places(
      "the mill|the lake|the old castle|the railway station|the quarry|the lighthouse|the school|"
      "the great oak|the harbour|the ferry|the abbey|the windmill|the hospital|the waterfall");
  const std::vector<std::string_view> names =
      DrawDifferent(random, places, static_cast<size_t>(random.Between(2, 4)));
  const std::vector<int> miles = DrawIndices(random, 20, static_cast<int>(names.size()));
  for (size_t i = 0; i < names.size(); ++i) world.places.push_back({names[i], miles[i] + 1});
  random.Shuffle(world.places);
}

void DrawWeek(CorpusRandom& random, World& world) {
  static const WordList events(
      "the fish market|the choir|the chess club|the flower market|the dance|the story hour|"
      "the band practice|the town meeting|the cooking class|the horse fair|the puppet show|"
      "the sewing circle|the boat race|the free soup");
  const std::vector<std::string_view> names =
      DrawDifferent(random, events, static_cast<size_t>(random.Between(2, 4)));
  const std::vector<int> days = DrawIndices(random, 7, static_cast<int>(names.size()));
  for (size_t i = 0; i < names.size(); ++i) world.week.push_back({names[i], days[i]});
  random.Shuffle(world.week);
}

}  // namespace

World DrawWorld(CorpusRandom& random, CorpusSplit split) {
  static const WordList regions(
      "on the coast|in the mountains|by a wide river|at the edge of a forest|on a small island|"
      "in a green valley|beside a lake|on a windy plain|far in the north|between two hills");
  World world;
  world.town = DrawTown(random, split);
  world.region = random.Pick(regions);
  const uint32_t shape = random.Below(10);
  if (shape < 4 || shape == 9) DrawCreatures(random, world);
  if (shape != 0) {
    DrawPeople(random, world);
    if (shape == 2 || shape > 6) DrawKin(random, world);
    world.tells_ages = random.OneIn(3);
    world.pets_are_creatures = !world.creatures.empty() && random.Percent(80);
    DrawValues(random, world, random.Between(1, world.people.size() > 3 ? 2 : 3));
  }
  if (shape == 0 || shape == 4) DrawPlaces(random, world);
  if (shape == 5 || (shape == 0 && random.OneIn(2))) DrawWeek(random, world);
  return world;
}

}  // namespace cambium
