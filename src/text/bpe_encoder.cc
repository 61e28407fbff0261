// SPDX-License-Identifier: Apache-2.0
#include "text/bpe_encoder.h"

#include <algorithm>
#include <queue>
#include <string>

#include "base/error.h"
#include "text/byte_hash.h"
#include "text/byte_unicode.h"
#include "text/pre_tokenizer.h"

namespace cambium {

class BpeEncoder::Cache {
 public:
  static constexpr size_t kMaxBytes = 24;
  static constexpr size_t kMaxIds = 9;

  struct Key {
    uint64_t words[3] = {};
    uint8_t size_bytes = 0;  // 0 never matches: pieces are not empty

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

  Entry& At(const Key& key) { return entries_[key.Slot()]; }

 private:
  static constexpr int kLogEntries = 15;
  std::vector<Entry> entries_ = std::vector<Entry>(size_t{1} << kLogEntries);
};

void BpeEncoder::CacheDeleter::operator()(Cache* cache) const { delete cache; }

BpeEncoder::CachePtr BpeEncoder::NewCache() const { return CachePtr(new Cache()); }

BpeEncoder::BpeEncoder(const TokenizerData& data)
    : ignore_merges_(PreTokenizer::IgnoresMerges(data.pre_tokenizer)) {
  const auto num_tokens = static_cast<int32_t>(data.tokens.size());
  const auto is_normal = [&](int32_t id) {
    return data.types[id] == TokenType::kNormal || data.types[id] == TokenType::kByte;
  };
  token_ids_.reserve(data.tokens.size());
  for (int32_t id = 0; id < num_tokens; ++id) {
    if (!is_normal(id)) continue;
    if (data.tokens[id].empty()) {
      Fail(ErrorCode::kCorruptData, "tokenizer: token {} is empty", id);
    }
    const auto [it, is_new] = token_ids_.emplace(data.tokens[id], id);
    if (!is_new) {
      Fail(ErrorCode::kCorruptData, "tokenizer: tokens {} and {} are both \"{}\"", it->second, id,
           BytesToPrintable(data.tokens[id]));
    }
  }
  for (size_t byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    byte_ids_[byte] = FindToken({&c, 1});
    if (byte_ids_[byte] < 0) encodes_any_bytes_ = false;
  }
  size_t num_slots = 1024;
  while (num_slots < data.merges.size() * 2) num_slots *= 2;
  merges_.resize(num_slots);
  for (size_t rank = 0; rank < data.merges.size(); ++rank) {
    const auto [left, right] = data.merges[rank];
    if (left < 0 || left >= num_tokens || right < 0 || right >= num_tokens) {
      Fail(ErrorCode::kCorruptData, "tokenizer: merge {} is of tokens {} and {}, of {}", rank, left,
           right, num_tokens);
    }
    const int32_t result = is_normal(left) && is_normal(right)
                               ? FindToken(data.tokens[left] + data.tokens[right])
                               : -1;
    if (result < 0) {
      Fail(ErrorCode::kCorruptData, "tokenizer: merge {} (\"{}\" and \"{}\") does not give a token",
           rank, BytesToPrintable(data.tokens[left]), BytesToPrintable(data.tokens[right]));
    }
    if (FindMerge(left, right).rank != kNoRank) {
      Fail(ErrorCode::kCorruptData, "tokenizer: merge {} repeats merge {} (\"{}\" and \"{}\")",
           rank, FindMerge(left, right).rank, BytesToPrintable(data.tokens[left]),
           BytesToPrintable(data.tokens[right]));
    }
    AddMerge({left, right, static_cast<uint32_t>(rank), result});
  }
}

int32_t BpeEncoder::FindToken(std::string_view bytes) const {
  const auto it = token_ids_.find(bytes);
  return it == token_ids_.end() ? -1 : it->second;
}

int32_t BpeEncoder::ByteId(char byte) const {
  const int32_t id = byte_ids_[static_cast<uint8_t>(byte)];
  if (id < 0) {
    Fail(ErrorCode::kInvalidArgument,
         "the text has a byte 0x{:02x}, for which this tokenizer has no token",
         static_cast<uint8_t>(byte));
  }
  return id;
}

void BpeEncoder::AddMerge(const Merge& merge) {
  const size_t mask = merges_.size() - 1;
  size_t i = HashPair(merge.left, merge.right) & mask;
  while (merges_[i].left >= 0) i = (i + 1) & mask;
  merges_[i] = merge;
}

const BpeEncoder::Merge& BpeEncoder::FindMerge(int32_t left, int32_t right) const {
  const size_t mask = merges_.size() - 1;
  size_t i = HashPair(left, right) & mask;
  while (merges_[i].left >= 0 && (merges_[i].left != left || merges_[i].right != right)) {
    i = (i + 1) & mask;
  }
  return merges_[i];  // a free slot has rank kNoRank
}

void BpeEncoder::Encode(std::string_view piece, Cache& cache, std::vector<int32_t>& ids) const {
  if (piece.size() == 1) {
    ids.push_back(ByteId(piece[0]));
    return;
  }
  if (piece.size() > Cache::kMaxBytes) {
    EncodeUncached(piece, ids);
    return;
  }
  const Cache::Key key(piece);
  Cache::Entry& entry = cache.At(key);
  if (entry.Is(key)) {
    ids.insert(ids.end(), entry.ids, entry.ids + entry.num_ids);
    return;
  }
  const size_t begin = ids.size();
  EncodeUncached(piece, ids);
  const size_t count = ids.size() - begin;
  if (count > Cache::kMaxIds) return;
  std::copy(std::begin(key.words), std::end(key.words), entry.words);
  std::copy(ids.begin() + static_cast<ptrdiff_t>(begin), ids.end(), entry.ids);
  entry.size_bytes = key.size_bytes;
  entry.num_ids = static_cast<uint8_t>(count);
}

namespace {
// Above this length the heap wins over the scan for the lowest rank.
constexpr size_t kMaxShortBytes = 64;
}  // namespace

void BpeEncoder::EncodeUncached(std::string_view piece, std::vector<int32_t>& ids) const {
  if (ignore_merges_) {
    const int32_t id = FindToken(piece);
    if (id >= 0) {
      ids.push_back(id);
      return;
    }
  }
  if (piece.size() <= kMaxShortBytes) {
    EncodeShort(piece, ids);
  } else {
    EncodeByHeap(piece, ids);
  }
}

void BpeEncoder::EncodeShort(std::string_view piece, std::vector<int32_t>& ids) const {
  int32_t symbols[kMaxShortBytes];
  uint32_t ranks[kMaxShortBytes];   // of the pair (i, i + 1)
  int32_t results[kMaxShortBytes];  // what it becomes
  size_t n = piece.size();
  for (size_t i = 0; i < n; ++i) symbols[i] = ByteId(piece[i]);
  const auto look_up = [&](size_t i) {
    const Merge& merge = FindMerge(symbols[i], symbols[i + 1]);
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
  ids.insert(ids.end(), symbols, symbols + n);
}

void BpeEncoder::EncodeByHeap(std::string_view piece, std::vector<int32_t>& ids) const {
  // A node per byte; a joined pair lives on in its left node, the right one is dead (symbol -1).
  struct Node {
    int32_t symbol;
    size_t previous, next;  // piece.size(): none
  };
  struct Candidate {
    uint32_t rank;
    size_t position;
    int32_t left, right, result;
    bool operator>(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };
  const size_t none = piece.size();
  std::vector<Node> nodes(piece.size());
  std::vector<Candidate> candidates;
  const auto add = [&](size_t i) {
    const size_t j = nodes[i].next;
    if (j == none) return false;
    const Merge& merge = FindMerge(nodes[i].symbol, nodes[j].symbol);
    if (merge.rank == kNoRank) return false;
    candidates.push_back({merge.rank, i, merge.left, merge.right, merge.result});
    return true;
  };
  for (size_t i = 0; i < piece.size(); ++i) {
    nodes[i] = {ByteId(piece[i]), i == 0 ? none : i - 1, i + 1};
  }
  for (size_t i = 0; i < piece.size(); ++i) add(i);
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
  for (size_t i = 0; i != none; i = nodes[i].next) ids.push_back(nodes[i].symbol);
}

}  // namespace cambium
