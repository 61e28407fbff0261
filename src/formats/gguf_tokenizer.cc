// SPDX-License-Identifier: Apache-2.0
#include "formats/gguf_tokenizer.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <unordered_map>

#include "base/check.h"
#include "base/error.h"
#include "formats/quote.h"
#include "text/byte_unicode.h"

namespace cambium {
namespace {

constexpr const char* kOwnKey = "cambium.tokenizer";
// Tokens that end a turn: of text, and of a message.
constexpr const char* kEndKeys[] = {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"};
// Pre-tokenizer named in files of the byte tokenizer, where it cannot change the result. Readers
// that know "qwen2" leave spaces before punctuation alone when they turn tokens into text.
constexpr const char* kBytePreTokenizer = "qwen2";

// Whether the file holds the printable form. Byte tokens count as normal: with model "gpt2" other
// engines print nothing for the format's own byte type.
bool IsPrintable(TokenType type) { return type == TokenType::kNormal || type == TokenType::kByte; }

[[noreturn]] void FailTokenizer(const GgufFile& file, const std::string& what) {
  Fail(ErrorCode::kCorruptData, "{}: tokenizer: {}", file.name(), what);
}

// -1 when the key is not there.
int32_t ReadTokenId(const GgufFile& file, const char* key, size_t num_tokens) {
  const auto id = file.GetUint(key);
  if (!id) return -1;
  if (*id >= num_tokens) {
    FailTokenizer(file, fmt::format("{} = {}, but there are {} tokens", key, *id, num_tokens));
  }
  return static_cast<int32_t>(*id);
}

}  // namespace

TokenizerData ReadGgufTokenizer(const GgufFile& file) {
  const std::string_view model = file.RequireString("tokenizer.ggml.model");
  if (model != "gpt2") {
    Fail(ErrorCode::kUnsupported,
         "{}: tokenizer model {}; byte-level BPE ('gpt2') is what can be used", file.name(),
         Quote(model));
  }
  TokenizerData tokenizer;
  tokenizer.model = TokenizerModel::kBpe;
  if (const auto own = file.GetString(kOwnKey)) {
    if (*own != "byte") {
      Fail(ErrorCode::kUnsupported, "{}: {} = {}; 'byte' is the one known value", file.name(),
           kOwnKey, Quote(*own));
    }
    tokenizer.model = TokenizerModel::kByte;
  }
  const bool is_byte = tokenizer.model == TokenizerModel::kByte;

  const auto words = file.GetStrings("tokenizer.ggml.tokens");
  if (!words || words->empty()) FailTokenizer(file, "tokenizer.ggml.tokens is missing or empty");
  if (words->size() > INT32_MAX) FailTokenizer(file, "more than 2^31 tokens");
  const size_t num_tokens = words->size();
  const auto types = file.GetInts("tokenizer.ggml.token_type");
  if (types && types->size() != num_tokens) {
    FailTokenizer(file, fmt::format("{} tokens, but {} token types", num_tokens, types->size()));
  }

  std::unordered_map<std::string_view, int32_t> id_of_word;
  id_of_word.reserve(num_tokens);
  tokenizer.tokens.reserve(num_tokens);
  tokenizer.types.reserve(num_tokens);
  for (size_t id = 0; id < num_tokens; ++id) {
    const std::string_view word = (*words)[id];
    const int32_t type = types ? (*types)[id] : static_cast<int32_t>(TokenType::kNormal);
    if (type < 1 || type > 6) {
      FailTokenizer(file, fmt::format("token {} has the type {} (1 to 6 expected)", id, type));
    }
    tokenizer.types.push_back(static_cast<TokenType>(type));
    if (!id_of_word.emplace(word, static_cast<int32_t>(id)).second) {
      FailTokenizer(
          file, fmt::format("the tokens {} and {} are both {}", id_of_word[word], id, Quote(word)));
    }
    // Real files have normal tokens that are plain text (added to the vocabulary later): kept.
    auto bytes = IsPrintable(tokenizer.types.back()) ? PrintableToBytes(word) : std::nullopt;
    tokenizer.tokens.push_back(bytes ? std::move(*bytes) : std::string(word));
    if (is_byte && id < 256 && tokenizer.tokens[id] != std::string(1, static_cast<char>(id))) {
      FailTokenizer(file, fmt::format("token {} of a byte tokenizer is not that byte", id));
    }
  }
  if (is_byte && num_tokens < 256)
    FailTokenizer(file, "a byte tokenizer with fewer than 256 tokens");

  const auto merges = file.GetStrings("tokenizer.ggml.merges");
  if (!merges) FailTokenizer(file, "tokenizer.ggml.merges is missing");
  if (is_byte && !merges->empty()) FailTokenizer(file, "a byte tokenizer with merges");
  tokenizer.merges.reserve(merges->size());
  for (size_t rank = 0; rank < merges->size(); ++rank) {
    const std::string_view merge = (*merges)[rank];
    const size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos || merge.find(' ', space + 1) != std::string_view::npos) {
      FailTokenizer(file, fmt::format("merge {} is {}, 'left right' expected", rank, Quote(merge)));
    }
    const auto left = id_of_word.find(merge.substr(0, space));
    const auto right = id_of_word.find(merge.substr(space + 1));
    if (left == id_of_word.end() || right == id_of_word.end()) {
      FailTokenizer(file,
                    fmt::format("merge {} ({}): a side of it is not a token", rank, Quote(merge)));
    }
    const std::string joined = std::string(left->first).append(right->first);
    if (!id_of_word.contains(joined)) {
      FailTokenizer(file,
                    fmt::format("merge {} ({}): its result is not a token", rank, Quote(merge)));
    }
    tokenizer.merges.emplace_back(left->second, right->second);
  }

