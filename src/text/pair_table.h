// SPDX-License-Identifier: Apache-2.0
// The table of adjacent token pairs of BPE training: count and places of each. Indices are stable.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "text/byte_hash.h"

namespace cambium {

struct PairInfo {
  int32_t left, right;
  uint64_t count = 0;
  // Where the left token may start; places that have changed since are still in it.
  std::vector<uint32_t> positions;
};

class PairTable {
 public:
  PairTable() : slots_(1024, 0) {}

  PairInfo& operator[](uint32_t index) { return pairs_[index]; }
  const PairInfo& operator[](uint32_t index) const { return pairs_[index]; }
  size_t size() const { return pairs_.size(); }

  // Index of the pair, added with count 0 if it is new.
  uint32_t FindOrAdd(int32_t left, int32_t right) {
    if (pairs_.size() * 2 >= slots_.size()) Grow();
    const size_t i = Probe(left, right);
    if (slots_[i] == 0) {
      pairs_.push_back({left, right, 0, {}});
      slots_[i] = static_cast<uint32_t>(pairs_.size());
    }
    return slots_[i] - 1;
  }

 private:
  size_t Probe(int32_t left, int32_t right) const {
    const size_t mask = slots_.size() - 1;
    size_t i = HashPair(left, right) & mask;
    while (slots_[i] != 0) {
      const PairInfo& pair = pairs_[slots_[i] - 1];
      if (pair.left == left && pair.right == right) break;
      i = (i + 1) & mask;
    }
    return i;
  }

  void Grow() {
    slots_.assign(slots_.size() * 2, 0);
    for (size_t index = 0; index < pairs_.size(); ++index) {
      slots_[Probe(pairs_[index].left, pairs_[index].right)] = static_cast<uint32_t>(index + 1);
    }
  }

  std::vector<PairInfo> pairs_;
  std::vector<uint32_t> slots_;  // 0: free, else index + 1; a power of two, at most half full
};

}  // namespace cambium
