// SPDX-License-Identifier: Apache-2.0
// tokenizer.json files that mean trouble: every value of real shapes replaced, every byte too; ids
// that are huge, negative or taken; merges of unknown tokens; a mebibyte of whatever takes time.
// Each is a typed error, or a tokenizer that works, within a second and 64 MiB.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

#include "base/file.h"
#include "base/json.h"
#include "formats/gguf_tokenizer.h"
#include "formats/hf_tokenizer.h"
#include "formats/hostile_test_util.h"
#include "text/tokenizer.h"

namespace cambium {
namespace {

Attempt TryTokenizer(const std::string& text, const std::string& what) {
  std::optional<Tokenizer> tokenizer;
  Attempt attempt = AttemptTo([&] {
    tokenizer.emplace(ParseHfTokenizer(text, "tokenizer.json"));
    try {
      const EncodeOptions options = {.parse_special = true, .allow_bos = true, .allow_eos = true};
      (void)tokenizer->Decode(tokenizer->Encode("ab <s> a\u00e9\u65e5\xff\n", options));
    } catch (const Error&) {  // a vocabulary may lack characters
    }
  });
  // What can be read may not be what can be written, but nothing worse.
  if (tokenizer) (void)AttemptTo([&] { (void)ToHfTokenizer(tokenizer->data()); });
  EXPECT_TRUE(attempt.within_limits()) << what << ": " << attempt.seconds << " s, "
                                       << attempt.allocated_bytes << " bytes, " << attempt.message;
  EXPECT_LT(attempt.message.size(), 2000u) << what;
  return attempt;
}

// Small tokenizers of every kind.
constexpr const char* kByteLevel = R"({
  "added_tokens": [{"id": 3, "content": "<s>", "special": true, "lstrip": false, "rstrip": true},
                   {"id": 4, "content": "<u>", "special": false}],
  "normalizer": {"type": "NFC"},
  "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
      {"type": "Digits", "individual_digits": true},
      {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}]},
  "post_processor": {"type": "TemplateProcessing", "single": [
      {"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}]},
  "decoder": {"type": "ByteLevel"},
  "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]],
            "ignore_merges": false}})";
constexpr const char* kSentencePiece = R"({
  "added_tokens": [{"id": 7, "content": "<s>", "special": true}],
  "normalizer": {"type": "Sequence", "normalizers": [
      {"type": "Prepend", "prepend": "\u2581"},
      {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
  "decoder": {"type": "Sequence", "decoders": [
      {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
      {"type": "ByteFallback"}, {"type": "Fuse"},
      {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
  "model": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": true, "fuse_unk": true,
            "vocab": {"<unk>": 0, "\u2581": 1, "a": 2, "b": 3, "ab": 4, "\u2581ab": 5, "<0x0A>": 6},
            "merges": ["a b", "\u2581 ab"]}})";
constexpr const char* kWordPiece = R"({
  "normalizer": {"type": "BertNormalizer", "lowercase": true},
  "pre_tokenizer": {"type": "BertPreTokenizer"},
  "model": {"type": "WordPiece", "unk_token": "[UNK]", "max_input_chars_per_word": 100,
            "vocab": {"[UNK]": 0, "a": 1, "##b": 2, "##c": 3}}})";

std::vector<Json> ValidTokenizers() {
  return {Json::parse(kByteLevel), Json::parse(kSentencePiece), Json::parse(kWordPiece)};
}

void ForEveryNode(Json& node, const std::function<void(Json&)>& fn) {
  fn(node);
  if (!node.is_structured()) return;
  for (Json& child : node) ForEveryNode(child, fn);
}

TEST(HfTokenizerHostile, EveryValueReplacedOrMissing) {
  const std::vector<Json> replacements = {nullptr,
                                          -1,
                                          0,
                                          1,
                                          2,
                                          1.5,
                                          4096,
                                          uint64_t{1} << 31,
                                          uint64_t{1} << 63,
                                          "",
                                          "a",
                                          "a b",
                                          "Sequence",
                                          "\u2581",
                                          true,
                                          false,
                                          Json::array(),
                                          Json::array({1, "a"}),
                                          Json::object(),
                                          {{"type", "Sequence"}},
                                          {{"type", "ByteLevel"}, {"add_prefix_space", false}},
                                          {{"a", 0}, {"b", 0}}};
  std::vector<Json> tokenizers = ValidTokenizers();
  for (Json& json : tokenizers) {
    const Attempt valid = TryTokenizer(json.dump(), "valid");
    ASSERT_FALSE(valid.error) << valid.message;
    ForEveryNode(json, [&](Json& node) {
      const Json saved = node;
      for (const Json& value : replacements) {
        node = value;
        (void)TryTokenizer(json.dump(), value.dump() + " for " + saved.dump());
      }
      node = saved;
      if (!node.is_object()) return;
      for (const auto& [key, value] : saved.items()) {
        node.erase(key);
        (void)TryTokenizer(json.dump(), "without " + key);
        node = saved;
      }
    });
  }
}

TEST(HfTokenizerHostile, CutAndReplacedAtEveryByte) {
  for (const Json& json : ValidTokenizers()) {
    const std::string valid = json.dump();
    for (size_t i = 0; i < valid.size(); ++i) {
      EXPECT_TRUE(TryTokenizer(valid.substr(0, i), "cut").error) << i;
      for (const char c : {'\0', '"', '{', ']', '9', '-', '\xff', ',', '\\'}) {
        std::string broken = valid;
        broken[i] = c;
        (void)TryTokenizer(broken, "replaced");
      }
    }
  }
}

TEST(HfTokenizerHostile, Ids) {
  const Json valid = ValidTokenizers()[0];
  for (const Json& id :
       std::vector<Json>{-1, 1.0, "1", nullptr, 1 << 20, INT32_MAX, uint64_t{1} << 31,
                         uint64_t{1} << 32, UINT64_MAX, Json::array({1})}) {
    Json broken = valid;
    broken["model"]["vocab"]["a"] = id;
    EXPECT_EQ(TryTokenizer(broken.dump(), "vocab").error, ErrorCode::kCorruptData) << id;
    broken = valid;
    broken["added_tokens"][0]["id"] = id;
    EXPECT_EQ(TryTokenizer(broken.dump(), "added").error, ErrorCode::kCorruptData) << id;
  }
  const auto refused = [&](const auto& change) {
    Json broken = valid;
    change(broken);
    EXPECT_EQ(TryTokenizer(broken.dump(), "").error, ErrorCode::kCorruptData) << broken;
  };
  refused([](Json& j) { j["model"]["vocab"]["b"] = 0; });             // an id twice
  refused([](Json& j) { j["added_tokens"][1]["id"] = 3; });           // of two added tokens
  refused([](Json& j) { j["added_tokens"][1]["id"] = 1; });           // of another word
  refused([](Json& j) { j["added_tokens"][1]["content"] = "<s>"; });  // a name twice
  refused([](Json& j) { j["added_tokens"][1]["content"] = ""; });
  refused([](Json& j) { j["model"]["merges"][0][1] = "c"; });
  refused([](Json& j) { j["model"]["merges"][0] = {"b", "a"}; });  // the result is no token
  refused([](Json& j) { j["model"]["merges"][0] = "a b c"; });
  refused([](Json& j) { j["model"]["merges"][0] = {"a", "b", "a"}; });
  refused([](Json& j) { j["post_processor"]["single"][0]["SpecialToken"]["id"] = "<x>"; });
}

TEST(HfTokenizerHostile, TextThatIsNoJson) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("7"), std::string("\xff"),
        std::string("\xef\xbb\xbf"), std::string("{\"model\":\"\\ud800\"}"),
        std::string("{\"model\":1e999}"), std::string("{\"model\":NaN}"), std::string(1 << 20, '['),
        std::string(1 << 20, '{'), std::string(1 << 20, '"'), std::string(1 << 20, '\0'),
        "{\"model\":" + std::string(1 << 20, '9') + "}"}) {
    EXPECT_EQ(TryTokenizer(text, "no JSON").error, ErrorCode::kCorruptData) << text.substr(0, 20);
  }
}

