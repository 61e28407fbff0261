// SPDX-License-Identifier: Apache-2.0
#include <unordered_set>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "base/json.h"
#include "formats/hf_pre_tokenizer.h"
#include "formats/hf_tokenizer.h"
#include "formats/quote.h"
#include "text/byte_unicode.h"
#include "text/pre_tokenizer.h"
#include "text/utf8_repair.h"

namespace cambium {
namespace {

bool IsAdded(TokenType type) {
  return type == TokenType::kControl || type == TokenType::kUserDefined;
}

// How the file writes each token. Throws for two that would be written the same.
std::vector<std::string> WordsOf(const TokenizerData& data) {
  std::vector<std::string> words;
  std::unordered_set<std::string_view> seen;
  words.reserve(data.tokens.size());
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    const bool is_normal =
        data.types[id] == TokenType::kNormal || data.types[id] == TokenType::kByte;
    words.push_back(is_normal ? BytesToPrintable(data.tokens[id]) : data.tokens[id]);
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

Json AddedToken(size_t id, const std::string& name, bool is_special) {
  return {{"id", id},        {"content", name},     {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", is_special}};
}

// <bos> before every text.
Json BosTemplate(int32_t id, const std::string& name) {
  const auto special = [&](int type) {
    return Json{{"SpecialToken", {{"id", name}, {"type_id", type}}}};
  };
  const auto sequence = [](const char* which, int type) {
    return Json{{"Sequence", {{"id", which}, {"type_id", type}}}};
  };
  return {{"type", "TemplateProcessing"},
          {"single", Json::array({special(0), sequence("A", 0)})},
          {"pair", Json::array({special(0), sequence("A", 0), special(1), sequence("B", 1)})},
          {"special_tokens",
           {{name, {{"id", name}, {"ids", Json::array({id})}, {"tokens", Json::array({name})}}}}}};
}

// A JSON string.
std::string Text(const std::string& word) { return Json(word).dump(); }

}  // namespace

std::string ToHfTokenizer(const TokenizerData& data) {
  CHECK(data.types.size() == data.tokens.size());
  const bool is_bpe = data.model == TokenizerModel::kBpe;
  const std::vector<std::string> words = WordsOf(data);
  // Added tokens that are not in the vocabulary get the ids after it, in their order, when the file
  // is loaded. So those at the end stay out of it, and the ones before another token go in.
  size_t vocab_size = words.size();
  while (vocab_size > 0 && IsAdded(data.types[vocab_size - 1])) --vocab_size;

  Json added = Json::array();
  for (size_t id = 0; id < words.size(); ++id) {
    if (IsAdded(data.types[id])) {
      added.push_back(AddedToken(id, words[id], data.types[id] == TokenType::kControl));
    }
  }
  const Json byte_level = {{"type", "ByteLevel"},
                           {"add_prefix_space", false},
                           {"trim_offsets", true},
                           {"use_regex", true}};
  // By hand, since the vocabulary is too big for an object that keeps its order by searching.
  std::string text = "{\n\"version\": \"1.0\",\n\"truncation\": null,\n\"padding\": null,\n";
  const auto member = [&](const char* key, const Json& value) {
    text += fmt::format("\"{}\": {},\n", key, value.dump());
  };
  member("added_tokens", added);
  member("normalizer", nullptr);
  member("pre_tokenizer", HfPreTokenizerToJson(is_bpe ? data.pre_tokenizer : std::string()));
  member("post_processor",
         data.add_bos ? BosTemplate(data.bos_id, words.at(static_cast<size_t>(data.bos_id)))
                      : Json(nullptr));
  member("decoder", byte_level);
  text += fmt::format(
      "\"model\": {{\"type\": \"BPE\", \"dropout\": null, \"unk_token\": null, "
      "\"continuing_subword_prefix\": null, \"end_of_word_suffix\": null, \"fuse_unk\": false, "
      "\"byte_fallback\": false, \"ignore_merges\": {},\n\"vocab\": {{",
      is_bpe && PreTokenizer::IgnoresMerges(data.pre_tokenizer));
  for (size_t id = 0; id < vocab_size; ++id) {
    text += fmt::format("{}\n{}: {}", id == 0 ? "" : ",", Text(words[id]), id);
  }
  text += "},\n\"merges\": [";
  for (size_t rank = 0; rank < data.merges.size(); ++rank) {
    const auto [left, right] = data.merges[rank];
    text +=
        fmt::format("{}\n[{}, {}]", rank == 0 ? "" : ",", Text(words.at(static_cast<size_t>(left))),
                    Text(words.at(static_cast<size_t>(right))));
  }
  text += "]}\n}\n";
  return text;
}

}  // namespace cambium
