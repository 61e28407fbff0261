// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/error.h"
#include "text/pre_tokenizer.h"
#include "text/utf8_chars.h"

namespace cambium {
namespace {

constexpr std::string_view kEndOfText = "<|endoftext|>";

bool IsSpecial(TokenType type) {
  return type == TokenType::kControl || type == TokenType::kUserDefined ||
         type == TokenType::kUnknown;
}

void CheckData(const TokenizerData& data) {
  if (data.tokens.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    Fail(ErrorCode::kCorruptData, "tokenizer: {} tokens are too many", data.tokens.size());
  }
  const auto num_tokens = static_cast<int32_t>(data.tokens.size());
  if (data.types.size() != data.tokens.size()) {
    Fail(ErrorCode::kCorruptData, "tokenizer: {} token types for {} tokens", data.types.size(),
         data.tokens.size());
  }
  for (int32_t id = 0; id < num_tokens; ++id) {
    const auto type = static_cast<int32_t>(data.types[id]);
    if (type < 1 || type > 6) {
      Fail(ErrorCode::kCorruptData, "tokenizer: token {} has type {}, known are 1 to 6", id, type);
    }
  }
  for (const auto& [what, id] :
       {std::pair{"bos", data.bos_id}, std::pair{"eos", data.eos_id},
        std::pair{"unknown", data.unk_id}, std::pair{"pad", data.pad_id}}) {
    if (id < -1 || id >= num_tokens) {
      Fail(ErrorCode::kCorruptData, "tokenizer: {} id {} is not one of {} tokens", what, id,
           num_tokens);
    }
  }
  if (data.add_bos && data.bos_id < 0) {
    Fail(ErrorCode::kCorruptData, "tokenizer: asks for a bos token and has none");
  }
  if (data.add_eos && data.eos_id < 0) {
    Fail(ErrorCode::kCorruptData, "tokenizer: asks for an eos token and has none");
  }
  for (size_t i = 0; i < data.strips.size(); ++i) {
    const int32_t id = data.strips[i].id;
    if (id < 0 || id >= num_tokens || (i > 0 && data.strips[i - 1].id >= id)) {
      Fail(ErrorCode::kCorruptData, "tokenizer: token {} with white space: out of range or order",
           id);
    }
  }
  if (data.model != TokenizerModel::kByte) return;
  if (num_tokens < 256 || !data.merges.empty()) {
    Fail(ErrorCode::kCorruptData, "byte tokenizer: {} tokens and {} merges; needs 256 and none",
         num_tokens, data.merges.size());
  }
  for (int32_t id = 0; id < num_tokens; ++id) {
    const bool is_byte = id < 256;
    const bool is_good =
        is_byte
            ? data.tokens[id] == std::string(1, static_cast<char>(id)) && !IsSpecial(data.types[id])
            : IsSpecial(data.types[id]) || data.types[id] == TokenType::kUnused;
    if (!is_good) {
      Fail(ErrorCode::kCorruptData, "byte tokenizer: token {} is not {}", id,
           is_byte ? "its byte" : "a special token");
    }
  }
}

// Bytes of white space at the beginning, and at the end.
size_t LeadingSpaceBytes(std::string_view text) {
  size_t bytes = 0;
  while (const size_t size = WhiteSpaceBytes(text.substr(bytes))) bytes += size;
  return bytes;
}

size_t TrailingSpaceBytes(std::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    size_t begin = end - 1;
    while (begin > 0 && end - begin < 3 && (static_cast<uint8_t>(text[begin]) & 0xc0) == 0x80) {
      --begin;
    }
    if (WhiteSpaceBytes(text.substr(begin, end - begin)) != end - begin) break;
    end = begin;
  }
  return text.size() - end;
}

}  // namespace