TEST(HfTokenizerHostile, AMebibyteOfWhatTakesTime) {
  constexpr size_t kBytes = (size_t{1} << 20) - 4096;
  const Json valid = ValidTokenizers()[0];
  const auto with = [&](const char* what, const std::function<void(Json&)>& change) {
    Json json = valid;
    change(json);
    (void)TryTokenizer(json.dump(), what);
  };
  with("words", [](Json& j) {
    SortedJson vocab = {{"a", 0}, {"b", 1}, {"ab", 2}};
    for (size_t i = 5, bytes = 0; bytes < kBytes; ++i) {
      const std::string word = fmt::format("{:x}", i);
      bytes += 10 + word.size();
      vocab[word] = i;
    }
    j["model"]["vocab"] = vocab;
  });
  with("merges", [](Json& j) {
    Json merges = Json::array();
    for (size_t bytes = 0; bytes < kBytes; bytes += 6) merges.push_back("a b");
    j["model"]["merges"] = std::move(merges);
  });
  with("added tokens", [](Json& j) {
    Json added = Json::array();
    for (size_t i = 3, bytes = 0; bytes < kBytes; ++i, bytes += 60) {
      added.push_back(
          {{"id", i}, {"content", fmt::format("a{}", i)}, {"special", true}, {"rstrip", true}});
    }
    j["added_tokens"] = std::move(added);
  });
  with("one long word", [](Json& j) { j["model"]["vocab"][std::string(kBytes, 'x')] = 5; });
  with("one long special token",
       [](Json& j) { j["added_tokens"][1]["content"] = std::string(kBytes, 'a'); });
  for (const char* piece : {"\r", "++[\\r\\n]", "?+\\p{L}", "'(?i:[sdmt]|ll|ve|re)", "("}) {
    with("pattern", [&](Json& j) {
      std::string pattern;
      while (pattern.size() < kBytes / 2) pattern += piece;
      j["pre_tokenizer"]["pretokenizers"][0] = {
          {"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}};
    });
  }
  with("stages", [](Json& j) {
    Json stages = Json::array();
    for (size_t bytes = 0; bytes < kBytes; bytes += 25) stages.push_back({{"type", "Digits"}});
    j["pre_tokenizer"]["pretokenizers"] = std::move(stages);
  });
  with("sequences", [](Json& j) {
    Json deep = {{"type", "Digits"}};
    for (int i = 0; i < 60; ++i) {
      deep = {{"type", "Sequence"}, {"pretokenizers", Json::array({std::move(deep)})}};
    }
    j["pre_tokenizer"] = std::move(deep);
  });
}

}  // namespace
}  // namespace cambium
