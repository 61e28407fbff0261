// SPDX-License-Identifier: Apache-2.0
// A story while it is told: its cast, things and places, who holds what and where everyone is, and
// the text so far. Plots (plots.h) call Say with templates (text_builder.h) whose slots are
//   {A} {B} {C}     hero, friend (of the other gender, so that pronouns are clear), elder:
//                   name or he / she, whichever reads well; {A:o} him, {A:p} his, likewise
//   {A:n} {A:np}    always the name, "Mia", "Mia's"      {A:h} {A:m} {A:s} {A:r} always
//   {A:k}           "rabbit" or "girl"                    she, her, her, herself
//   {A:d}           "little rabbit named Pip"
//   {B:t}           who the friend is, at first sight: "Pip the rabbit", "her neighbour Tom"
//   {B:i}           "Pip, a rabbit," or only "Tom"
//   {x} {y}         "red kite"                            {x:n} kite
//   {p} {q}         "the forest"                          {p:i} in the forest  {p:t} to the forest
//   {#fruit}        a word of that list (NamedList)
//   {part}          morning, afternoon or evening: the time of the story, which only moves on
// The state is checked: to give what one does not have is a bug of the plot and ends the program
// (tests tell many thousands of stories). Not thread-safe.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "text/corpus/split.h"
#include "text/corpus/text_builder.h"
#include "text/corpus/words.h"

namespace cambium {

enum class Mood { kHappy, kSad, kScared, kProud, kWorried, kAngry, kCalm };
enum class Theme {
  kKindness,
  kSharing,
  kHonesty,
  kCourage,
  kPatience,
  kHelp,
  kFriendship,
  kCare,
  kPromise
};

struct Character {
  std::string name;        // "Mia", "Grandma", "the old owl"
  std::string_view kind;   // "girl", "rabbit"
  std::string_view trait;  // "little", "cheerful"
  bool she = false;
  std::string place;  // a place as in "in the forest"
};

struct Thing {
  std::string_view adjective;
  std::string_view noun;
  char holder = 0;  // 'A', 'B', 'C'; 0: nobody
};

struct Plot;

struct StoryQuestion {
  std::string question;
  std::string answer;
};

class Story : public SlotSource {
 public:
  // Draws the cast and the main thing, until plot, hero, friend and thing belong to the split.
  Story(const Plot& plot, CorpusRandom& random, CorpusSplit split);

  void Say(std::string_view pattern);
  void Paragraph();
  // The opening: a time, a place (p, if `placed`) and who the hero is.
  void Open();
  void Feel(char who, Mood mood);
  void Thank(char from, char to);
  // Something that the hero meets on the way; never the same twice in a row.
  void OnTheWay();
  // OnTheWay, then the hero arrives at `place`.
  void Journey(char place);
  // Time moves on; at most evening.
  void Later();
  void Close(Theme theme);

  // Changes of the state. Tell them with Say.
  void Go(char who, char place);
  void Take(char who, char thing);
  void Give(char from, char to, char thing);
  void Lose(char who, char thing);
  void Meet(char who, char other);  // `other` comes to where `who` is

  void DrawThing(char thing, const WordList& nouns);
  // A question about the story, the answer in the same words; asked if the record wants one.
  void Ask(std::string_view question, std::string_view answer);
  StoryQuestion DrawQuestion();

  bool animals() const { return animals_; }
  bool placed(char who, char place) const;
  CorpusRandom& random() { return random_; }
  const std::string& key() const { return key_; }
  std::string TakeText();

  void AppendSlot(std::string_view slot, TextBuilder& out) override;

 private:
  void DrawCast(const Plot& plot);
  void AppendCharacter(char who, std::string_view form, TextBuilder& out);
  std::string NameOf(char who);
  Character& Who(char who);
  Thing& What(char thing);
  std::string& Where(char place);

  CorpusRandom& random_;
  TextBuilder out_;
  bool animals_ = false;
  std::string_view relation_;  // what B is to A, among people: "neighbour"
  std::array<Character, 3> cast_;
  std::array<Thing, 2> things_;
  std::array<std::string, 2> places_;
  int part_ = 0;
  uint32_t last_way_event_ = 0xffffffff;
  std::string key_;
  std::vector<StoryQuestion> questions_;
  // For pronouns: who was named last as she and as he, where in the text, and how often a pronoun
  // has stood for each since the name.
  std::array<char, 2> focus_{};
  std::array<size_t, 3> mentioned_at_{};
  std::array<int, 3> pronouns_{};
};

}  // namespace cambium
