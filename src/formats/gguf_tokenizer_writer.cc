// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "formats/gguf_tokenizer.h"
#include "formats/token_words.h"
#include "text/sentence_piece_merges.h"

namespace cambium {
namespace {

// Pre-tokenizer named in files of the byte tokenizer, where it cannot change the result. Readers
// that know "qwen2" leave spaces before punctuation alone when they turn tokens into text.
constexpr const char* kBytePreTokenizer = "qwen2";

void WriteMerges(const TokenizerData& data, const std::vector<std::string>& words,
                 GgufWriter* writer) {
  std::vector<std::string> merges;
  merges.reserve(data.merges.size());
  for (const auto& [left, right] : data.merges) {
    merges.push_back(words.at(static_cast<size_t>(left)) + " " +
                     words.at(static_cast<size_t>(right)));
  }
  writer->AddStrings("tokenizer.ggml.merges", merges);
}

void WriteSentencePiece(const TokenizerData& data, const std::vector<std::string>& words,
                        GgufWriter* writer) {
  const SentencePieceOptions& options = data.sentence_piece;
  const bool has_prefix = options.space_prefix != SpacePrefix::kNone;
  auto scores = data.scores;
  if (!data.merges.empty()) {
    auto ordered = ScoresOfMerges(data);
    if (!ordered && has_prefix) {
      Fail(ErrorCode::kUnsupported,
           "tokenizer: its merges do more than GGUF's scores can say, and GGUF's merges of "
           "characters ('gemma4') have no space before a text");
    }
    scores = ordered ? std::move(*ordered) : std::vector<float>();
  }
  writer->AddString("tokenizer.ggml.model", scores.empty() ? "gemma4" : "llama");
  writer->AddString("tokenizer.ggml.pre", scores.empty() ? "gemma4" : "default");
  writer->AddStrings("tokenizer.ggml.tokens", words);
  if (scores.empty()) {
    WriteMerges(data, words, writer);
  } else {
    writer->AddFloat32s("tokenizer.ggml.scores", scores);
  }
  writer->AddBool("tokenizer.ggml.add_space_prefix", has_prefix);
  if (options.space_prefix == SpacePrefix::kBegin) {
    writer->AddString(gguf_keys::kSpacePrefix, "begin");
  }
  if (options.remove_extra_spaces) {
    writer->AddBool("tokenizer.ggml.remove_extra_whitespaces", true);
  }
  if (!options.prefix_before_space) writer->AddBool(gguf_keys::kPrefixBeforeSpace, false);
  if (options.split_at_spaces) writer->AddBool(gguf_keys::kSplitAtSpaces, true);
  if (!options.fuse_unknown) writer->AddBool(gguf_keys::kFuseUnknown, false);
}

void WriteWordPiece(const TokenizerData& data, const std::vector<std::string>& words,
                    GgufWriter* writer) {
  const WordPieceOptions& options = data.word_piece;
  writer->AddString("tokenizer.ggml.model", "bert");
  writer->AddString("tokenizer.ggml.pre", "bert-bge");
  writer->AddStrings("tokenizer.ggml.tokens", words);
  writer->AddBool("tokenizer.ggml.normalizer.lowercase", options.lowercase);
  writer->AddBool("tokenizer.ggml.normalizer.strip_accents", options.strip_accents);
  if (!options.clean_text) writer->AddBool(gguf_keys::kCleanText, false);
  if (!options.split_chinese) writer->AddBool(gguf_keys::kSplitChinese, false);
  if (options.max_word_chars != WordPieceOptions().max_word_chars) {
    writer->AddUint32(gguf_keys::kMaxWordChars, static_cast<uint32_t>(options.max_word_chars));
  }
}

void WriteId(const char* key, int32_t id, GgufWriter* writer) {
  if (id >= 0) writer->AddUint32(key, static_cast<uint32_t>(id));
}

}  // namespace

void WriteGgufTokenizer(const TokenizerData& data, GgufWriter* writer) {
  CHECK(data.types.size() == data.tokens.size());
  const bool is_byte = data.model == TokenizerModel::kByte;
  const bool is_byte_level = is_byte || data.model == TokenizerModel::kBpe;
  std::vector<std::string> words;
  std::vector<int32_t> types;
  words.reserve(data.tokens.size());
  types.reserve(data.tokens.size());
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    words.push_back(WordOfToken(data, id));
    // With model "gpt2" other engines print nothing for the format's own byte type.
    const bool is_normal = is_byte_level && data.types[id] == TokenType::kByte;
    types.push_back(static_cast<int32_t>(is_normal ? TokenType::kNormal : data.types[id]));
  }
  if (is_byte_level) {
    writer->AddString("tokenizer.ggml.model", "gpt2");
    writer->AddString("tokenizer.ggml.pre", is_byte ? kBytePreTokenizer : data.pre_tokenizer);
    writer->AddStrings("tokenizer.ggml.tokens", words);
    writer->AddInt32s("tokenizer.ggml.token_type", types);
    WriteMerges(data, words, writer);
  } else {
    if (data.model == TokenizerModel::kSentencePiece) WriteSentencePiece(data, words, writer);
    if (data.model == TokenizerModel::kWordPiece) WriteWordPiece(data, words, writer);
    writer->AddInt32s("tokenizer.ggml.token_type", types);
  }
  WriteId("tokenizer.ggml.bos_token_id", data.bos_id, writer);
  WriteId("tokenizer.ggml.eos_token_id", data.eos_id, writer);
  WriteId("tokenizer.ggml.unknown_token_id", data.unk_id, writer);
  WriteId("tokenizer.ggml.padding_token_id", data.pad_id, writer);
  if (data.model == TokenizerModel::kWordPiece) {
    WriteId("tokenizer.ggml.cls_token_id", data.bos_id, writer);
    WriteId("tokenizer.ggml.seperator_token_id", data.eos_id, writer);  // so spelled
  }
  // Always written: without it other engines add a BOS for some pre-tokenizers.
  writer->AddBool("tokenizer.ggml.add_bos_token", data.add_bos);
  for (size_t i = 0; i < std::min(data.end_ids.size(), std::size(gguf_keys::kEnds)); ++i) {
    WriteId(gguf_keys::kEnds[i], data.end_ids[i], writer);
  }
  if (data.add_eos) writer->AddBool("tokenizer.ggml.add_eos_token", true);
  for (const bool is_left : {true, false}) {
    std::vector<int32_t> ids;
    for (const TokenStrip& strip : data.strips) {
      if (is_left ? strip.left : strip.right) ids.push_back(strip.id);
    }
    if (!ids.empty()) {
      writer->AddInt32s(is_left ? gguf_keys::kStripLeft : gguf_keys::kStripRight, ids);
    }
  }
  if (!data.chat_template.empty()) {
    writer->AddString("tokenizer.chat_template", data.chat_template);
  }
  if (is_byte) writer->AddString(gguf_keys::kOwnModel, "byte");
}

}  // namespace cambium