// A cache for the length of one call; byte tokenizers need none.
class Tokenizer::CacheLease {
 public:
  explicit CacheLease(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
    if (tokenizer_.encoder_ == nullptr) return;
    {
      const std::lock_guard lock(tokenizer_.caches_mutex_);
      if (!tokenizer_.idle_caches_.empty()) {
        cache_ = std::move(tokenizer_.idle_caches_.back());
        tokenizer_.idle_caches_.pop_back();
      }
    }
    if (cache_ == nullptr) cache_ = std::make_unique<PieceCache>();
  }
  ~CacheLease() {
    if (cache_ == nullptr) return;
    const std::lock_guard lock(tokenizer_.caches_mutex_);
    tokenizer_.idle_caches_.push_back(std::move(cache_));
  }
  CacheLease(const CacheLease&) = delete;
  CacheLease& operator=(const CacheLease&) = delete;

  PieceCache* get() const { return cache_.get(); }

 private:
  const Tokenizer& tokenizer_;
  std::unique_ptr<PieceCache> cache_;
};

Tokenizer::Tokenizer(TokenizerData data) : data_(std::move(data)) {
  CheckData(data_);
  BuildSpecials();
  encoder_ = MakeTextEncoder(data_);
  if (encoder_ != nullptr && !encoder_->can_cut_before_spaces()) can_cut_ = false;
}

Tokenizer::~Tokenizer() = default;

void Tokenizer::BuildSpecials() {
  for (int32_t id = 0; id < vocab_size(); ++id) {
    if (!IsSpecial(data_.types[id])) continue;
    const std::string& name = data_.tokens[id];
    if (name.empty()) Fail(ErrorCode::kCorruptData, "tokenizer: special token {} is empty", id);
    const auto [it, is_new] = special_ids_.emplace(name, id);
    if (!is_new) {
      Fail(ErrorCode::kCorruptData, "tokenizer: special tokens {} and {} are both \"{}\"",
           it->second, id, name);
    }
    const auto first = static_cast<uint8_t>(name[0]);
    all_special_.by_first_byte[first].push_back(id);
    all_special_.empty = false;
    if (data_.types[id] == TokenType::kUserDefined) {
      user_defined_.by_first_byte[first].push_back(id);
      user_defined_.empty = false;
      if (FindSafeCut(name, 1) < name.size()) can_cut_ = false;
    }
  }
  const auto name_of = [&](int32_t id) -> std::string_view { return data_.tokens[id]; };
  for (SpecialIndex* index : {&user_defined_, &all_special_}) {
    for (auto& ids : index->by_first_byte) std::ranges::sort(ids, {}, name_of);
  }
}

// The longest name that the text goes on with at `pos`. A file may have 10^5 of them, so those that
// begin like the text are narrowed down byte by byte: they lie next to each other.
int32_t Tokenizer::MatchSpecial(const SpecialIndex& index, std::string_view text,
                                size_t pos) const {
  const std::vector<int32_t>& ids = index.by_first_byte[static_cast<uint8_t>(text[pos])];
  auto begin = ids.begin(), end = ids.end();
  int32_t longest = -1;
  for (size_t size = 1; begin != end; ++size) {
    // All of them begin with these `size` bytes; a name of no more comes first.
    if (data_.tokens[*begin].size() == size) longest = *begin++;
    if (pos + size >= text.size()) break;
    const auto byte_of = [&](int32_t id) { return static_cast<uint8_t>(data_.tokens[id][size]); };
    const auto next_byte = static_cast<uint8_t>(text[pos + size]);
    begin = std::ranges::lower_bound(begin, end, next_byte, {}, byte_of);
    end = std::ranges::upper_bound(begin, end, next_byte, {}, byte_of);
  }
  return longest;
}

const TokenStrip* Tokenizer::FindStrip(int32_t id) const {
  const auto it =
      std::lower_bound(data_.strips.begin(), data_.strips.end(), id,
                       [](const TokenStrip& strip, int32_t wanted) { return strip.id < wanted; });
  return it == data_.strips.end() || it->id != id ? nullptr : &*it;
}

void Tokenizer::EncodePlain(std::string_view text, Section section, PieceCache* cache,
                            std::vector<int32_t>* ids) const {
  if (text.empty()) return;
  if (encoder_ == nullptr) {
    ids->reserve(ids->size() + text.size());
    for (const char c : text) ids->push_back(static_cast<uint8_t>(c));
    return;
  }
  encoder_->Encode(text, section, *cache, *ids);
}

