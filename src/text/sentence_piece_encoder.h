// SPDX-License-Identifier: Apache-2.0
// BPE over the characters of the whole text, as SentencePiece's BPE model does it (kudo,
// sentencepiece, bpe_model.cc: merge by score) and as Hugging Face's BPE with byte fallback does
// (merge by rank). A character that is no token becomes its bytes' tokens, or the unknown token.
// U+2581, by which both write a space, is the same as a space.
//
// The text is cut wherever two characters meet that no token has side by side: no merge can reach
// over such a place, so that the pieces, mostly words, are encoded alone and remembered.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/merge_table.h"
#include "text/text_encoder.h"

namespace cambium {

class SentencePieceEncoder final : public TextEncoder {
 public:
  // Throws kCorruptData for two normal tokens of the same text, tokens that are not UTF-8, scores
  // that are not numbers, byte tokens that are not one byte each or repeated, merges as BpeEncoder.
  explicit SentencePieceEncoder(const TokenizerData& data);

  void Encode(std::string_view text, Section section, PieceCache& cache,
              std::vector<int32_t>& ids) const override;
  int32_t FindToken(std::string_view bytes) const override;
  bool encodes_any_bytes() const override { return has_all_bytes_ || unk_id_ >= 0; }
  bool can_cut_before_spaces() const override { return can_cut_before_spaces_; }

  // The same without cuts and cache, and with the heap at every length: the reference of the tests.
  void EncodeWhole(std::string_view text, Section section, std::vector<int32_t>& ids) const;

 private:
  void ReadTokens();
  void ReadBytes();
  void AddMergesByRank();
  void AddMergesByScore();
  void FindPairs();

  // The text as it is encoded: prefix, U+2581, spaces.
  std::string Normalize(std::string_view text, Section section) const;
  // Whether some token has the two side by side (or their hash says so: a cut too few is harmless).
  bool MayJoin(char32_t left, char32_t right) const;
  // The symbol of a character in the merge table, or -1.
  int32_t SymbolOf(std::string_view character) const;
  void AppendSymbols(std::string_view piece, std::vector<int32_t>& symbols) const;
  void AppendUnknown(std::string_view character, std::vector<int32_t>& ids) const;
  void EncodePiece(std::string_view piece, std::vector<int32_t>& ids) const;
  void FuseUnknown(size_t begin, std::vector<int32_t>& ids) const;

  const TokenizerData& data_;
  const int32_t unk_id_;
  bool has_all_bytes_ = false;
  bool can_cut_before_spaces_ = true;
  std::array<int32_t, 256> byte_ids_;                        // -1: none
  std::unordered_map<std::string_view, int32_t> token_ids_;  // of normal tokens
  // Characters that are no token but stand in tokens: symbols from data_.tokens.size() on.
  std::unordered_map<std::string_view, int32_t> part_symbols_;
  std::vector<std::string_view> parts_;
  MergeTable merges_;
  std::array<std::array<bool, 128>, 128> ascii_pairs_ = {};
  std::vector<uint64_t> wide_pairs_;  // bits, a power of two of them, by the hash of the pair
  int wide_shift_ = 0;
};

}  // namespace cambium
