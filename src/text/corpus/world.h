// SPDX-License-Identifier: Apache-2.0
// A little world: an invented town, its people and creatures, places and week, and the questions
// that its facts answer. Facts and questions come from one table of attributes (attributes.cc), so
// every question follows from the text. Not thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/corpus/corpus_random.h"
#include "text/corpus/split.h"
#include "text/corpus/words.h"

namespace cambium {

// One thing that can be told of a person or a creature. In the patterns {0} is whose it is ("Mia",
// "the baker", "Mia's mother") and {1} the value.
struct Attribute {
  std::string_view statement;  // an alternative of several sentences
  std::string_view ask_value;
  std::string_view ask_owner;
  std::string_view yes_no;
  std::string_view ask_count;  // empty: values are never shared
  std::string_view owner;      // names the owner by the value: "the {1}"
  const WordList& (*values)();
};

std::span<const Attribute> PersonAttributes();
std::span<const Attribute> CreatureAttributes();
// The person attribute whose values may be the names of this world's creatures.
inline constexpr int kPetAttribute = 2;

struct Person {
  std::string_view name;
  bool she = false;
  int age = 0;
  int parent = -1;  // index of the mother or father, if told
  int sibling = -1;
  std::vector<std::string_view> values;  // by World::person_attributes
};

struct Creature {
  std::string_view name;
  std::vector<std::string_view> values;  // by World::creature_attributes
};

struct Place {
  std::string_view name;  // "the mill"
  int miles = 0;
};

struct WeekEvent {
  std::string_view name;  // "the fish market"
  int day = 0;            // index into WeekDays()
};

struct World {
  std::string town;
  std::string_view region;
  std::vector<Person> people;
  std::vector<Creature> creatures;
  std::vector<Place> places;
  std::vector<WeekEvent> week;  // days differ
  std::vector<int> person_attributes;
  std::vector<int> creature_attributes;
  bool tells_ages = false;
  bool tells_kin = false;
  bool pets_are_creatures = false;  // then kPetAttribute is told and values are creature names
};

struct WorldQuestion {
  std::string question;
  std::string answer;
};

// A world whose town belongs to the split.
World DrawWorld(CorpusRandom& random, CorpusSplit split);
// The prose, in one to three paragraphs.
std::string TellWorld(const World& world, CorpusRandom& random);
// Up to `count` different questions, of kinds drawn at random.
std::vector<WorldQuestion> AskWorld(const World& world, CorpusRandom& random, int count);

}  // namespace cambium
