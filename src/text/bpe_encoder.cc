// SPDX-License-Identifier: Apache-2.0
#include "text/bpe_encoder.h"

#include <string>

#include "base/error.h"
#include "text/byte_unicode.h"
#include "text/pre_tokenizer.h"

namespace cambium {

BpeEncoder::BpeEncoder(const TokenizerData& data)
    : merges_(data.merges.size()), ignore_merges_(PreTokenizer::IgnoresMerges(data.pre_tokenizer)) {
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
    if (!merges_.Add({left, right, static_cast<uint32_t>(rank), result})) {
      Fail(ErrorCode::kCorruptData, "tokenizer: merge {} repeats merge {} (\"{}\" and \"{}\")",
           rank, merges_.Find(left, right).rank, BytesToPrintable(data.tokens[left]),
           BytesToPrintable(data.tokens[right]));
    }
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

void BpeEncoder::Encode(std::string_view piece, PieceCache& cache,
                        std::vector<int32_t>& ids) const {
  if (piece.size() == 1) {
    ids.push_back(ByteId(piece[0]));
    return;
  }
  cache.Look(piece, ids, [&] { EncodeUncached(piece, ids); });
}

void BpeEncoder::EncodeUncached(std::string_view piece, std::vector<int32_t>& ids) const {
  if (ignore_merges_) {
    const int32_t id = FindToken(piece);
    if (id >= 0) {
      ids.push_back(id);
      return;
    }
  }
  if (piece.size() > MergeTable::kMaxShort) {
    EncodeByHeap(piece, ids);
    return;
  }
  int32_t symbols[MergeTable::kMaxShort];
  for (size_t i = 0; i < piece.size(); ++i) symbols[i] = ByteId(piece[i]);
  const size_t count = merges_.ApplyByScan(symbols, piece.size());
  ids.insert(ids.end(), symbols, symbols + count);
}

void BpeEncoder::EncodeByHeap(std::string_view piece, std::vector<int32_t>& ids) const {
  std::vector<int32_t> symbols(piece.size());
  for (size_t i = 0; i < piece.size(); ++i) symbols[i] = ByteId(piece[i]);
  symbols.resize(merges_.ApplyByHeap(symbols.data(), symbols.size()));
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

}  // namespace cambium
