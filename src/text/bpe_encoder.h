// SPDX-License-Identifier: Apache-2.0
// Byte-level BPE of one piece: start from its bytes, join the adjacent pair of lowest rank (the
// leftmost of equals), one at a time, until no pair has a merge. As Hugging Face `tokenizers` and
// llama.cpp do it (GPT-2's own encoder joins all equal pairs at once, which differs only for merge
// tables that no training makes).
//
// Immutable and thread-safe after construction; a cache belongs to one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/merge_table.h"
#include "text/piece_cache.h"
#include "text/tokenizer_data.h"

namespace cambium {

class BpeEncoder {
 public:
  // `data` must outlive the encoder and stay where it is. Only normal (and byte) tokens take part:
  // no merge can lead to a control or user-defined token. Throws kCorruptData for two tokens of the
  // same bytes, and for merges that are out of range, repeated, of tokens that are not normal, or
  // whose result is not a token.
  explicit BpeEncoder(const TokenizerData& data);

  // Appends the ids of a piece (not empty). Throws kInvalidArgument for a byte that has no token.
  void Encode(std::string_view piece, PieceCache& cache, std::vector<int32_t>& ids) const;

  // The same without the cache and with the heap at every length: the reference of the tests.
  void EncodeByHeap(std::string_view piece, std::vector<int32_t>& ids) const;

  // False for the vocabularies, rare but real, in which some bytes that their training text did not
  // have are no tokens (GPT-NeoX lacks those that UTF-8 never uses, Falcon some control
  // characters).
  bool encodes_any_bytes() const { return encodes_any_bytes_; }

  // The normal token of these bytes, or -1.
  int32_t FindToken(std::string_view bytes) const;

 private:
  void EncodeUncached(std::string_view piece, std::vector<int32_t>& ids) const;

  // The token of a byte; throws kInvalidArgument when there is none.
  int32_t ByteId(char byte) const;

  std::array<int32_t, 256> byte_ids_;  // -1: none
  bool encodes_any_bytes_ = true;
  std::unordered_map<std::string_view, int32_t> token_ids_;  // of normal tokens
  MergeTable merges_;
  bool ignore_merges_;  // a piece that is a token is that token
};

}  // namespace cambium
