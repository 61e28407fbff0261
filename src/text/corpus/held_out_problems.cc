// SPDX-License-Identifier: Apache-2.0
#include "text/corpus/held_out_problems.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace cambium {
namespace {

// All {a, b} with a in [a_low, a_high] and b in [b_low(a), b_high(a)].
template <typename Low, typename High>
std::vector<Operands> Pairs(int a_low, int a_high, const Low& b_low, const High& b_high) {
  std::vector<Operands> pairs;
  for (int a = a_low; a <= a_high; ++a) {
    for (int b = b_low(a); b <= b_high(a); ++b) pairs.push_back({a, b});
  }
  return pairs;
}

auto Always(int n) {
  return [n](int) { return n; };
}

constexpr auto kSame = [](int a) { return a; };

template <void (OperationKeys::*kNote)(int, int)>
OperationKeys KeysOf(const Operands& n) {
  OperationKeys keys;
  (keys.*kNote)(n[0], n[1]);
  return keys;
}

template <typename KeysOfProblem>
ProblemList HeldOutOf(const std::vector<Operands>& problems, const KeysOfProblem& keys_of) {
  std::vector<std::pair<uint64_t, Operands>> ordered;
  for (const Operands& problem : problems) {
    const OperationKeys keys = keys_of(problem);
    if (!keys.Fits(CorpusSplit::kHeldOut)) continue;
    ordered.emplace_back(ContentHash(keys.text()), problem);
  }
  std::sort(ordered.begin(), ordered.end());
  ProblemList list;
  for (const auto& [hash, problem] : ordered) list.push_back(problem);
  return list;
}

}  // namespace

const ProblemList& HeldOutAdditions() {
  static const ProblemList list =
      HeldOutOf(Pairs(0, 99, kSame, Always(99)), KeysOf<&OperationKeys::Add>);
  return list;
}

const ProblemList& HeldOutSubtractions() {
  static const ProblemList list =
      HeldOutOf(Pairs(0, 99, Always(0), kSame), KeysOf<&OperationKeys::Subtract>);
  return list;
}

const ProblemList& HeldOutMultiplications() {
  static const ProblemList list = HeldOutOf(
      [] {
        std::vector<Operands> problems = Pairs(0, 12, kSame, Always(12));
        for (const auto& [a, b, none] : Pairs(10, 49, Always(2), Always(9))) {
          if (a > 12) problems.push_back({b, a});
        }
        return problems;
      }(),
      KeysOf<&OperationKeys::Multiply>);
  return list;
}

const ProblemList& HeldOutDivisions() {
  static const ProblemList list = HeldOutOf(
      [] {
        std::vector<Operands> problems;
        for (const auto& [divisor, quotient, none] : Pairs(2, 12, Always(1), Always(20))) {
          problems.push_back({divisor * quotient, divisor});
        }
        return problems;
      }(),
      KeysOf<&OperationKeys::Divide>);
  return list;
}

const ProblemList& HeldOutSumsOfThree() {
  static const ProblemList list = HeldOutOf(
      [] {
        std::vector<Operands> problems;
        for (const auto& [b, c, none] : Pairs(1, 9, kSame, Always(9))) {
          // With a < c the same numbers come up elsewhere, in another order.
          for (int a = c; a <= 20; ++a) problems.push_back({a, b, c});
        }
        return problems;
      }(),
      [](const Operands& n) { return KeysOfSumOfThree(n[0], n[1], n[2]); });
  return list;
}

const ProblemList& HeldOutComparisons() {
  static const ProblemList list = HeldOutOf(Pairs(
                                                0, 98, [](int a) { return a + 1; }, Always(99)),
                                            [](const Operands& n) {
                                              OperationKeys keys;
                                              keys.Note("compare", {n[0], n[1]});
                                              return keys;
                                            });
  return list;
}

const ProblemList& HeldOutNumberQuestions() {
  static const ProblemList list =
      HeldOutOf(Pairs(0, 4, Always(1), Always(99)),
                [](const Operands& n) { return KeysOfOneNumber(n[0], n[1]); });
  return list;
}

OperationKeys KeysOfOneNumber(int question, int a) {
  static constexpr std::string_view kNames[] = {"parity", "double", "half", "after", "before"};
  OperationKeys keys;
  keys.Note(kNames[question], {question == 2 ? 2 * a : a});
  return keys;
}

OperationKeys KeysOfSumOfThree(int a, int b, int c) {
  std::array<int, 3> terms = {a, b, c};
  std::sort(terms.begin(), terms.end());
  OperationKeys keys;
  keys.Note("add three", {terms[0], terms[1], terms[2]});
  keys.Add(a, b);
  keys.Add(a + b, c);
  return keys;
}

}  // namespace cambium
