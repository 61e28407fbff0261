// SPDX-License-Identifier: Apache-2.0
#include "formats/hf_tokenizer.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "base/json.h"
#include "text/bpe_trainer.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"

namespace cambium {
namespace {

using Node = nlohmann::json;

TokenizerData Trained(const std::string& pre_tokenizer) {
  ThreadPool pool(1);
  bool is_done = false;
  return TrainBpe(
      {.pre_tokenizer = pre_tokenizer,
       .vocab_size = 300,
       .special_tokens = {"<|endoftext|>", "<|user|>"}},
      [&](std::string* text) {
        if (is_done) return false;
        *text = "the theme of \"them\" \xc3\xa9t\xc3\xa9 \\n 1234 the theme \xc3\xa9t\xc3\xa9";
        return is_done = true;
      },
      pool);
}

void ExpectSame(const TokenizerData& a, const TokenizerData& b) {
  EXPECT_EQ(a.model, b.model);
  EXPECT_EQ(a.pre_tokenizer, b.pre_tokenizer);
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.types, b.types);
  EXPECT_EQ(a.merges, b.merges);
  EXPECT_EQ(a.bos_id, b.bos_id);
  EXPECT_EQ(a.eos_id, b.eos_id);
  EXPECT_EQ(a.add_bos, b.add_bos);
}

TEST(HfTokenizer, RoundTripOfEveryPreTokenizer) {
  for (const std::string& name : PreTokenizer::Names()) {
    TokenizerData data = Trained(name);
    TokenizerData back = ParseHfTokenizer(ToHfTokenizer(data), name);
    // Several names have one meaning.
    EXPECT_EQ(PreTokenizer::Patterns(back.pre_tokenizer), PreTokenizer::Patterns(name));
    EXPECT_EQ(PreTokenizer::IgnoresMerges(back.pre_tokenizer), PreTokenizer::IgnoresMerges(name));
    back.pre_tokenizer = name;
    ExpectSame(data, back);
  }
}

TEST(HfTokenizer, RoundTripOfBytesAndBos) {
  const std::string specials[] = {"<|endoftext|>", "<|user|>"};
  ExpectSame(MakeByteTokenizer(specials),
             ParseHfTokenizer(ToHfTokenizer(MakeByteTokenizer(specials)), "x"));
  TokenizerData data = Trained("qwen2");
  data.bos_id = data.eos_id;
  data.add_bos = true;
  ExpectSame(data, ParseHfTokenizer(ToHfTokenizer(data), "x"));
  // Special tokens before normal ones, user-defined and unused ones.
  const std::string padding = "[PAD" + std::to_string(data.tokens.size() + 1) + "]";
  data.tokens.insert(data.tokens.end(), {"    ", padding, "<|z|>"});
  data.types.insert(data.types.end(),
                    {TokenType::kUserDefined, TokenType::kUnused, TokenType::kControl});
  ExpectSame(data, ParseHfTokenizer(ToHfTokenizer(data), "x"));
}

Node GoodFile() { return Node::parse(ToHfTokenizer(Trained("qwen2"))); }

TEST(HfTokenizer, MergesAsStrings) {
  Node file = GoodFile();
  for (Node& merge : file["model"]["merges"]) {
    merge = merge[0].get<std::string>() + " " + merge[1].get<std::string>();
  }
  ExpectSame(ParseHfTokenizer(file.dump(), "x"), Trained("qwen2"));
  file["model"].erase("type");  // as GPT-2's own file
  file["normalizer"] = {{"type", "NFC"}};
  ExpectSame(ParseHfTokenizer(file.dump(), "x"), Trained("qwen2"));
}

TEST(HfTokenizer, GapsAreUnusedTokens) {
  Node file = GoodFile();
  const int num_tokens = static_cast<int>(Trained("qwen2").tokens.size());
  file["added_tokens"][1]["id"] = num_tokens + 4;
  const TokenizerData data = ParseHfTokenizer(file.dump(), "x");
  ASSERT_EQ(data.tokens.size(), static_cast<size_t>(num_tokens) + 5);
  EXPECT_EQ(data.types[num_tokens], TokenType::kUnused);
  EXPECT_EQ(data.tokens[num_tokens], "[PAD" + std::to_string(num_tokens) + "]");
  EXPECT_EQ(data.types.back(), TokenType::kControl);
}

TEST(HfTokenizer, RefusesWithATypedError) {
  using Change = std::function<void(Node&)>;
  const auto set = [](const char* pointer, const Node& value) {
    return [=](Node& file) { file[Node::json_pointer(pointer)] = value; };
  };
  const auto erase = [](const char* key) { return [=](Node& file) { file.erase(key); }; };
  const Node split = {{"type", "Split"},
                      {"pattern", {{"Regex", "[a-z]+"}}},
                      {"behavior", "Isolated"},
                      {"invert", false}};
  Node deep = {{"type", "Sequence"}, {"pretokenizers", Node::array()}};
  for (int i = 0; i < 30; ++i) {
    deep = {{"type", "Sequence"}, {"pretokenizers", Node::array({deep})}};
  }
  const ErrorCode corrupt = ErrorCode::kCorruptData;
  const ErrorCode unsupported = ErrorCode::kUnsupported;
  const std::vector<std::pair<Change, ErrorCode>> changes = {
      {erase("model"), corrupt},
      {erase("pre_tokenizer"), corrupt},
      {set("/model", "BPE"), corrupt},
      {set("/model/type", "Unigram"), unsupported},
      {set("/model/type", "WordPiece"), unsupported},  // without BERT's words
      {set("/model/byte_fallback", true), unsupported},
      {set("/model/byte_fallback", 7), corrupt},
      {set("/model/dropout", 0.1), unsupported},
      {set("/model/continuing_subword_prefix", "##"), unsupported},
      {set("/model/end_of_word_suffix", "</w>"), unsupported},
      {set("/model/ignore_merges", true), unsupported},  // no such name with this pattern
      {set("/model/vocab", Node::array()), corrupt},
      {set("/model/vocab", Node::object()), corrupt},
      {set("/model/vocab/a", -1), corrupt},
      {set("/model/vocab/a", 1.5), corrupt},
      {set("/model/vocab/a", "7"), corrupt},
      {set("/model/vocab/a", 98), corrupt},  // b's
      {set("/model/vocab/a", 2000000000), corrupt},
      {set("/model/vocab/a", 18446744073709551615u), corrupt},
      {set("/model/merges", 3), corrupt},
      {set("/model/merges/0", "a"), corrupt},
      {set("/model/merges/0", "a b c"), corrupt},
      {set("/model/merges/0", Node::array({"a"})), corrupt},
      {set("/model/merges/0", Node::array({"a", 3})), corrupt},
      {set("/model/merges/0", "nothing here"), corrupt},
      {set("/normalizer", {{"type", "Lowercase"}}), unsupported},
      {set("/normalizer", 3), corrupt},
      {set("/pre_tokenizer", {{"type", "Metaspace"}}), unsupported},
      {set("/pre_tokenizer", 3), corrupt},
      {set("/pre_tokenizer", {{"type", "Sequence"}}), corrupt},
      {set("/pre_tokenizer", deep), corrupt},
      {set("/pre_tokenizer", split), unsupported},
      {set("/pre_tokenizer/pretokenizers/0/pattern/Regex", "x+"), unsupported},
      {set("/pre_tokenizer/pretokenizers/0/behavior", "Removed"), unsupported},
      {set("/pre_tokenizer/pretokenizers/1/add_prefix_space", true), unsupported},
      {set("/pre_tokenizer",
           {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}),
       unsupported},
      {set("/added_tokens", 3), corrupt},
      {set("/added_tokens/0", 3), corrupt},
      {set("/added_tokens/0/content", 3), corrupt},
      {set("/added_tokens/0/content", ""), corrupt},
      {set("/added_tokens/0/content", "<|user|>"), corrupt},
      {set("/added_tokens/0/content", "a"), corrupt},  // the vocabulary gives it another id
      {set("/added_tokens/0/id", 5), corrupt},
      {set("/added_tokens/0/single_word", true), unsupported},
      {set("/post_processor", 3), corrupt},
      {set("/post_processor",
           {{"type", "TemplateProcessing"}, {"single", {{{"SpecialToken", {{"id", "nobody"}}}}}}}),
       corrupt},
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    Node file = GoodFile();
    changes[i].first(file);
    try {
      (void)ParseHfTokenizer(file.dump(), "the-file");
      ADD_FAILURE() << "change " << i << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), changes[i].second) << i << ": " << error.what();
      EXPECT_TRUE(std::string(error.what()).starts_with("the-file: ")) << error.what();
    }
  }
  for (const char* text : {"", "{", "[]", "3", "{\"model\": \xff}", "null"}) {
    try {
      (void)ParseHfTokenizer(text, "the-file");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), corrupt);
    }
  }
  // Deep enough to end a stack, were any of it read recursively.
  for (const char* opening : {"[", "{\"a\":", "{\"normalizer\":["}) {
    std::string deep_text;
    for (int i = 0; i < 1000000; ++i) deep_text += opening;
    EXPECT_THROW((void)ParseHfTokenizer(deep_text, "x"), Error);
  }
  // Cut off anywhere.
  const std::string whole = ToHfTokenizer(Trained("qwen2"));
  for (size_t size = 0; size + 4 < whole.size(); size += 97) {
    EXPECT_THROW((void)ParseHfTokenizer(whole.substr(0, size), "x"), Error) << size;
  }
}

TEST(HfTokenizer, WriterRefusesWhatTheFormatCannotHold) {
  TokenizerData data = Trained("qwen2");
  data.tokens.back() = "<\xff>";
  EXPECT_THROW((void)ToHfTokenizer(data), Error);
  data.tokens.back() = "\u0120";  // the printable form of a space
  EXPECT_THROW((void)ToHfTokenizer(data), Error);
}

}  // namespace
}  // namespace cambium
