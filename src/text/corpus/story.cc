// SPDX-License-Identifier: Apache-2.0
#include "text/corpus/story.h"

#include "base/check.h"
#include "text/corpus/plots.h"

namespace cambium {
namespace {

// A name further back than this many bytes is said again rather than meant by a pronoun.
constexpr size_t kPronounReach = 130;
constexpr int kMaxPronouns = 4;

constexpr std::string_view kParts[] = {"morning", "afternoon", "evening"};

struct Elder {
  std::string_view name;
  bool she;
};

constexpr Elder kPeopleElders[] = {
    {"Grandma", true},     {"Grandpa", false},          {"Aunt Rosie", true},
    {"Uncle Bert", false}, {"Mrs. Hill", true},         {"Mr. Brook", false},
    {"the baker", false},  {"the old gardener", false}, {"the kind teacher", true},
    {"the farmer", false}, {"the librarian", true},     {"the old fisherman", false}};
constexpr Elder kAnimalElders[] = {{"the old owl", true},        {"the wise toad", false},
                                   {"Grandmother Badger", true}, {"Mr. Heron", false},
                                   {"Mrs. Goose", true},         {"the old turtle", false},
                                   {"the gentle deer", true},    {"Grandfather Mole", false},
                                   {"Aunt Hen", true},           {"the big bear", false}};

const WordList& Traits() {
  static const WordList list(
      "little|small|young|cheerful|curious|clever|shy|brave|kind|quiet|busy|playful|funny|lively|"
      "dreamy|friendly|stubborn|careful|bold|merry");
  return list;
}

const WordList& ThingAdjectives() {
  static const WordList list(
      "red|blue|green|yellow|white|purple|orange|silver|golden|shiny|small|big|old|new|pretty|"
      "beautiful|strange|special|striped|heavy|tiny|bright");
  return list;
}

const WordList& FoodAdjectives() {
  static const WordList list("big|small|fresh|sweet|warm|fine|special|large|delicious|good|little");
  return list;
}

const WordList& PlacesFor(bool animals) {
  static const WordList wild(
      "in the forest|by the pond|on the hill|in the meadow|by the river|under the old oak|"
      "in the valley|by the lake|at the edge of the wood|on the beach|in the orchard|by the stream|"
      "near the waterfall|in the clover field|behind the mill|on the island");
  static const WordList town(
      "in the park|in the garden|at the beach|on the hill|by the river|at the market|in the barn|"
      "at the playground|in the forest|by the lake|at the farm|in the orchard|near the old bridge|"
      "in the village square|behind the school|at the harbour|in the attic|by the mill");
  return animals ? wild : town;
}

size_t CharacterIndex(char who) {
  CHECK(who >= 'A' && who <= 'C');
  return static_cast<size_t>(who - 'A');
}

}  // namespace

Story::Story(const Plot& plot, CorpusRandom& random, CorpusSplit split)
    : random_(random), out_(random) {
  static const WordList relations("friend|neighbour|cousin|classmate");
  animals_ = random_.OneIn(2);
  relation_ = random_.Pick(relations);
  do {
    DrawCast(plot);
  } while (SplitOf(key_) != split);
  places_[0] = random_.Pick(PlacesFor(animals_));
  do {
    places_[1] = random_.Pick(PlacesFor(animals_));
  } while (places_[1] == places_[0]);
  part_ = static_cast<int>(random_.Below(2));
  for (Character& character : cast_) character.place = "home";
}

void Story::DrawCast(const Plot& plot) {
  for (size_t i = 0; i < 2; ++i) {
    Character& character = cast_[i];
    character.she = i == 0 ? random_.OneIn(2) : !cast_[0].she;
    character.trait = random_.Pick(Traits());
    do {
      if (animals_) {
        character.name = random_.Pick(AnimalNames());
        character.kind = random_.Pick(AnimalKinds());
      } else {
        character.name = random_.Pick(character.she ? GirlNames() : BoyNames());
        character.kind = character.she ? "girl" : "boy";
      }
    } while (i == 1 && (character.name == cast_[0].name || character.kind == cast_[0].kind));
  }
  const Elder& elder = animals_ ? random_.Pick(kAnimalElders) : random_.Pick(kPeopleElders);
  cast_[2].name = elder.name;
  cast_[2].she = elder.she;
  DrawThing('x', plot.things());
  do {
    DrawThing('y', Treasures());
  } while (things_[1].noun == things_[0].noun);
  key_ = "story " + std::string(plot.name) + ';' + cast_[0].name + ' ' +
         std::string(cast_[0].kind) + ';' + cast_[1].name + ';' + std::string(things_[0].noun);
}

void Story::DrawThing(char thing, const WordList& nouns) {
  What(thing).noun = random_.Pick(nouns);
  What(thing).adjective = random_.Pick(&nouns == &Foods() ? FoodAdjectives() : ThingAdjectives());
}

Character& Story::Who(char who) { return cast_[CharacterIndex(who)]; }

Thing& Story::What(char thing) {
  CHECK(thing == 'x' || thing == 'y');
  return things_[static_cast<size_t>(thing - 'x')];
}

std::string& Story::Where(char place) {
  CHECK(place == 'p' || place == 'q');
  return places_[static_cast<size_t>(place - 'p')];
}

void Story::Say(std::string_view pattern) { out_.Sentence(pattern, *this); }

void Story::Paragraph() {
  out_.NewLine();
  focus_ = {};
}

std::string Story::TakeText() {
  std::string text = out_.Take();
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

void Story::Later() {
  if (part_ < 2) ++part_;
}

void Story::Go(char who, char place) { Who(who).place = place == 'h' ? "home" : Where(place); }

void Story::Meet(char who, char other) { Who(other).place = Who(who).place; }

bool Story::placed(char who, char place) const {
  return cast_[CharacterIndex(who)].place == places_[static_cast<size_t>(place - 'p')];
}

void Story::Take(char who, char thing) {
  CHECK(What(thing).holder == 0);
  What(thing).holder = who;
}

void Story::Give(char from, char to, char thing) {
  CHECK(What(thing).holder == from);
  CHECK(Who(from).place == Who(to).place);
  What(thing).holder = to;
}

void Story::Lose(char who, char thing) {
  CHECK(What(thing).holder == who);
  What(thing).holder = 0;
}

void Story::Ask(std::string_view question, std::string_view answer) {
  // Expanded into text of its own; the story's text and pronouns stay as they are.
  StoryQuestion asked;
  TextBuilder text(random_);
  text.Expand(question, *this);
  asked.question = text.Take();
  // After a word, so that the answer is not capitalised.
  TextBuilder tail(random_);
  tail.Append("x ");
  tail.Expand(answer, *this);
  asked.answer = tail.Take().substr(2);
  questions_.push_back(std::move(asked));
}

StoryQuestion Story::DrawQuestion() {
  if (animals_) Ask("What kind of animal is {A:n}?", "a {A:k}");
  for (const char thing : {'x', 'y'}) {
    const char holder = What(thing).holder;
    if (holder == 0) continue;
    const std::string noun(What(thing).noun);
    questions_.push_back({"Who has the " + noun + " at the end?", NameOf(holder)});
  }
  CHECK(!questions_.empty());
  return random_.Pick(questions_);
}

std::string Story::NameOf(char who) { return Who(who).name; }

void Story::AppendCharacter(char who, std::string_view form, TextBuilder& out) {
  const size_t i = CharacterIndex(who);
  const Character& character = cast_[i];
  const bool she = character.she;
  if (form == "k") return out.Append(character.kind);
  if (form == "d") {
    out.Append(character.trait);
    out.Append(" ");
    out.Append(character.kind);
    out.Append(random_.OneIn(2) ? " named " : " called ");
    form = "n";
  }
  if (form == "t" && !animals_) {
    out.Append(cast_[0].she ? "her " : "his ");
    out.Append(relation_);
    out.Append(" ");
  }
  bool pronoun = form == "h" || form == "m" || form == "s" || form == "r";
  if (form.empty() || form == "o" || form == "p") {
    pronoun = focus_[she] == who && pronouns_[i] < kMaxPronouns &&
              out.text().size() < mentioned_at_[i] + kPronounReach;
    pronouns_[i] = pronoun ? pronouns_[i] + 1 : 0;
    if (form.empty()) form = "h";
    if (form == "o") form = "m";
    if (form == "p") form = "s";
  }
  if (pronoun) {
    if (form == "h") out.Append(she ? "she" : "he");
    if (form == "m") out.Append(she ? "her" : "him");
    if (form == "s") out.Append(she ? "her" : "his");
    if (form == "r") out.Append(she ? "herself" : "himself");
  } else {
    out.Append(character.name);
    if (form == "s" || form == "np") out.Append("'s");
    if (animals_ && (form == "t" || form == "i")) {
      out.Append(form == "t" ? " the " : ", a ");
      out.Append(character.kind);
      if (form == "i") out.Append(",");
    }
  }
  // Questions are built beside the text and do not count.
  if (&out != &out_) return;
  focus_[she] = who;
  mentioned_at_[i] = out.text().size();
  if (!pronoun) pronouns_[i] = 0;
}

void Story::AppendSlot(std::string_view slot, TextBuilder& out) {
  const char first = slot[0];
  const std::string_view form = slot.size() > 2 && slot[1] == ':' ? slot.substr(2) : "";
  if (first >= 'A' && first <= 'C') return AppendCharacter(first, form, out);
  if (first == '#') return out.Append(random_.Pick(NamedList(slot.substr(1))));
  if (slot == "part") return out.Append(kParts[part_]);
  if (first == 'x' || first == 'y') {
    if (form != "n") {
      out.Append(What(first).adjective);
      out.Append(" ");
    }
    return out.Append(What(first).noun);
  }
  const std::string_view where = Where(first);
  const std::string_view bare = where.substr(where.find(' ') + 1);
  if (form == "i") return out.Append(where);
  if (form == "t") out.Append("to ");
  // "at the edge of the wood" is gone to as "to the edge of the wood".
  out.Append(bare);
}

}  // namespace cambium