void Tokenizer::EncodeWith(std::string_view text, const EncodeOptions& options, Section section,
                           PieceCache* cache, std::vector<int32_t>* ids) const {
  if (options.allow_bos && data_.add_bos) ids->push_back(data_.bos_id);
  const SpecialIndex& index = options.parse_special ? all_special_ : user_defined_;
  size_t begin = 0;  // of the plain text that is not encoded yet
  size_t pos = index.empty ? text.size() : 0;
  while (pos < text.size()) {
    const int32_t id = MatchSpecial(index, text, pos);
    if (id < 0) {
      ++pos;
      continue;
    }
    size_t end = pos;  // of the plain text before it
    const TokenStrip* strip = FindStrip(id);
    if (strip != nullptr && strip->left) end -= TrailingSpaceBytes(text.substr(begin, end - begin));
    EncodePlain(text.substr(begin, end - begin), section, cache, ids);
    ids->push_back(id);
    pos += data_.tokens[id].size();
    if (strip != nullptr && strip->right) pos += LeadingSpaceBytes(text.substr(pos));
    begin = pos;
    section = Section::kAfter;
  }
  EncodePlain(text.substr(begin), section, cache, ids);
  if (options.allow_eos && data_.add_eos) ids->push_back(data_.eos_id);
}

void Tokenizer::Encode(std::string_view text, const EncodeOptions& options,
                       std::vector<int32_t>* ids) const {
  const CacheLease cache(*this);
  EncodeWith(text, options, Section::kBegin, cache.get(), ids);
}

std::vector<int32_t> Tokenizer::Encode(std::string_view text, const EncodeOptions& options) const {
  std::vector<int32_t> ids;
  Encode(text, options, &ids);
  return ids;
}

std::vector<std::vector<int32_t>> Tokenizer::EncodeBatch(std::span<const std::string_view> texts,
                                                         ThreadPool& pool,
                                                         const EncodeOptions& options) const {
  std::vector<std::vector<int32_t>> ids(texts.size());
  pool.ParallelFor(texts.size(),
                   [&](size_t task, size_t) { Encode(texts[task], options, &ids[task]); });
  return ids;
}

std::vector<int32_t> Tokenizer::EncodeParallel(std::string_view text, ThreadPool& pool) const {
  // Long enough that the start of a task costs nothing against it.
  constexpr size_t kTaskBytes = size_t{256} << 10;
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin < text.size();) {
    const size_t left = text.size() - begin;
    size_t size = left;
    if (left > kTaskBytes) {
      if (encoder_ == nullptr && user_defined_.empty) {
        size = kTaskBytes;
      } else if (can_cut_) {
        size = FindSafeCut(text.substr(begin), kTaskBytes);
      }
    }
    parts.push_back(text.substr(begin, size));
    begin += size;
  }
  std::vector<std::vector<int32_t>> part_ids(parts.size());
  pool.ParallelFor(parts.size(), [&](size_t task, size_t) {
    const CacheLease cache(*this);
    EncodeWith(parts[task], {}, task == 0 ? Section::kBegin : Section::kContinued, cache.get(),
               &part_ids[task]);
  });
  size_t count = 0;
  for (const auto& part : part_ids) count += part.size();
  std::vector<int32_t> ids;
  ids.reserve(count);
  for (const auto& part : part_ids) ids.insert(ids.end(), part.begin(), part.end());
  return ids;
}

void Tokenizer::CheckId(int32_t id) const {
  if (id < 0 || id >= vocab_size()) {
    Fail(ErrorCode::kInvalidArgument, "token id {} is not in the vocabulary of {} tokens", id,
         vocab_size());
  }
}

bool Tokenizer::DropsLeadingSpace() const {
  return data_.model == TokenizerModel::kWordPiece ||
         (data_.model == TokenizerModel::kSentencePiece &&
          data_.sentence_piece.space_prefix != SpacePrefix::kNone);
}

std::string Tokenizer::Decode(std::span<const int32_t> ids, SpecialText special) const {
  std::string text;
  for (const int32_t id : ids) {
    CheckId(id);
    if (special == SpecialText::kSkip && data_.types[id] == TokenType::kControl) continue;
    text += data_.tokens[id];
  }
  if (text.starts_with(' ') && DropsLeadingSpace()) text.erase(0, 1);
  return text;
}

