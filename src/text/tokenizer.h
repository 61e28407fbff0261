// SPDX-License-Identifier: Apache-2.0
// A tokenizer: text to token ids and back, exact for any bytes. (Some published vocabularies lack a
// few bytes: such text is refused with kInvalidArgument; see encodes_any_bytes. SentencePiece takes
// U+2581 for a space, without byte tokens it loses unknown characters; WordPiece loses case and
// white space.)
//
// Special tokens: Encode of plain text never yields a control token, whatever the text says; only
// parse_special (for chat templates, never for what a user typed) finds them. User-defined tokens
// (GGUF type 4, Hugging Face "added, not special") are ordinary vocabulary and always found,
// leftmost first and the longest at the same place. Unused tokens are never produced; unknown ones
// stand for text that has no token, and are found by name as control tokens are.
//
// Thread safety: immutable after construction; all methods may be called from many threads. Ids do
// not depend on thread count, nor on what was encoded before.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/thread_pool.h"
#include "text/text_encoder.h"
#include "text/tokenizer_data.h"

namespace cambium {

struct EncodeOptions {
  bool parse_special = false;  // let control tokens be found by their names
  bool allow_bos = false;      // begin with bos_id where the tokenizer asks for it (add_bos)
  bool allow_eos = false;      // end with eos_id where the tokenizer asks for it (add_eos)
};

enum class SpecialText { kKeep, kSkip };  // whether control tokens show as their names

class Tokenizer {
 public:
  // Throws kCorruptData for data that is not consistent (the encoders; sizes, ids, repeated special
  // tokens), kUnsupported for an unknown pre-tokenizer.
  explicit Tokenizer(TokenizerData data);
  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  const TokenizerData& data() const { return data_; }
  int32_t vocab_size() const { return static_cast<int32_t>(data_.tokens.size()); }
  // True for every tokenizer that is made here.
  bool encodes_any_bytes() const { return encoder_ == nullptr || encoder_->encodes_any_bytes(); }
  int32_t bos_id() const { return data_.bos_id; }
  int32_t eos_id() const { return data_.eos_id; }

  std::vector<int32_t> Encode(std::string_view text, const EncodeOptions& options = {}) const;
  // Appends instead.
  void Encode(std::string_view text, const EncodeOptions& options, std::vector<int32_t>* ids) const;
  // Every text on its own, in parallel.
  std::vector<std::vector<int32_t>> EncodeBatch(std::span<const std::string_view> texts,
                                                ThreadPool& pool,
                                                const EncodeOptions& options = {}) const;
  // One long text, in parallel: the ids of Encode(text).
  std::vector<int32_t> EncodeParallel(std::string_view text, ThreadPool& pool) const;
  size_t CountTokens(std::string_view text) const { return Encode(text).size(); }

  // The text of the tokens: their bytes, joined, without the space that the tokenizer puts before a
  // text. Throws kInvalidArgument for an id that is out of range.
  std::string Decode(std::span<const int32_t> ids, SpecialText special = SpecialText::kKeep) const;
  const std::string& TokenBytes(int32_t id) const;
  // Whether Decode drops a space at the very beginning of a text.
  bool DropsLeadingSpace() const;
  TokenType Type(int32_t id) const;

  // The normal token of exactly these bytes, or -1.
  int32_t FindToken(std::string_view bytes) const;
  // The control, user-defined or unknown token of this name, or -1.
  int32_t FindSpecial(std::string_view name) const;

  // SHA-256 over everything that decides ids and bytes (not the chat template): tokens, types,
  // merges, scores, pre-tokenizer, options, bos, eos, unknown.
  Sha256Digest Hash() const;

 private:
  class CacheLease;
  // Special tokens by first byte, longest first.
  struct SpecialIndex {
    std::vector<int32_t> by_first_byte[256];
    bool empty = true;
  };

  void BuildSpecials();
  void EncodePlain(std::string_view text, Section section, PieceCache* cache,
                   std::vector<int32_t>* ids) const;
  void EncodeWith(std::string_view text, const EncodeOptions& options, Section section,
                  PieceCache* cache, std::vector<int32_t>* ids) const;
  // What special token `id` does with white space, or null.
  const TokenStrip* FindStrip(int32_t id) const;
  int32_t MatchSpecial(const SpecialIndex& index, std::string_view text, size_t pos) const;
  void CheckId(int32_t id) const;

  const TokenizerData data_;
  std::unordered_map<std::string_view, int32_t> special_ids_;
  SpecialIndex user_defined_;                   // found in every text
  SpecialIndex all_special_;                    // with parse_special
  bool can_cut_ = true;                         // no user-defined token spans a cut of FindSafeCut
  std::unique_ptr<const TextEncoder> encoder_;  // null for kByte

  // Caches that no call is using; a call takes one and gives it back.
  mutable std::mutex caches_mutex_;
  mutable std::vector<std::unique_ptr<PieceCache>> idle_caches_;
};

// 256 tokens that are the bytes, then the special tokens (control). "<|endoftext|>", where it is
// one of them, becomes eos. Names: see CheckSpecialName.
TokenizerData MakeByteTokenizer(std::span<const std::string> special_tokens);

// Appends control tokens; "<|endoftext|>" becomes eos.
void AppendSpecialTokens(std::span<const std::string> special_tokens, TokenizerData* data);

// The names that new tokenizers may give special tokens: at least two visible ASCII characters, so
// that they read the same in every file format. Throws kInvalidArgument.
void CheckSpecialName(std::string_view name);

}  // namespace cambium
