// SPDX-License-Identifier: Apache-2.0
// Sums told as a short tale with one or two steps: getting, giving away, sharing out, buying.
#include <algorithm>
#include <array>
#include <string>

#include "text/corpus/generators.h"
#include "text/corpus/operation_keys.h"
#include "text/corpus/text_builder.h"
#include "text/corpus/words.h"

namespace cambium {
namespace {

// Slots {0} name, {1} she or he, {2} other name, {3} things, {4} {5} {6} numbers, {7} container,
// {8} day.
constexpr std::string_view kGain[] = {
    "{0} [has|had|owned] {4} {3}. [{2} gave {0} {5} more|Then {1} found {5} more|{0} bought {5} "
    "more at the market|On {8} {1} got {5} more]. How many {3} does {0} have now?",
    "There [were|are] {4} {3} in the {7}. {0} put {5} more {3} into it. How many {3} are in the "
    "{7} now?",
    "[In the morning|On {8}] {0} picked up {4} {3}, and later {1} picked up {5} more. How many {3} "
    "did {0} pick up [altogether|in all]?",
    "{0} has {4} {3} and {2} has {5} {3}. How many {3} do they have together?"};
constexpr std::string_view kLoss[] = {
    "{0} [has|had] {4} {3}. [{0} gave {5} of them to {2}|Then {1} lost {5} of them|{0} sold {5} of "
    "them to {2}]. How many {3} does {0} have left?",
    "There were {4} {3} in the {7}. {0} took out {5} of them. How many {3} are [still|left] in the "
    "{7}?",
    "{0} needs {4} {3} and has {5} already. How many more {3} does {1} need?",
    "{0} has {4} {3}. {2} has {5} {3}. How many more {3} does {0} have than {2}?"};
constexpr std::string_view kTimes[] = {
    "{0} has {4} [bags|boxes|baskets] with {5} {3} in each. How many {3} does {1} have [|in all]?",
    "One [box|bag] holds {5} {3}. How many {3} do {4} such [boxes|bags] hold?",
    "Every day {0} [makes|collects|sells] {5} {3}. How many {3} is that in {4} days?"};
constexpr std::string_view kShare[] = {
    "{0} shares {4} {3} equally among {5} [friends|children]. How many {3} does each one get?",
    "{0} puts {4} {3} into {5} [bags|boxes] with the same number in each. How many {3} are in each "
    "one?"};
constexpr std::string_view kGainThenLoss[] = {
    "{0} had {4} {3}. {2} gave {0} {5} more, and then {0} lost {6} of them. How many {3} does {0} "
    "have now?",
    "{0} [found|got|bought] {4} {3} in the morning and {5} {3} in the afternoon. In the evening "
    "{1} gave {6} {3} to {2}. How many {3} does {0} have left?",
    "There were {4} {3} in the {7}. {0} put in {5} more. Then {2} took out {6}. How many {3} are "
    "in the {7} now?"};
constexpr std::string_view kLossThenGain[] = {
    "{0} had {4} {3}. {1} gave {5} to {2} and later bought {6} more. How many {3} does {0} have "
    "now?",
    "There were {4} {3} in the {7}. {0} took out {5}, and {2} put in {6}. How many {3} are in the "
    "{7} now?"};
constexpr std::string_view kContainers = "box basket bag jar drawer bowl bucket chest";

struct Numbers {
  int a, b, c, first, result;
  bool two_steps;
};

// Draws operands for the story type and notes its operations. c is 0 for one step.
Numbers DrawNumbers(CorpusRandom& random, int type, OperationKeys& keys) {
  Numbers n{};
  switch (type) {
    case 0:
      n.a = random.Between(2, 60);
      n.b = random.Between(2, 39);
      n.result = n.a + n.b;
      keys.Add(n.a, n.b);
      break;
    case 1:
      n.a = random.Between(4, 99);
      n.b = random.Between(2, n.a - 1);
      n.result = n.a - n.b;
      keys.Subtract(n.a, n.b);
      break;
    case 2:
      n.a = random.Between(2, 12);
      n.b = random.Between(2, 12);
      n.result = n.a * n.b;
      keys.Multiply(n.a, n.b);
      break;
    case 3:
      n.b = random.Between(2, 10);
      n.result = random.Between(2, 12);
      n.a = n.b * n.result;
      keys.Divide(n.a, n.b);
      break;
    case 4:
      n.a = random.Between(3, 40);
      n.b = random.Between(2, 30);
      n.first = n.a + n.b;
      n.c = random.Between(2, n.first - 1);
      n.result = n.first - n.c;
      keys.Note("add then subtract", {std::min(n.a, n.b), std::max(n.a, n.b), n.c});
      keys.Add(n.a, n.b);
      keys.Subtract(n.first, n.c);
      break;
    default:
      n.a = random.Between(5, 60);
      n.b = random.Between(2, n.a - 2);
      n.first = n.a - n.b;
      n.c = random.Between(2, 30);
      n.result = n.first + n.c;
      keys.Note("subtract then add", {n.a, n.b, n.c});
      keys.Subtract(n.a, n.b);
      keys.Add(n.first, n.c);
  }
  n.two_steps = type > 3;
  return n;
}

std::string Work(int type, const Numbers& n) {
  static constexpr std::string_view kSigns[] = {" + ", " - ", " * ", " / ", " + ", " - "};
  std::string work = std::to_string(n.a) + std::string(kSigns[type]) + std::to_string(n.b) + " = " +
                     std::to_string(n.two_steps ? n.first : n.result);
  if (n.two_steps) {
    work += '\n' + std::to_string(n.first) + (type == 4 ? " - " : " + ") + std::to_string(n.c) +
            " = " + std::to_string(n.result);
  }
  return work + "\nAnswer:";
}

std::string_view PickPattern(CorpusRandom& random, int type) {
  switch (type) {
    case 0:
      return random.Pick(kGain);
    case 1:
      return random.Pick(kLoss);
    case 2:
      return random.Pick(kTimes);
    case 3:
      return random.Pick(kShare);
    case 4:
      return random.Pick(kGainThenLoss);
    default:
      return random.Pick(kLossThenGain);
  }
}

std::string Plural(std::string_view noun) {
  std::string plural(noun);
  if (plural.ends_with("ry") || plural.ends_with("dy"))
    return plural.replace(plural.size() - 1, 1, "ies");
  if (plural.ends_with("ch") || plural.ends_with("x")) return plural + "es";
  return plural + "s";
}

}  // namespace

CorpusRecord MakeWordProblem(CorpusRandom& random, CorpusSplit split) {
  static const WordList containers(kContainers);
  static constexpr int kTypes[] = {0, 0, 0, 1, 1, 1, 2, 3, 4, 5};
  const int type = random.Pick(kTypes);
  const bool with_steps = random.Percent(60);
  const bool girl = random.OneIn(2);
  const std::string_view name = random.Pick(girl ? GirlNames() : BoyNames());
  const std::string_view other = random.Pick(girl ? BoyNames() : GirlNames());
  const std::string things = Plural(random.Pick(CountNouns()));
  OperationKeys keys;
  Numbers n = DrawNumbers(random, type, keys);
  while (!keys.Fits(split)) {
    keys = OperationKeys();
    n = DrawNumbers(random, type, keys);
  }
  // Drawn one by one: the order in which arguments are evaluated is not defined.
  const std::string_view container = random.Pick(containers);
  const std::string_view day = random.Pick(WeekDays());
  const std::string_view pattern = PickPattern(random, type);
  TextBuilder out(random);
  out.Expand(pattern, {name, girl ? "she" : "he", other, things, std::to_string(n.a),
                       std::to_string(n.b), std::to_string(n.c), container, day});
  if (with_steps) {
    return QuestionRecord(out.Take() + '\n', Work(type, n), " " + std::to_string(n.result),
                          keys.text());
  }
  return QuestionRecord(out.Take() + "\nAnswer:", "", " " + std::to_string(n.result), keys.text());
}

}  // namespace cambium
