// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_set>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "base/json.h"
#include "formats/hf_pre_tokenizer.h"
#include "formats/hf_text_rules.h"
#include "formats/hf_tokenizer.h"
#include "formats/quote.h"
#include "formats/token_words.h"
#include "text/pre_tokenizer.h"
#include "text/sentence_piece_merges.h"
#include "text/utf8_repair.h"

namespace cambium {
namespace {

bool IsAdded(TokenType type) {
  return type == TokenType::kControl || type == TokenType::kUserDefined ||
         type == TokenType::kUnknown;
}

// A token of the vocabulary: WordPiece has a mark before the pieces that go on a word, and none
// before those that begin one.
std::string WordOf(const TokenizerData& data, size_t id) {
  if (data.model != TokenizerModel::kWordPiece || data.types[id] != TokenType::kNormal) {
    return WordOfToken(data, id);
  }
  const std::string& bytes = data.tokens[id];
  return bytes.starts_with(' ') ? bytes.substr(1) : "##" + bytes;
}

// How the file writes each token. Throws for two that would be written the same.
std::vector<std::string> WordsOf(const TokenizerData& data) {
  std::vector<std::string> words;
  std::unordered_set<std::string_view> seen;
  words.reserve(data.tokens.size());
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    words.push_back(WordOf(data, id));
    if (!IsValidUtf8(words.back())) {
      Fail(ErrorCode::kUnsupported, "tokenizer.json cannot hold token {}, {}: not UTF-8", id,
           Quote(words.back()));
    }
    if (!seen.insert(words.back()).second) {
      Fail(ErrorCode::kUnsupported,
           "tokenizer.json cannot hold token {}: another one is written {}", id,
           Quote(words.back()));
    }
  }
  return words;
}

Json AddedTokens(const TokenizerData& data, const std::vector<std::string>& words) {
  Json added = Json::array();
  auto strip = data.strips.begin();
  for (size_t id = 0; id < words.size(); ++id) {
    if (!IsAdded(data.types[id])) continue;
    while (strip != data.strips.end() && static_cast<size_t>(strip->id) < id) ++strip;
    const bool has_strip = strip != data.strips.end() && static_cast<size_t>(strip->id) == id;
    added.push_back({{"id", id},
                     {"content", words[id]},
                     {"single_word", false},
                     {"lstrip", has_strip && strip->left},
                     {"rstrip", has_strip && strip->right},
                     {"normalized", false},
                     {"special", data.types[id] != TokenType::kUserDefined}});
  }
  return added;
}

// bos before and eos behind every text, where the tokenizer asks for them.
Json EndsTemplate(const TokenizerData& data, const std::vector<std::string>& words) {
  if (!data.add_bos && !data.add_eos) return nullptr;
  Json single = Json::array();
  Json pair = Json::array();
  Json specials = Json::object();
  const auto special = [&](int32_t id, int type, Json* to) {
    const std::string& name = words.at(static_cast<size_t>(id));
    to->push_back({{"SpecialToken", {{"id", name}, {"type_id", type}}}});
    specials[name] = {{"id", name}, {"ids", Json::array({id})}, {"tokens", Json::array({name})}};
  };
  const auto sequence = [](const char* which, int type, Json* to) {
    to->push_back({{"Sequence", {{"id", which}, {"type_id", type}}}});
  };
  for (Json* to : {&single, &pair}) {
    if (data.add_bos) special(data.bos_id, 0, to);
    sequence("A", 0, to);
    if (data.add_eos) special(data.eos_id, 0, to);
  }
  // WordPiece's pairs share their beginning.
  if (data.add_bos && data.model != TokenizerModel::kWordPiece) special(data.bos_id, 1, &pair);
  sequence("B", 1, &pair);
  if (data.add_eos) special(data.eos_id, 1, &pair);
  return {{"type", "TemplateProcessing"},
          {"single", std::move(single)},
          {"pair", std::move(pair)},
          {"special_tokens", std::move(specials)}};
}

HfTextRules RulesOf(const TokenizerData& data) {
  if (data.model == TokenizerModel::kSentencePiece) return HfRulesOf(data.sentence_piece);
  if (data.model == TokenizerModel::kWordPiece) return HfRulesOf(data.word_piece);
  const bool is_bpe = data.model == TokenizerModel::kBpe;
  return {.normalizer = nullptr,
          .pre_tokenizer = HfPreTokenizerToJson(is_bpe ? data.pre_tokenizer : std::string()),
          .decoder = {{"type", "ByteLevel"},
                      {"add_prefix_space", false},
                      {"trim_offsets", true},
                      {"use_regex", true}}};
}

// The members of "model" before the vocabulary.
Json ModelOptions(const TokenizerData& data, const std::vector<std::string>& words) {
  const Json unknown =
      data.unk_id < 0 || data.types.at(static_cast<size_t>(data.unk_id)) != TokenType::kUnknown
          ? Json(nullptr)
          : Json(words[static_cast<size_t>(data.unk_id)]);
  if (data.model == TokenizerModel::kWordPiece) {
    return {{"type", "WordPiece"},
            {"unk_token", data.unk_id < 0 ? "[UNK]" : words.at(static_cast<size_t>(data.unk_id))},
            {"continuing_subword_prefix", "##"},
            {"max_input_chars_per_word", data.word_piece.max_word_chars}};
  }
  const bool is_sentence_piece = data.model == TokenizerModel::kSentencePiece;
  const bool has_bytes = is_sentence_piece && std::ranges::count(data.types, TokenType::kByte) > 0;
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", is_sentence_piece ? unknown : Json(nullptr)},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", is_sentence_piece && data.sentence_piece.fuse_unknown},
          {"byte_fallback", has_bytes},
          {"ignore_merges",
           data.model == TokenizerModel::kBpe && PreTokenizer::IgnoresMerges(data.pre_tokenizer)}};
}

