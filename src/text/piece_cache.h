// SPDX-License-Identifier: Apache-2.0
// Ids of short pieces of text that were encoded before: direct-mapped, one cache line an entry,
// 2 MiB. Not thread-safe: one thread at a time.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/byte_hash.h"

namespace cambium {

class PieceCache {
 public:
  static constexpr size_t kMaxBytes = 24;
  static constexpr size_t kMaxIds = 9;

  struct Key {
    uint64_t words[3] = {};
    uint8_t size_bytes = 0;  // 0 never matches: pieces are not empty

    // REQUIRES: 1 to kMaxBytes bytes.
    explicit Key(std::string_view piece) : size_bytes(static_cast<uint8_t>(piece.size())) {
      const char* p = piece.data();
      const size_t n = piece.size();
      if (n <= 8) {
        words[0] = LoadUpTo8(p, n);
      } else {
        words[0] = LoadU64(p);
        words[1] = n <= 16 ? LoadU64(p + n - 8) : LoadU64(p + 8);
        if (n > 16) words[2] = LoadU64(p + n - 8);
      }
    }
    size_t Slot() const {
      const uint64_t hash = MixHash(words[0] + size_bytes, words[1] ^ (words[2] << 1));
      return static_cast<size_t>(hash >> (64 - kLogEntries));
    }
  };

  struct alignas(64) Entry {
    uint64_t words[3] = {};
    int32_t ids[kMaxIds] = {};
    uint8_t size_bytes = 0;
    uint8_t num_ids = 0;

    bool Is(const Key& key) const {
      return size_bytes == key.size_bytes && words[0] == key.words[0] && words[1] == key.words[1] &&
             words[2] == key.words[2];
    }
  };
  static_assert(sizeof(Entry) == 64);

  // Appends the ids of `piece` (not empty): from the cache, or by `encode()`, which appends them to
  // `ids` itself and is then remembered.
  template <typename Encode>
  void Look(std::string_view piece, std::vector<int32_t>& ids, const Encode& encode) {
    if (piece.size() > kMaxBytes) {
      encode();
      return;
    }
    const Key key(piece);
    Entry& entry = entries_[key.Slot()];
    if (entry.Is(key)) {
      ids.insert(ids.end(), entry.ids, entry.ids + entry.num_ids);
      return;
    }
    const size_t begin = ids.size();
    encode();
    const size_t count = ids.size() - begin;
    if (count > kMaxIds) return;
    for (size_t i = 0; i < 3; ++i) entry.words[i] = key.words[i];
    for (size_t i = 0; i < count; ++i) entry.ids[i] = ids[begin + i];
    entry.size_bytes = key.size_bytes;
    entry.num_ids = static_cast<uint8_t>(count);
  }

 private:
  static constexpr int kLogEntries = 15;
  std::vector<Entry> entries_ = std::vector<Entry>(size_t{1} << kLogEntries);
};

}  // namespace cambium
