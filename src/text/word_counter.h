// SPDX-License-Identifier: Apache-2.0
// Counts of distinct byte strings: an open-addressing hash table over one arena, made for hundreds
// of millions of additions of few distinct words. Not thread-safe: one per thread, added up at the
// end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {

class WordCounter {
 public:
  void Add(std::string_view word, uint64_t count = 1);
  void AddAll(const WordCounter& other);

  size_t num_words() const { return entries_.size(); }
  uint64_t total_bytes() const { return arena_.size(); }
  // Words in order of their first addition.
  std::string_view word(size_t i) const {
    return std::string_view(arena_).substr(entries_[i].offset, entries_[i].size);
  }
  uint64_t count(size_t i) const { return entries_[i].count; }

 private:
  struct Entry {
    uint64_t hash;
    uint64_t offset, size;  // in arena_
    uint64_t count;
  };
  // 0: free, else the index of an entry + 1. The tag (high bits of the hash) spares most reads of
  // entries that are not the one.
  struct Slot {
    uint32_t entry = 0;
    uint32_t tag = 0;
  };

  void Grow();

  std::string arena_;
  std::vector<Entry> entries_;
  std::vector<Slot> slots_;  // a power of two, at most half full
};

}  // namespace cambium
