// SPDX-License-Identifier: Apache-2.0
#include "tests/bits_matrix_circumstances.h"

#include <fmt/format.h>

#include <functional>
#include <set>

#include "base/philox.h"

namespace cambium {
namespace {

constexpr std::array<size_t, 4> kThreads = {1, 2, 3, 8};
constexpr std::array<size_t, 4> kChunks = {1, 7, 64, 512};
constexpr std::array<size_t, 4> kOthers = {0, 1, 4, 31};
constexpr std::array kCaches = {Cache::kCold, Cache::kPartly, Cache::kWarm};
constexpr std::array kSpeculations = {SpeculationKind::kNone, SpeculationKind::kNgram,
                                      SpeculationKind::kDraft};

Choice SizesOfAxes(size_t num_targets) {
  return {kThreads.size(), kChunks.size(),       kOthers.size(),
          kCaches.size(),  kSpeculations.size(), num_targets};
}

// Three axes with a value each: any three values that can come together.
using Triple = std::array<size_t, 6>;

void ForTriples(const Choice& c, const std::function<void(const Triple&)>& visit) {
  for (size_t i = 0; i < c.size(); ++i) {
    for (size_t j = i + 1; j < c.size(); ++j) {
      for (size_t k = j + 1; k < c.size(); ++k) visit({i, c[i], j, c[j], k, c[k]});
    }
  }
}

}  // namespace

std::string Describe(const Circumstances& c) {
  return fmt::format("{} threads, chunks of {}, {} other sequences, cache {}, speculation {}",
                     c.threads, c.chunk, c.others, static_cast<int>(c.cache),
                     static_cast<int>(c.speculation));
}

Circumstances CircumstancesOf(const Choice& c) {
  return {kThreads[c[0]], kChunks[c[1]], kOthers[c[2]], kCaches[c[3]], kSpeculations[c[4]]};
}

std::vector<Choice> FullMatrix(size_t num_targets) {
  const Choice sizes = SizesOfAxes(num_targets);
  std::vector<Choice> all;
  Choice choice = {};
  for (;;) {
    all.push_back(choice);
    size_t axis = 0;
    while (axis < sizes.size() && ++choice[axis] == sizes[axis]) choice[axis++] = 0;
    if (axis == sizes.size()) return all;
  }
}

std::vector<Choice> SomeOf(size_t count, size_t num_targets) {
  const std::vector<Choice> all = FullMatrix(1);
  std::vector<Choice> some;
  const Philox random(1, RandomPurpose::kTest);
  for (size_t i = 0; i < count; ++i) {
    Choice choice = all[random.Below(all.size(), 0, i)];
    choice[4] = i % kSpeculations.size();
    for (choice[5] = 0; choice[5] < num_targets; ++choice[5]) some.push_back(choice);
  }
  return some;
}

// Greedy: next is the one that has most triples which none before has.
std::vector<Choice> EveryTriple(size_t num_targets) {
  const std::vector<Choice> all = FullMatrix(num_targets);
  std::set<Triple> open;
  for (const Choice& choice : all) ForTriples(choice, [&](const Triple& t) { open.insert(t); });
  std::vector<Choice> chosen;
  while (!open.empty()) {
    size_t best = 0, most = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      size_t count = 0;
      ForTriples(all[i], [&](const Triple& t) { count += open.count(t); });
      if (count > most) best = i, most = count;
    }
    chosen.push_back(all[best]);
    ForTriples(all[best], [&](const Triple& t) { open.erase(t); });
  }
  return chosen;
}

}  // namespace cambium
