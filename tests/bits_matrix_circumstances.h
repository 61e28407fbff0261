// SPDX-License-Identifier: Apache-2.0
// What a run of the bits matrix (bits_matrix_test.cc) is made under, and which of all combinations
// are tried.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "infer/speculation.h"

namespace cambium {

// What it held before: nothing, a part of the prompt, all but the prompt's last token.
enum class Cache { kCold, kPartly, kWarm };

struct Circumstances {
  size_t threads = 1;
  size_t chunk = 64;
  size_t others = 0;
  Cache cache = Cache::kCold;
  SpeculationKind speculation = SpeculationKind::kNone;
};

std::string Describe(const Circumstances& c);

// What a run is made under, axis by axis: the index of a value each. Circumstances, then a target.
using Choice = std::array<size_t, 6>;

Circumstances CircumstancesOf(const Choice& c);

// Every combination.
std::vector<Choice> FullMatrix(size_t num_targets);
// `count` of them for every target, spread evenly, with each kind of speculation in turn.
std::vector<Choice> SomeOf(size_t count, size_t num_targets);
// Of all combinations enough that every three values of three axes come together in one: about a
// twentieth of them.
std::vector<Choice> EveryTriple(size_t num_targets);

}  // namespace cambium
