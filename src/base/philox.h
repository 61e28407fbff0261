// SPDX-License-Identifier: Apache-2.0
// Counter-based random numbers (numerics contract, rule 7): a value is a function of (seed,
// purpose) and of what it is for, never of the order of calls. Source: Salmon et al. 2011,
// "Parallel random numbers: as easy as 1, 2, 3", Philox4x32-10.
#pragma once

#include <array>
#include <cstdint>

namespace cambium {

// What a stream of random numbers is for. Values are part of the contract: never renumber.
enum class RandomPurpose : uint32_t {
  kInit = 1,       // counter: (parameter index, element / 4)
  kDataOrder = 2,  // counter: (epoch, index)
  kSampling = 3,   // counter: (sequence, position)
  kCorpus = 4,     // counter: chosen by the generator (record, draw)
  kTest = 5,
  kSplit = 6,
  kXtc = 7,  // counter: (sequence, position)
};

using PhiloxBlock = std::array<uint32_t, 4>;

// The raw function: 10 rounds over `counter` under `key`.
PhiloxBlock Philox4x32(PhiloxBlock counter, std::array<uint32_t, 2> key);

class Philox {
 public:
  Philox(uint64_t seed, RandomPurpose purpose);

  // Four words for the pair of 64-bit counters (major, minor).
  PhiloxBlock Block(uint64_t major, uint64_t minor) const;
  uint64_t Bits64(uint64_t major, uint64_t minor) const;
  // Uniform in [0, 1) with 24 bits, of word 0.
  float Uniform(uint64_t major, uint64_t minor) const;
  // Uniform in [0, n), n > 0, by multiplication of 64 bits (bias below n / 2^64).
  uint64_t Below(uint64_t n, uint64_t major, uint64_t minor) const;

 private:
  std::array<uint32_t, 2> key_;
};

// [0, 1) with 24 bits of a word.
inline float UniformFromBits(uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }

}  // namespace cambium