const std::string& Tokenizer::TokenBytes(int32_t id) const {
  CheckId(id);
  return data_.tokens[id];
}

TokenType Tokenizer::Type(int32_t id) const {
  CheckId(id);
  return data_.types[id];
}

int32_t Tokenizer::FindToken(std::string_view bytes) const {
  if (encoder_ != nullptr) return encoder_->FindToken(bytes);
  return bytes.size() == 1 ? static_cast<uint8_t>(bytes[0]) : -1;
}

int32_t Tokenizer::FindSpecial(std::string_view name) const {
  const auto it = special_ids_.find(name);
  return it == special_ids_.end() ? -1 : it->second;
}

Sha256Digest Tokenizer::Hash() const {
  Sha256 sha;
  const auto number = [&](int64_t value) { sha.Update(&value, sizeof(value)); };
  const auto text = [&](std::string_view bytes) {
    number(static_cast<int64_t>(bytes.size()));
    sha.Update(bytes);
  };
  text("cambium tokenizer 1");
  number(static_cast<int64_t>(data_.model));
  text(data_.model == TokenizerModel::kBpe ? data_.pre_tokenizer : std::string());
  number(vocab_size());
  for (int32_t id = 0; id < vocab_size(); ++id) {
    text(data_.tokens[id]);
    number(static_cast<int64_t>(data_.types[id]));
  }
  number(static_cast<int64_t>(data_.merges.size()));
  for (const auto& [left, right] : data_.merges) {
    number(left);
    number(right);
  }
  number(data_.bos_id);
  number(data_.eos_id);
  number(data_.add_bos ? 1 : 0);
  for (const TokenStrip& strip : data_.strips) {
    number(strip.id);
    number((strip.left ? 1 : 0) | (strip.right ? 2 : 0));
  }
  if (data_.model == TokenizerModel::kSentencePiece) {
    for (const float score : data_.scores) number(std::bit_cast<int32_t>(score));
    const SentencePieceOptions& options = data_.sentence_piece;
    number(static_cast<int64_t>(options.space_prefix));
    for (const bool flag : {options.prefix_before_space, options.split_at_spaces,
                            options.remove_extra_spaces, options.fuse_unknown}) {
      number(flag ? 1 : 0);
    }
    number(data_.unk_id);
  }
  if (data_.model == TokenizerModel::kWordPiece) {
    const WordPieceOptions& options = data_.word_piece;
    for (const bool flag :
         {options.lowercase, options.strip_accents, options.clean_text, options.split_chinese}) {
      number(flag ? 1 : 0);
    }
    number(options.max_word_chars);
    number(data_.unk_id);
    number(data_.add_eos ? 1 : 0);
  }
  return sha.Finish();
}

void CheckSpecialName(std::string_view name) {
  const bool is_visible =
      std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
  if (name.size() < 2 || !is_visible) {
    Fail(ErrorCode::kInvalidArgument,
         "special token \"{}\": give at least two visible ASCII characters, no spaces", name);
  }
}

void AppendSpecialTokens(std::span<const std::string> special_tokens, TokenizerData* data) {
  for (const std::string& name : special_tokens) {
    CheckSpecialName(name);
    if (std::find(data->tokens.begin(), data->tokens.end(), name) != data->tokens.end()) {
      Fail(ErrorCode::kInvalidArgument, "special token \"{}\" is a token already", name);
    }
    if (name == kEndOfText) data->eos_id = static_cast<int32_t>(data->tokens.size());
    data->tokens.push_back(name);
    data->types.push_back(TokenType::kControl);
  }
}

TokenizerData MakeByteTokenizer(std::span<const std::string> special_tokens) {
  TokenizerData data;
  data.model = TokenizerModel::kByte;
  for (int byte = 0; byte < 256; ++byte) {
    data.tokens.emplace_back(1, static_cast<char>(byte));
    data.types.push_back(TokenType::kNormal);
  }
  AppendSpecialTokens(special_tokens, &data);
  return data;
}

}  // namespace cambium
