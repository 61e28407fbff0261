// SPDX-License-Identifier: Apache-2.0
// The random draws of one corpus record: a Philox stream keyed by (seed, RandomPurpose::kCorpus)
// and counted by (record index; stream, draw), so any record can be made alone and in any order.
// Integers only. Not thread-safe; each record makes its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/philox.h"

namespace cambium {

class CorpusRandom {
 public:
  // `stream` (below 2^16) separates the draws of one index that serve different ends.
  CorpusRandom(uint64_t seed, uint64_t index, uint32_t stream)
      : philox_(seed, RandomPurpose::kCorpus), index_(index), minor_(uint64_t{stream} << 48) {}

  uint64_t index() const { return index_; }
  // Draws of the same seed that serve another end, from their beginning.
  CorpusRandom Sibling(uint64_t index, uint32_t stream) const {
    CorpusRandom other = *this;
    other.index_ = index;
    other.minor_ = uint64_t{stream} << 48;
    other.next_ = 4;
    return other;
  }

  uint32_t Bits() {
    if (next_ == 4) {
      block_ = philox_.Block(index_, minor_++);
      next_ = 0;
    }
    return block_[next_++];
  }

  // Uniform in [0, n), n > 0 (bias below n / 2^32).
  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(uint64_t{Bits()} * n >> 32); }
  // Uniform in [low, high].
  int Between(int low, int high) {
    CHECK(low <= high);
    return low + static_cast<int>(Below(static_cast<uint32_t>(high - low) + 1));
  }
  bool OneIn(uint32_t n) { return Below(n) == 0; }
  bool Percent(uint32_t percent) { return Below(100) < percent; }

  template <typename Container>
  const auto& Pick(const Container& items) {
    return items[Below(static_cast<uint32_t>(std::size(items)))];
  }

  // Fisher-Yates, last to first.
  template <typename Container>
  void Shuffle(Container& items) {
    for (size_t i = std::size(items); i > 1; --i) {
      using std::swap;
      swap(items[i - 1], items[Below(static_cast<uint32_t>(i))]);
    }
  }

 private:
  Philox philox_;
  uint64_t index_;
  uint64_t minor_;
  PhiloxBlock block_{};
  int next_ = 4;
};

}  // namespace cambium
