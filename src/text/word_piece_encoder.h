// SPDX-License-Identifier: Apache-2.0
// WordPiece (BERT): every word (text/word_piece_normalizer.h) is its longest beginning that is a
// token, and so on with the rest; a word that does not come out even is one unknown token. Text
// cannot be got back exactly: case, accents and white space are lost.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/text_encoder.h"

namespace cambium {

class WordPieceEncoder final : public TextEncoder {
 public:
  // Throws kCorruptData for repeated tokens and where there is no unknown token.
  explicit WordPieceEncoder(const TokenizerData& data);

  void Encode(std::string_view text, Section section, PieceCache& cache,
              std::vector<int32_t>& ids) const override;
  // A space before the bytes makes them the beginning of a word.
  int32_t FindToken(std::string_view bytes) const override;

 private:
  void EncodeWord(std::string_view word, std::vector<int32_t>& ids) const;

  using Index = std::unordered_map<std::string_view, int32_t>;

  const TokenizerData& data_;
  Index beginnings_;  // without their space
  Index rests_;
  size_t max_token_bytes_ = 0;
};

}  // namespace cambium