// A JSON string.
std::string Text(const std::string& word) { return Json(word).dump(); }

}  // namespace

std::string ToHfTokenizer(const TokenizerData& data) {
  CHECK(data.types.size() == data.tokens.size());
  const std::vector<std::string> words = WordsOf(data);
  // Added tokens that are not in the vocabulary get the ids after it, in their order, when the file
  // is loaded. So those at the end stay out of it, and the ones before another token go in. (The
  // unknown token must be in.)
  size_t vocab_size = words.size();
  while (vocab_size > 0 && IsAdded(data.types[vocab_size - 1]) &&
         static_cast<int32_t>(vocab_size) - 1 != data.unk_id) {
    --vocab_size;
  }
  const HfTextRules rules = RulesOf(data);
  // By hand, since the vocabulary is too big for an object that keeps its order by searching.
  std::string text = "{\n\"version\": \"1.0\",\n\"truncation\": null,\n\"padding\": null,\n";
  const auto member = [&](const char* key, const Json& value) {
    text += fmt::format("\"{}\": {},\n", key, value.dump());
  };
  member("added_tokens", AddedTokens(data, words));
  member("normalizer", rules.normalizer);
  member("pre_tokenizer", rules.pre_tokenizer);
  member("post_processor", EndsTemplate(data, words));
  member("decoder", rules.decoder);
  text += "\"model\": " + ModelOptions(data, words).dump();
  text.back() = ',';  // the object goes on
  text += "\n\"vocab\": {";
  for (size_t id = 0; id < vocab_size; ++id) {
    text += fmt::format("{}\n{}: {}", id == 0 ? "" : ",", Text(words[id]), id);
  }
  text += "}";
  if (data.model != TokenizerModel::kWordPiece) {
    const bool has_scores =
        data.model == TokenizerModel::kSentencePiece && data.merges.empty() && !data.scores.empty();
    const auto merges = has_scores ? MergesOfScores(data) : data.merges;
    text += ",\n\"merges\": [";
    for (size_t rank = 0; rank < merges.size(); ++rank) {
      const auto [left, right] = merges[rank];
      text += fmt::format("{}\n[{}, {}]", rank == 0 ? "" : ",",
                          Text(words.at(static_cast<size_t>(left))),
                          Text(words.at(static_cast<size_t>(right))));
    }
    text += "]";
  }
  text += "}\n}\n";
  return text;
}

}  // namespace cambium
