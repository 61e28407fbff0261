// SPDX-License-Identifier: Apache-2.0
#include "text/merge_table.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "text/byte_hash.h"

namespace cambium {

MergeTable::MergeTable(size_t expected_merges) {
  size_t num_slots = 1024;
  while (num_slots < expected_merges * 2) num_slots *= 2;
  slots_.resize(num_slots);
}

void MergeTable::Grow() {
  std::vector<Merge> old(slots_.size() * 2);
  old.swap(slots_);
  size_ = 0;
  for (const Merge& merge : old) {
    if (merge.left >= 0) Add(merge);
  }
}

bool MergeTable::Add(const Merge& merge) {
  if (size_ * 2 >= slots_.size()) Grow();
  const size_t mask = slots_.size() - 1;
  size_t i = HashPair(merge.left, merge.right) & mask;
  while (slots_[i].left >= 0) {
    if (slots_[i].left == merge.left && slots_[i].right == merge.right) return false;
    i = (i + 1) & mask;
  }
  slots_[i] = merge;
  ++size_;
  return true;
}

const MergeTable::Merge& MergeTable::Find(int32_t left, int32_t right) const {
  const size_t mask = slots_.size() - 1;
  size_t i = HashPair(left, right) & mask;
  while (slots_[i].left >= 0 && (slots_[i].left != left || slots_[i].right != right)) {
    i = (i + 1) & mask;
  }
  return slots_[i];  // a free slot has rank kNoRank
}

size_t MergeTable::ApplyByScan(int32_t* symbols, size_t n) const {
  uint32_t ranks[kMaxShort];   // of the pair (i, i + 1)
  int32_t results[kMaxShort];  // what it becomes
  const auto look_up = [&](size_t i) {
    const Merge& merge = Find(symbols[i], symbols[i + 1]);
    ranks[i] = merge.rank;
    results[i] = merge.result;
  };
  for (size_t i = 0; i + 1 < n; ++i) look_up(i);
  while (n > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < n; ++i) {
      if (ranks[i] < ranks[best]) best = i;
    }
    if (ranks[best] == kNoRank) break;
    symbols[best] = results[best];
    --n;
    for (size_t i = best + 1; i < n; ++i) symbols[i] = symbols[i + 1];
    for (size_t i = best + 1; i + 1 < n; ++i) {
      ranks[i] = ranks[i + 1];
      results[i] = results[i + 1];
    }
    if (best + 1 < n) look_up(best);
    if (best > 0) look_up(best - 1);
  }
  return n;
}

size_t MergeTable::ApplyByHeap(int32_t* symbols, size_t count) const {
  // A node per symbol; a joined pair lives on in its left node, the right one is dead (symbol -1).
  struct Node {
    int32_t symbol;
    size_t previous, next;  // count: none
  };
  struct Candidate {
    uint32_t rank;
    size_t position;
    int32_t left, right, result;
    bool operator>(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };
  const size_t none = count;
  std::vector<Node> nodes(count);
  std::vector<Candidate> candidates;
  const auto add = [&](size_t i) {
    const size_t j = nodes[i].next;
    if (j == none) return false;
    const Merge& merge = Find(nodes[i].symbol, nodes[j].symbol);
    if (merge.rank == kNoRank) return false;
    candidates.push_back({merge.rank, i, merge.left, merge.right, merge.result});
    return true;
  };
  for (size_t i = 0; i < count; ++i) nodes[i] = {symbols[i], i == 0 ? none : i - 1, i + 1};
  for (size_t i = 0; i < count; ++i) add(i);
  const auto later = std::greater<Candidate>();
  std::make_heap(candidates.begin(), candidates.end(), later);
  const auto push = [&](size_t i) {
    if (add(i)) std::push_heap(candidates.begin(), candidates.end(), later);
  };
  while (!candidates.empty()) {
    std::pop_heap(candidates.begin(), candidates.end(), later);
    const Candidate top = candidates.back();
    candidates.pop_back();
    Node& left = nodes[top.position];
    // Out of date when either side has been joined to something else since.
    if (left.symbol != top.left || left.next == none || nodes[left.next].symbol != top.right) {
      continue;
    }
    Node& right = nodes[left.next];
    left.symbol = top.result;
    right.symbol = -1;
    left.next = right.next;
    if (left.next != none) nodes[left.next].previous = top.position;
    if (left.previous != none) push(left.previous);
    push(top.position);
  }
  size_t n = 0;
  if (count > 0) {
    for (size_t i = 0; i != none; i = nodes[i].next) symbols[n++] = nodes[i].symbol;
  }
  return n;
}

}  // namespace cambium
