// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <optional>
#include <string>

#include "text/corpus/text_builder.h"
#include "text/corpus/world.h"

namespace cambium {
namespace {

using Question = std::optional<WorldQuestion>;  // none: this world cannot be asked that

WorldQuestion Fill(CorpusRandom& random, std::string_view pattern,
                   std::initializer_list<std::string_view> values, std::string answer) {
  TextBuilder out(random);
  out.Expand(pattern, values);
  return {out.Take(), std::move(answer)};
}

std::string WithArticle(std::string_view noun) {
  return (StartsWithVowelSound(noun) ? "an " : "a ") + std::string(noun);
}

const Attribute& PersonRow(const World& world, size_t a) {
  return PersonAttributes()[static_cast<size_t>(world.person_attributes[a])];
}

int CountValue(const World& world, size_t a, std::string_view value) {
  return static_cast<int>(std::count_if(world.people.begin(), world.people.end(),
                                        [&](const Person& p) { return p.values[a] == value; }));
}

// Person i by something told of them other than attribute `hidden`: "the baker", "the mother of
// Tom". Empty if nothing told is theirs alone.
std::string Describe(const World& world, CorpusRandom& random, size_t i, size_t hidden) {
  std::vector<std::string> descriptions;
  for (size_t a = 0; a < world.person_attributes.size(); ++a) {
    const std::string_view value = world.people[i].values[a];
    if (a == hidden || CountValue(world, a, value) > 1) continue;
    TextBuilder out(random);
    // A lower-case word first, so that the description is not capitalised.
    out.Append("x ");
    out.Expand(PersonRow(world, a).owner, {"", value});
    descriptions.push_back(out.Take().substr(2));
  }
  for (const Person& child : world.people) {
    if (child.parent != static_cast<int>(i)) continue;
    descriptions.push_back((world.people[i].she ? "the mother of " : "the father of ") +
                           std::string(child.name));
  }
  return descriptions.empty() ? "" : random.Pick(descriptions);
}

Question AskValue(const World& world, CorpusRandom& random, bool two_hops) {
  if (world.people.empty()) return {};
  const size_t i = random.Below(static_cast<uint32_t>(world.people.size()));
  const size_t a = random.Below(static_cast<uint32_t>(world.person_attributes.size()));
  const Person& person = world.people[i];
  const std::string who = two_hops ? Describe(world, random, i, a) : std::string(person.name);
  if (who.empty()) return {};
  return Fill(random, PersonRow(world, a).ask_value, {who}, std::string(person.values[a]));
}

Question AskOwner(const World& world, CorpusRandom& random) {
  if (world.people.empty()) return {};
  const Person& person = random.Pick(world.people);
  const size_t a = random.Below(static_cast<uint32_t>(world.person_attributes.size()));
  if (CountValue(world, a, person.values[a]) > 1) return {};
  return Fill(random, PersonRow(world, a).ask_owner, {"", person.values[a]},
              std::string(person.name));
}

Question AskCount(const World& world, CorpusRandom& random) {
  if (world.people.empty()) return {};
  const size_t a = random.Below(static_cast<uint32_t>(world.person_attributes.size()));
  if (PersonRow(world, a).ask_count.empty()) return {};
  const std::string_view value = random.Pick(world.people).values[a];
  return Fill(random, PersonRow(world, a).ask_count, {"", value},
              NumberWord(CountValue(world, a, value)));
}

Question AskYesNo(const World& world, CorpusRandom& random) {
  if (world.people.empty()) return {};
  const size_t i = random.Below(static_cast<uint32_t>(world.people.size()));
  const size_t a = random.Below(static_cast<uint32_t>(world.person_attributes.size()));
  const std::string_view value =
      random.OneIn(2) ? world.people[i].values[a] : random.Pick(world.people).values[a];
  std::string who(world.people[i].name);
  if (random.OneIn(3)) who = Describe(world, random, i, a);
  if (who.empty()) return {};
  return Fill(random, PersonRow(world, a).yes_no, {who, value},
              world.people[i].values[a] == value ? "yes" : "no");
}

Question AskKin(const World& world, CorpusRandom& random) {
  if (!world.tells_kin) return {};
  const size_t i = random.Below(static_cast<uint32_t>(world.people.size()));
  const Person& person = world.people[i];
  if (person.parent < 0) {
    const auto children =
        std::count_if(world.people.begin(), world.people.end(),
                      [&](const Person& p) { return p.parent == static_cast<int>(i); });
    if (children == 0) return {};
    return Fill(random, "How many children does {0} have?", {person.name},
                NumberWord(static_cast<int>(children)));
  }
  const Person& parent = world.people[static_cast<size_t>(person.parent)];
  if (parent.parent >= 0 && random.OneIn(2)) {
    const Person& grand = world.people[static_cast<size_t>(parent.parent)];
    return Fill(random, "Who is the {1} of {0}?",
                {person.name, grand.she ? "grandmother" : "grandfather"}, std::string(grand.name));
  }
  if (person.sibling >= 0 && random.OneIn(2)) {
    const Person& sibling = world.people[static_cast<size_t>(person.sibling)];
    return Fill(random, "Who is the {1} of {0}?", {person.name, sibling.she ? "sister" : "brother"},
                std::string(sibling.name));
  }
  const std::string who = random.OneIn(2) ? std::string(person.name)
                                          : Describe(world, random, i, static_cast<size_t>(-1));
  if (who.empty()) return {};
  return Fill(random, "Who is the {1} of {0}?", {who, parent.she ? "mother" : "father"},
              std::string(parent.name));
}

Question AskAge(const World& world, CorpusRandom& random) {
  if (!world.tells_ages) return {};
  const size_t i = random.Below(static_cast<uint32_t>(world.people.size()));
  const Person& a = world.people[i];
  const Person& b = random.Pick(world.people);
  const auto by_age = [](const Person& p, const Person& q) { return p.age < q.age; };
  switch (random.Below(4)) {
    case 0: {
      const std::string who = Describe(world, random, i, static_cast<size_t>(-1));
      return Fill(random, "How old is {0}?", {who.empty() ? a.name : who}, std::to_string(a.age));
    }
    case 1:
      if (a.name == b.name) return {};
      return Fill(random, "Who is older, {0} or {1}?", {a.name, b.name},
                  std::string(a.age > b.age ? a.name : b.name));
    case 2:
      if (world.people.size() < 3) return {};
      return WorldQuestion{
          "Who is the oldest?",
          std::string(std::max_element(world.people.begin(), world.people.end(), by_age)->name)};
    default:
      if (world.people.size() < 3) return {};
      return WorldQuestion{
          "Who is the youngest?",
          std::string(std::min_element(world.people.begin(), world.people.end(), by_age)->name)};
  }
}

Question AskCreature(const World& world, CorpusRandom& random) {
  if (world.creatures.empty()) return {};
  const size_t a = random.Below(static_cast<uint32_t>(world.creature_attributes.size()));
  const Attribute& row = CreatureAttributes()[static_cast<size_t>(world.creature_attributes[a])];
  const Creature& creature = random.Pick(world.creatures);
  const std::string name = WithArticle(creature.name);
  switch (random.Below(3)) {
    case 0:
      return Fill(random, row.ask_value, {name}, std::string(creature.values[a]));
    case 1:
      return Fill(random, row.ask_owner, {"", creature.values[a]},
                  "the " + std::string(creature.name));
    default: {
      const std::string_view value =
          random.OneIn(2) ? creature.values[a] : random.Pick(world.creatures).values[a];
      return Fill(random, row.yes_no, {name, value}, value == creature.values[a] ? "yes" : "no");
    }
  }
}

// "What does the pet of the baker eat?": person to creature to value.
Question AskPet(const World& world, CorpusRandom& random) {
  if (!world.pets_are_creatures) return {};
  const auto told =
      std::find(world.person_attributes.begin(), world.person_attributes.end(), kPetAttribute);
  const size_t pet = static_cast<size_t>(told - world.person_attributes.begin());
  const size_t i = random.Below(static_cast<uint32_t>(world.people.size()));
  std::string who =
      random.OneIn(2) ? std::string(world.people[i].name) : Describe(world, random, i, pet);
  if (who.empty()) return {};
  who = "the pet of " + who;
  const size_t a = random.Below(static_cast<uint32_t>(world.creature_attributes.size()));
  const Attribute& row = CreatureAttributes()[static_cast<size_t>(world.creature_attributes[a])];
  for (const Creature& creature : world.creatures) {
    if (creature.name == world.people[i].values[pet]) {
      return Fill(random, row.ask_value, {who}, std::string(creature.values[a]));
    }
  }
  return {};
}

Question AskPlace(const World& world, CorpusRandom& random) {
  if (world.places.empty()) return {};
  const Place& a = random.Pick(world.places);
  const Place& b = random.Pick(world.places);
  const auto by_miles = [](const Place& p, const Place& q) { return p.miles < q.miles; };
  switch (random.Below(4)) {
    case 0:
      return Fill(random, "How many miles is it from {0} to {1}?", {world.town, a.name},
                  std::to_string(a.miles));
    case 1:
      if (a.name == b.name) return {};
      return Fill(random, "Which is further from {0}, {1} or {2}?", {world.town, a.name, b.name},
                  std::string(a.miles > b.miles ? a.name : b.name));
    case 2:
      return Fill(
          random, "Which of these places is nearest to {0}?", {world.town},
          std::string(std::min_element(world.places.begin(), world.places.end(), by_miles)->name));
    default:
      return Fill(random, "Is it more than {0} from {1} to {2}?",
                  {NumberWord(b.miles) + (b.miles == 1 ? " mile" : " miles"), world.town, a.name},
                  a.miles > b.miles ? "yes" : "no");
  }
}

Question AskWeek(const World& world, CorpusRandom& random) {
  if (world.week.empty()) return {};
  const WeekEvent& a = random.Pick(world.week);
  const WeekEvent& b = random.Pick(world.week);
  const std::string day(WeekDays()[static_cast<size_t>(a.day)]);
  switch (random.Below(4)) {
    case 0:
      return Fill(random, "On which day is {0}?", {a.name}, day);
    case 1:
      return Fill(random, "What is there on {0}?", {day}, std::string(a.name));
    case 2:
      if (a.day == b.day) return {};
      return Fill(random, "Counting from Monday, which comes first in the week, {0} or {1}?",
                  {a.name, b.name}, std::string(a.day < b.day ? a.name : b.name));
    default:
      return Fill(random, "Which day comes after the day of {0}?", {a.name},
                  std::string(WeekDays()[static_cast<size_t>((a.day + 1) % 7)]));
  }
}

Question AskOne(const World& world, CorpusRandom& random) {
  switch (random.Below(14)) {
    case 0:
    case 1:
      return AskValue(world, random, false);
    case 2:
    case 3:
    case 4:
      return AskValue(world, random, true);
    case 5:
      return AskOwner(world, random);
    case 6:
      return AskCount(world, random);
    case 7:
      return AskYesNo(world, random);
    case 8:
      return AskKin(world, random);
    case 9:
      return AskAge(world, random);
    case 10:
      return AskCreature(world, random);
    case 11:
      return AskPet(world, random);
    case 12:
      return AskPlace(world, random);
    default:
      return AskWeek(world, random);
  }
}

}  // namespace

std::vector<WorldQuestion> AskWorld(const World& world, CorpusRandom& random, int count) {
  std::vector<WorldQuestion> questions;
  // A small world may have fewer different questions than asked for: the tries are bounded, and at
  // least one question is always found, for every world has people or creatures.
  for (int tries = 0;
       static_cast<int>(questions.size()) < count && (tries < 40 || questions.empty()); ++tries) {
    Question question = AskOne(world, random);
    if (!question) continue;
    const bool asked = std::any_of(questions.begin(), questions.end(), [&](const WorldQuestion& q) {
      return q.question == question->question;
    });
    if (!asked) questions.push_back(std::move(*question));
  }
  return questions;
}

}  // namespace cambium