  if (!is_byte) tokenizer.pre_tokenizer = file.GetString("tokenizer.ggml.pre").value_or("");
  tokenizer.bos_id = ReadTokenId(file, "tokenizer.ggml.bos_token_id", num_tokens);
  tokenizer.eos_id = ReadTokenId(file, "tokenizer.ggml.eos_token_id", num_tokens);
  // Without the key, the Llama 3 pre-tokenizer means true and the others false.
  tokenizer.add_bos =
      file.GetBool("tokenizer.ggml.add_bos_token").value_or(tokenizer.pre_tokenizer == "llama-bpe");
  if (tokenizer.add_bos && tokenizer.bos_id < 0) {
    FailTokenizer(file, "add_bos_token is true, but there is no bos_token_id");
  }
  for (const char* key : kEndKeys) {
    const int32_t id = ReadTokenId(file, key, num_tokens);
    if (id >= 0) tokenizer.end_ids.push_back(id);
  }
  tokenizer.chat_template = file.GetString("tokenizer.chat_template").value_or("");
  return tokenizer;
}

void WriteGgufTokenizer(const TokenizerData& tokenizer, GgufWriter* writer) {
  const bool is_byte = tokenizer.model == TokenizerModel::kByte;
  CHECK(tokenizer.types.size() == tokenizer.tokens.size());
  std::vector<std::string> words;
  std::vector<int32_t> types;
  words.reserve(tokenizer.tokens.size());
  types.reserve(tokenizer.tokens.size());
  for (size_t id = 0; id < tokenizer.tokens.size(); ++id) {
    const bool printable = IsPrintable(tokenizer.types[id]);
    words.push_back(printable ? BytesToPrintable(tokenizer.tokens[id]) : tokenizer.tokens[id]);
    types.push_back(static_cast<int32_t>(printable ? TokenType::kNormal : tokenizer.types[id]));
  }
  std::vector<std::string> merges;
  merges.reserve(tokenizer.merges.size());
  for (const auto& [left, right] : tokenizer.merges) {
    merges.push_back(words.at(static_cast<size_t>(left)) + " " +
                     words.at(static_cast<size_t>(right)));
  }
  writer->AddString("tokenizer.ggml.model", "gpt2");
  writer->AddString("tokenizer.ggml.pre", is_byte ? kBytePreTokenizer : tokenizer.pre_tokenizer);
  writer->AddStrings("tokenizer.ggml.tokens", words);
  writer->AddInt32s("tokenizer.ggml.token_type", types);
  writer->AddStrings("tokenizer.ggml.merges", merges);
  if (tokenizer.bos_id >= 0) {
    writer->AddUint32("tokenizer.ggml.bos_token_id", static_cast<uint32_t>(tokenizer.bos_id));
  }
  if (tokenizer.eos_id >= 0) {
    writer->AddUint32("tokenizer.ggml.eos_token_id", static_cast<uint32_t>(tokenizer.eos_id));
  }
  // Always written: without it other engines add a BOS for some pre-tokenizers.
  writer->AddBool("tokenizer.ggml.add_bos_token", tokenizer.add_bos);
  for (size_t i = 0; i < std::min(tokenizer.end_ids.size(), std::size(kEndKeys)); ++i) {
    writer->AddUint32(kEndKeys[i], static_cast<uint32_t>(tokenizer.end_ids[i]));
  }
  if (!tokenizer.chat_template.empty()) {
    writer->AddString("tokenizer.chat_template", tokenizer.chat_template);
  }
  if (is_byte) writer->AddString(kOwnKey, "byte");
}

}  // namespace cambium
