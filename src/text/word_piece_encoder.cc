// SPDX-License-Identifier: Apache-2.0
#include "text/word_piece_encoder.h"

#include <algorithm>

#include "base/error.h"
#include "text/word_piece_normalizer.h"

namespace cambium {

WordPieceEncoder::WordPieceEncoder(const TokenizerData& data) : data_(data) {
  if (data.unk_id < 0) {
    Fail(ErrorCode::kCorruptData, "tokenizer: WordPiece without an unknown token");
  }
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    if (data.types[id] != TokenType::kNormal) continue;
    std::string_view text = data.tokens[id];
    const bool is_beginning = text.starts_with(' ');
    if (is_beginning) text.remove_prefix(1);
    if (text.empty()) continue;  // reached by no text
    const auto [it, is_new] =
        (is_beginning ? beginnings_ : rests_).emplace(text, static_cast<int32_t>(id));
    if (!is_new) {
      Fail(ErrorCode::kCorruptData, "tokenizer: tokens {} and {} are both \"{}\"", it->second, id,
           data.tokens[id]);
    }
    max_token_bytes_ = std::max(max_token_bytes_, text.size());
  }
}

int32_t WordPieceEncoder::FindToken(std::string_view bytes) const {
  const bool is_beginning = bytes.starts_with(' ');
  const Index& index = is_beginning ? beginnings_ : rests_;
  const auto it = index.find(is_beginning ? bytes.substr(1) : bytes);
  return it == index.end() ? -1 : it->second;
}

void WordPieceEncoder::EncodeWord(std::string_view word, std::vector<int32_t>& ids) const {
  const auto is_char_start = [&](size_t i) {
    return i == word.size() || (static_cast<uint8_t>(word[i]) & 0xc0) != 0x80;
  };
  size_t num_chars = 0;
  for (size_t i = 0; i < word.size(); ++i) num_chars += is_char_start(i) ? 1 : 0;
  const size_t num_ids = ids.size();
  size_t begin = 0;
  while (begin < word.size() && num_chars <= static_cast<size_t>(data_.word_piece.max_word_chars)) {
    const Index& index = begin == 0 ? beginnings_ : rests_;
    size_t end = std::min(word.size(), begin + max_token_bytes_);
    int32_t id = -1;
    for (; end > begin; --end) {
      if (!is_char_start(end)) continue;
      const auto it = index.find(word.substr(begin, end - begin));
      if (it == index.end()) continue;
      id = it->second;
      break;
    }
    if (id < 0) break;
    ids.push_back(id);
    begin = end;
  }
  if (begin == word.size()) return;
  ids.resize(num_ids);
  ids.push_back(data_.unk_id);
}

void WordPieceEncoder::Encode(std::string_view text, Section, PieceCache& cache,
                              std::vector<int32_t>& ids) const {
  ForEachWord(text, data_.word_piece, [&](std::string_view word) {
    cache.Look(word, ids, [&] { EncodeWord(word, ids); });
  });
}

}  // namespace cambium
