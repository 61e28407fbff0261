// SPDX-License-Identifier: Apache-2.0
// A tokenizer as plain data: what training makes, what files hold (GGUF metadata, Hugging Face
// tokenizer.json), and what the encoder is built from.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cambium {

enum class TokenizerModel {
  kByte,           // token i is byte i for i < 256; special tokens follow
  kBpe,            // byte-level BPE
  kSentencePiece,  // BPE of characters over the whole text, spaces included
  kWordPiece,      // words by white space and punctuation, longest pieces first (BERT)
};

// As GGUF's tokenizer.ggml.token_type knows them.
enum class TokenType : int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6  // kSentencePiece: a byte of a character that has no token of its own
};

// Whether a space is put before text (kSentencePiece), so that a word reads the same at the
// beginning as elsewhere.
enum class SpacePrefix {
  kNone,
  kBegin,         // before the text, unless a special token begins it
  kEverySection,  // before every stretch of text between special tokens
};

struct SentencePieceOptions {
  SpacePrefix space_prefix = SpacePrefix::kNone;
  bool prefix_before_space = true;   // also before text that begins with a space
  bool split_at_spaces = false;      // no token reaches over the beginning of a word
  bool remove_extra_spaces = false;  // none at the ends, one between words
  bool fuse_unknown = true;          // a run of unknown characters is one unknown token
};

struct WordPieceOptions {
  bool lowercase = true;
  bool strip_accents = true;
  bool clean_text = true;        // without control characters
  bool split_chinese = true;     // every Chinese character is a word
  int32_t max_word_chars = 100;  // longer words are unknown
};

// White space that a special token takes with it.
struct TokenStrip {
  int32_t id = -1;
  bool left = false;
  bool right = false;

  friend bool operator==(const TokenStrip&, const TokenStrip&) = default;
};

struct TokenizerData {
  TokenizerModel model = TokenizerModel::kByte;
  // GGUF's tokenizer.ggml.pre: "gpt-2", "llama-bpe", "qwen2", "gpt-4o", ... (kBpe only).
  std::string pre_tokenizer;
  // Raw bytes of every token: not the printable byte-to-unicode form that files of byte-level BPE
  // use, a space for SentencePiece's U+2581, the byte itself for "<0x41>". WordPiece's word
  // beginnings have a space before them, which the pieces that go on a word have not.
  std::vector<std::string> tokens;
  std::vector<TokenType> types;  // one per token
  // Merges in order of rank, as pairs of token ids; the result is the token of joined bytes. A
  // kSentencePiece without merges joins whatever gives a token, the highest score first.
  std::vector<std::pair<int32_t, int32_t>> merges;
  std::vector<float> scores;  // one per token, or none
  SentencePieceOptions sentence_piece;
  WordPieceOptions word_piece;
  std::vector<TokenStrip> strips;  // ascending ids
  int32_t bos_id = -1;             // -1: none
  int32_t eos_id = -1;
  int32_t unk_id = -1;
  int32_t pad_id = -1;
  bool add_bos = false;  // put bos_id before a prompt
  bool add_eos = false;  // put eos_id behind a text (models that are not for generation)
  std::string chat_template;
  std::vector<int32_t> end_ids;  // beside eos_id: what else the file says ends a turn (eot, eom)
};

}  // namespace cambium
