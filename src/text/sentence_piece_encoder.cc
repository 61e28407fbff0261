// SPDX-License-Identifier: Apache-2.0
#include "text/sentence_piece_encoder.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "base/error.h"
#include "text/sentence_piece_merges.h"
#include "text/utf8_chars.h"
#include "text/utf8_repair.h"

namespace cambium {
namespace {

constexpr std::string_view kSpaceSymbol = "\xe2\x96\x81";  // U+2581

uint64_t HashCharPair(char32_t left, char32_t right) {
  return HashPair(static_cast<int32_t>(left), static_cast<int32_t>(right));
}

// Calls fn(begin, end) for every character of `text`, which is well-formed.
template <typename Fn>
void ForEachChar(std::string_view text, const Fn& fn) {
  for (size_t i = 0; i < text.size();) {
    const size_t size = Utf8CharBytes(text[i]);
    fn(text.substr(i, size));
    i += size;
  }
}

}  // namespace

SentencePieceEncoder::SentencePieceEncoder(const TokenizerData& data)
    : data_(data), unk_id_(data.unk_id), merges_(data.merges.size()) {
  ReadTokens();
  ReadBytes();
  if (data.merges.empty() && !data.scores.empty()) {
    AddMergesByScore();
  } else {
    AddMergesByRank();
  }
  FindPairs();
}

void SentencePieceEncoder::ReadTokens() {
  token_ids_.reserve(data_.tokens.size());
  for (size_t id = 0; id < data_.tokens.size(); ++id) {
    if (data_.types[id] != TokenType::kNormal) continue;
    const std::string& text = data_.tokens[id];
    if (text.empty() || !IsValidUtf8(text)) {
      Fail(ErrorCode::kCorruptData, "tokenizer: token {} is {}", id,
           text.empty() ? "empty" : "not well-formed UTF-8");
    }
    if (text.size() > kMaxSentencePieceBytes) {
      Fail(ErrorCode::kCorruptData, "tokenizer: token {} is of {} bytes, at most {} are read", id,
           text.size(), kMaxSentencePieceBytes);
    }
    const auto [it, is_new] = token_ids_.emplace(text, static_cast<int32_t>(id));
    if (!is_new) {
      Fail(ErrorCode::kCorruptData, "tokenizer: tokens {} and {} are both \"{}\"", it->second, id,
           text);
    }
  }
}

void SentencePieceEncoder::ReadBytes() {
  byte_ids_.fill(-1);
  for (size_t id = 0; id < data_.tokens.size(); ++id) {
    if (data_.types[id] != TokenType::kByte) continue;
    if (data_.tokens[id].size() != 1) {
      Fail(ErrorCode::kCorruptData, "tokenizer: byte token {} is of {} bytes", id,
           data_.tokens[id].size());
    }
    int32_t& place = byte_ids_[static_cast<uint8_t>(data_.tokens[id][0])];
    if (place >= 0) {
      Fail(ErrorCode::kCorruptData, "tokenizer: tokens {} and {} are both the byte 0x{:02x}", place,
           id, static_cast<uint8_t>(data_.tokens[id][0]));
    }
    place = static_cast<int32_t>(id);
  }
  has_all_bytes_ = std::ranges::all_of(byte_ids_, [](int32_t id) { return id >= 0; });
}

void SentencePieceEncoder::AddMergesByRank() {
  const auto num_tokens = static_cast<int32_t>(data_.tokens.size());
  for (size_t rank = 0; rank < data_.merges.size(); ++rank) {
    const auto [left, right] = data_.merges[rank];
    const auto is_normal = [&](int32_t id) {
      return id >= 0 && id < num_tokens && data_.types[id] == TokenType::kNormal;
    };
    const int32_t result = is_normal(left) && is_normal(right)
                               ? FindToken(data_.tokens[left] + data_.tokens[right])
                               : -1;
    if (result < 0) {
      Fail(ErrorCode::kCorruptData, "tokenizer: merge {} (tokens {} and {}) does not give a token",
           rank, left, right);
    }
    if (!merges_.Add({left, right, static_cast<uint32_t>(rank), result})) {
      Fail(ErrorCode::kCorruptData, "tokenizer: merge {} repeats merge {}", rank,
           merges_.Find(left, right).rank);
    }
  }
}

void SentencePieceEncoder::AddMergesByScore() {
  if (data_.scores.size() != data_.tokens.size()) {
    Fail(ErrorCode::kCorruptData, "tokenizer: {} scores for {} tokens", data_.scores.size(),
         data_.tokens.size());
  }
  std::vector<float> scores;
  for (const auto& [text, id] : token_ids_) {
    if (std::isnan(data_.scores[id])) {
      Fail(ErrorCode::kCorruptData, "tokenizer: the score of token {} is not a number", id);
    }
    scores.push_back(data_.scores[id]);
  }
  std::sort(scores.begin(), scores.end(), std::greater<>());
  scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
  const auto rank_of = [&](float score) {
    return static_cast<uint32_t>(
        std::lower_bound(scores.begin(), scores.end(), score, std::greater<>()) - scores.begin());
  };
  // A side of a merge: a token, or a character, which may be no token.
  const auto symbol_of = [&](std::string_view side) -> int32_t {
    if (const int32_t id = FindToken(side); id >= 0) return id;
    if (side.size() > Utf8CharBytes(side[0])) return -1;
    const auto next = static_cast<int32_t>(data_.tokens.size() + parts_.size());
    const auto [it, is_new] = part_symbols_.emplace(side, next);
    if (is_new) parts_.push_back(side);
    return it->second;
  };
  for (size_t id = 0; id < data_.tokens.size(); ++id) {
    if (data_.types[id] != TokenType::kNormal) continue;
    const std::string_view text = data_.tokens[id];
    const uint32_t rank = rank_of(data_.scores[id]);
    ForEachCut(text, [&](std::string_view left_text, std::string_view right_text) {
      const int32_t left = symbol_of(left_text);
      const int32_t right = left < 0 ? -1 : symbol_of(right_text);
      if (right >= 0) merges_.Add({left, right, rank, static_cast<int32_t>(id)});
    });
  }
}

void SentencePieceEncoder::FindPairs() {
  std::vector<uint64_t> wide;
  for (const auto& [text, id] : token_ids_) {
    char32_t previous = 0;
    bool is_first = true;
    ForEachChar(text, [&](std::string_view character) {
      const char32_t c = DecodeUtf8Char(character);
      if (is_first) {
        is_first = false;
      } else if (previous < 128 && c < 128) {
        ascii_pairs_[previous][c] = true;
      } else {
        wide.push_back(HashCharPair(previous, c));
      }
      previous = c;
    });
  }
  std::sort(wide.begin(), wide.end());
  wide.erase(std::unique(wide.begin(), wide.end()), wide.end());
  int log_bits = 10;
  while ((size_t{1} << log_bits) < wide.size() * 16) ++log_bits;
  wide_shift_ = 64 - log_bits;
  wide_pairs_.resize((size_t{1} << log_bits) / 64);
  for (const uint64_t hash : wide) {
    const uint64_t bit = hash >> wide_shift_;
    wide_pairs_[bit / 64] |= uint64_t{1} << (bit % 64);
  }
  const bool split = data_.sentence_piece.split_at_spaces;
  for (size_t c = 0; split && c < 128; ++c) ascii_pairs_[c][' '] = false;
  for (int c = 'A'; c <= 'z'; ++c) {
    if (ascii_pairs_[static_cast<size_t>(c)][' ']) can_cut_before_spaces_ = false;
  }
  if (data_.sentence_piece.remove_extra_spaces) can_cut_before_spaces_ = false;
}

bool SentencePieceEncoder::MayJoin(char32_t left, char32_t right) const {
  if (left < 128 && right < 128) return ascii_pairs_[left][right];
  if (right == ' ' && data_.sentence_piece.split_at_spaces) return false;
  const uint64_t bit = HashCharPair(left, right) >> wide_shift_;
  return ((wide_pairs_[bit / 64] >> (bit % 64)) & 1) != 0;
}

int32_t SentencePieceEncoder::FindToken(std::string_view bytes) const {
  const auto it = token_ids_.find(bytes);
  return it == token_ids_.end() ? -1 : it->second;
}

int32_t SentencePieceEncoder::SymbolOf(std::string_view character) const {
  if (const int32_t id = FindToken(character); id >= 0) return id;
  const auto it = part_symbols_.find(character);
  return it == part_symbols_.end() ? -1 : it->second;
}

std::string SentencePieceEncoder::Normalize(std::string_view text, Section section) const {
  const SentencePieceOptions& options = data_.sentence_piece;
  std::string normal;
  normal.reserve(text.size() + 1);
  if (!text.empty() && section != Section::kContinued) {
    const bool wanted = options.space_prefix == SpacePrefix::kEverySection ||
                        (options.space_prefix == SpacePrefix::kBegin && section == Section::kBegin);
    const bool has_one = text[0] == ' ' || text.starts_with(kSpaceSymbol);
    if (wanted && (options.prefix_before_space || !has_one)) normal += ' ';
  }
  const size_t prefix_bytes = normal.size();
  for (size_t pos = 0; pos < text.size();) {
    const size_t symbol = std::min(text.find(kSpaceSymbol, pos), text.size());
    normal += text.substr(pos, symbol - pos);
    if (symbol < text.size()) normal += ' ';
    pos = symbol + kSpaceSymbol.size();
  }
  if (!options.remove_extra_spaces) return normal;
  size_t size = prefix_bytes;
  for (size_t i = prefix_bytes; i < normal.size(); ++i) {
    const bool is_extra = normal[i] == ' ' && (size == prefix_bytes || normal[size - 1] == ' ');
    if (!is_extra) normal[size++] = normal[i];
  }
  if (size > prefix_bytes && normal[size - 1] == ' ') --size;
  normal.resize(size == prefix_bytes ? 0 : size);
  return normal;
}

void SentencePieceEncoder::AppendUnknown(std::string_view character,
                                         std::vector<int32_t>& ids) const {
  const bool has_bytes = std::ranges::all_of(
      character, [&](char c) { return byte_ids_[static_cast<uint8_t>(c)] >= 0; });
  if (has_bytes) {
    for (const char c : character) ids.push_back(byte_ids_[static_cast<uint8_t>(c)]);
  } else if (unk_id_ >= 0) {
    ids.push_back(unk_id_);
  } else {
    Fail(ErrorCode::kInvalidArgument,
         "the text has a character (first byte 0x{:02x}) for which this tokenizer has no token",
         static_cast<uint8_t>(character[0]));
  }
}

void SentencePieceEncoder::AppendSymbols(std::string_view piece,
                                         std::vector<int32_t>& symbols) const {
  while (!piece.empty()) {
    const size_t good = ValidUtf8PrefixBytes(piece);
    ForEachChar(piece.substr(0, good), [&](std::string_view character) {
      const int32_t symbol = SymbolOf(character);
      if (symbol >= 0) {
        symbols.push_back(symbol);
      } else {
        AppendUnknown(character, symbols);
      }
    });
    piece.remove_prefix(good);
    if (piece.empty()) return;
    AppendUnknown(piece.substr(0, 1), symbols);
    piece.remove_prefix(1);
  }
}

// Drops ids[begin] where it goes on a run of unknown characters, and such runs behind it.
void SentencePieceEncoder::FuseUnknown(size_t begin, std::vector<int32_t>& ids) const {
  if (has_all_bytes_ || unk_id_ < 0 || !data_.sentence_piece.fuse_unknown) return;
  const auto both_unknown = [&](int32_t a, int32_t b) { return a == unk_id_ && b == unk_id_; };
  const auto first = ids.begin() + static_cast<ptrdiff_t>(begin);
  ids.erase(std::unique(first, ids.end(), both_unknown), ids.end());
}

void SentencePieceEncoder::EncodePiece(std::string_view piece, std::vector<int32_t>& ids) const {
  const size_t begin = ids.size();
  AppendSymbols(piece, ids);
  ids.resize(begin + merges_.Apply(ids.data() + begin, ids.size() - begin));
  if (parts_.empty()) return;
  // What is left of characters that are no tokens.
  const auto num_tokens = static_cast<int32_t>(data_.tokens.size());
  const auto is_part = [&](int32_t symbol) { return symbol >= num_tokens; };
  const auto first = ids.begin() + static_cast<ptrdiff_t>(begin);
  if (std::none_of(first, ids.end(), is_part)) return;
  const std::vector<int32_t> symbols(first, ids.end());
  ids.resize(begin);
  for (const int32_t symbol : symbols) {
    if (is_part(symbol)) {
      AppendUnknown(parts_[static_cast<size_t>(symbol - num_tokens)], ids);
    } else {
      ids.push_back(symbol);
    }
  }
}

void SentencePieceEncoder::EncodeWhole(std::string_view text, Section section,
                                       std::vector<int32_t>& ids) const {
  const std::string normal = Normalize(text, section);
  std::vector<int32_t> symbols;
  if (data_.sentence_piece.split_at_spaces) {
    for (size_t pos = 0; pos < normal.size();) {
      const size_t end = std::min(normal.find(' ', pos + 1), normal.size());
      EncodePiece(std::string_view(normal).substr(pos, end - pos), symbols);
      pos = end;
    }
  } else {
    EncodePiece(normal, symbols);
  }
  FuseUnknown(0, symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

void SentencePieceEncoder::Encode(std::string_view text, Section section, PieceCache& cache,
                                  std::vector<int32_t>& ids) const {
  const std::string normal_text = Normalize(text, section);
  const std::string_view normal = normal_text;
  const size_t first_id = ids.size();
  const auto emit = [&](size_t begin, size_t end) {
    const std::string_view piece = normal.substr(begin, end - begin);
    const size_t num_ids = ids.size();
    cache.Look(piece, ids, [&] { EncodePiece(piece, ids); });
    if (!has_all_bytes_) FuseUnknown(std::max(first_id, num_ids == 0 ? 0 : num_ids - 1), ids);
  };
  size_t pos = 0;
  while (pos < normal.size()) {
    const size_t end = pos + ValidUtf8PrefixBytes(normal.substr(pos));
    size_t begin = pos;  // of the piece
    char32_t previous = 0;
    while (pos < end) {
      const auto byte = static_cast<uint8_t>(normal[pos]);
      const size_t size = byte < 0x80 ? 1 : Utf8CharBytes(normal[pos]);
      const char32_t c = byte < 0x80 ? byte : DecodeUtf8Char(normal.substr(pos, size));
      if (pos > begin && !MayJoin(previous, c)) {
        emit(begin, pos);
        begin = pos;
      }
      previous = c;
      pos += size;
    }
    if (begin < end) emit(begin, end);
    if (pos < normal.size()) {  // a byte of no character: a piece of its own
      emit(pos, pos + 1);
      ++pos;
    }
  }
}

}  // namespace cambium
