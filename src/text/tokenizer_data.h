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
  kByte,  // token i is byte i for i < 256; special tokens follow
  kBpe,   // byte-level BPE
};

// As GGUF's tokenizer.ggml.token_type knows them.
enum class TokenType : int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6
};

struct TokenizerData {
  TokenizerModel model = TokenizerModel::kByte;
  // GGUF's tokenizer.ggml.pre: "gpt-2", "llama-bpe", "qwen2", "gpt-4o", ... (kBpe only).
  std::string pre_tokenizer;
  // Raw bytes of every token (not the printable byte-to-unicode form that files use).
  std::vector<std::string> tokens;
  std::vector<TokenType> types;  // one per token
  // Merges in order of rank, as pairs of token ids; the result is the token of joined bytes.
  std::vector<std::pair<int32_t, int32_t>> merges;
  int32_t bos_id = -1;  // -1: none
  int32_t eos_id = -1;
  bool add_bos = false;  // put bos_id before a prompt
  std::string chat_template;
  std::vector<int32_t> end_ids;  // beside eos_id: what else the file says ends a turn (eot, eom)
};

}  // namespace cambium
