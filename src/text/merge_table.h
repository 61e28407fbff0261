// SPDX-License-Identifier: Apache-2.0
// The merges of BPE and the one loop that applies them: join the adjacent pair of lowest rank (the
// leftmost of equals), one at a time, until no pair has a merge. Symbols are numbers >= 0; what
// they stand for is for the caller to know.
//
// Cost: short sequences O(n^2) on a few cache lines, long ones O(n log n) by a heap over a linked
// list. Thread-safe once filled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cambium {

class MergeTable {
 public:
  static constexpr uint32_t kNoRank = UINT32_MAX;
  // Above this many symbols the heap wins over the scan for the lowest rank.
  static constexpr size_t kMaxShort = 64;

  struct Merge {
    int32_t left = -1, right = -1;  // -1: a free slot
    uint32_t rank = kNoRank;
    int32_t result = -1;
  };

  explicit MergeTable(size_t expected_merges = 0);

  // False, and nothing is done, when the pair has a merge.
  bool Add(const Merge& merge);
  // The merge of a pair; rank kNoRank when there is none.
  const Merge& Find(int32_t left, int32_t right) const;
  size_t size() const { return size_; }

  // Joins symbols[0, count) in place and returns how many are left.
  size_t Apply(int32_t* symbols, size_t count) const {
    return count <= kMaxShort ? ApplyByScan(symbols, count) : ApplyByHeap(symbols, count);
  }
  // REQUIRES: count <= kMaxShort.
  size_t ApplyByScan(int32_t* symbols, size_t count) const;
  size_t ApplyByHeap(int32_t* symbols, size_t count) const;

 private:
  void Grow();

  std::vector<Merge> slots_;  // open addressing, a power of two, at most half full
  size_t size_ = 0;
};

}  // namespace cambium
