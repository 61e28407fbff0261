// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/bpe_trainer.h"
#include "text/random_text_test_util.h"

namespace cambium {
namespace {

const std::string kSpecials[] = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};

TokenizerData TrainedData() {
  ThreadPool pool(1);
  std::string text;
  for (uint64_t i = 0; i < 400; ++i) text += RandomText(WideFragments(), i, 40);
  text += "the quick brown fox jumps over the lazy dog <|im_start|> <|endoftext|> ";
  text += text;
  bool is_done = false;
  return TrainBpe(
      {.vocab_size = 600, .special_tokens = {std::begin(kSpecials), std::end(kSpecials)}},
      [&](std::string* out) {
        if (is_done) return false;
        *out = text;
        return is_done = true;
      },
      pool);
}

TEST(Tokenizer, ByteTokenizer) {
  const Tokenizer tokenizer(MakeByteTokenizer(kSpecials));
  EXPECT_EQ(tokenizer.vocab_size(), 259);
  EXPECT_EQ(tokenizer.eos_id(), 256);
  EXPECT_EQ(tokenizer.bos_id(), -1);
  EXPECT_EQ(tokenizer.FindSpecial("<|im_end|>"), 258);
  EXPECT_EQ(tokenizer.FindSpecial("<|nope|>"), -1);
  EXPECT_EQ(tokenizer.FindToken("\xff"), 255);
  EXPECT_EQ(tokenizer.FindToken("ab"), -1);
  EXPECT_EQ(tokenizer.Encode("hi\xff"), (std::vector<int32_t>{'h', 'i', 255}));
  EXPECT_EQ(tokenizer.Encode(""), std::vector<int32_t>{});
}

TEST(Tokenizer, RoundTripOfAnyBytes) {
  const Tokenizer bpe(TrainedData());
  const Tokenizer bytes(MakeByteTokenizer(kSpecials));
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const Tokenizer* tokenizer : {&bpe, &bytes}) {
    EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(all)), all);
    for (int byte = 0; byte < 256; ++byte) {
      const std::string one(1, static_cast<char>(byte));
      EXPECT_EQ(tokenizer->Encode(one), std::vector<int32_t>{byte});
    }
    for (uint64_t i = 0; i < 3000; ++i) {
      const std::string text =
          i % 2 == 0 ? RandomBytes(i, 200) : RandomText(WideFragments(), i, 50);
      ASSERT_EQ(tokenizer->Decode(tokenizer->Encode(text)), text) << i;
    }
  }
}

TEST(Tokenizer, TextCannotForgeSpecialTokens) {
  const Tokenizer bpe(TrainedData());
  const Tokenizer bytes(MakeByteTokenizer(kSpecials));
  for (const Tokenizer* tokenizer : {&bpe, &bytes}) {
    std::vector<std::string> texts = {"<|<|im_end|>im_end|>", "<|im_end|><|im_end|>\n"};
    for (const std::string& name : kSpecials) {
      for (const char* around : {"", " ", "\n", "x", "\xff"})
        texts.push_back(around + name + around);
    }
    for (const std::string& text : texts) {
      const auto ids = tokenizer->Encode(text);
      for (const int32_t id : ids) EXPECT_EQ(tokenizer->Type(id), TokenType::kNormal) << text;
      EXPECT_EQ(tokenizer->Decode(ids), text);
    }
  }
}

TEST(Tokenizer, SpecialsAreParsedOnlyWhenAsked) {
  const Tokenizer tokenizer(TrainedData());
  const int32_t start = tokenizer.FindSpecial("<|im_start|>");
  const int32_t end = tokenizer.FindSpecial("<|im_end|>");
  ASSERT_GE(start, 0);
  const auto ids = tokenizer.Encode("<|im_start|>the<|im_end|>", {.parse_special = true});
  ASSERT_GE(ids.size(), 3u);
  EXPECT_EQ(ids.front(), start);
  EXPECT_EQ(ids.back(), end);
  EXPECT_EQ(tokenizer.Decode(ids), "<|im_start|>the<|im_end|>");
  EXPECT_EQ(tokenizer.Decode(ids, SpecialText::kSkip), "the");
}

TEST(Tokenizer, UserDefinedTokensAreFoundLongestFirst) {
  TokenizerData data = TrainedData();
  const auto first = static_cast<int32_t>(data.tokens.size());
  for (const char* name : {"  ", "    ", "the lazy"}) {
    data.tokens.emplace_back(name);
    data.types.push_back(TokenType::kUserDefined);
  }
  const Tokenizer tokenizer(data);
  EXPECT_EQ(tokenizer.Encode("      the lazyx"),
            (std::vector<int32_t>{first + 1, first, first + 2, 'x'}));
  // The parallel form must not cut through one.
  std::string text;
  while (text.size() < 700000) text += "the lazy dog  ";
  ThreadPool pool(3, /*pin=*/false);
  EXPECT_EQ(tokenizer.EncodeParallel(text, pool), tokenizer.Encode(text));
}

// A tokenizer may have 10^5 special tokens that begin alike; looking through all of them at every
// byte would take minutes.
TEST(Tokenizer, ManySpecialTokensThatBeginAlike) {
  std::vector<std::string> names = {"<!", "<a", "<ab>", "<abcdef>", "<b", "a<f>"};
  for (int i = 0; i < 100'000; ++i) names.push_back(fmt::format("<{:05}", i));
  const Tokenizer tokenizer(MakeByteTokenizer(names));
  const EncodeOptions options = {.parse_special = true};
  EXPECT_EQ(tokenizer.Encode("<abcdeg>", options),
            (std::vector<int32_t>{257, 'b', 'c', 'd', 'e', 'g', '>'}));
  EXPECT_EQ(tokenizer.Encode("<abcdef><ab>a<f>a<e", options),
            (std::vector<int32_t>{259, 258, 261, 'a', '<', 'e'}));
  EXPECT_EQ(tokenizer.Encode("<0000<12345<99999", options),
            (std::vector<int32_t>{'<', '0', '0', '0', '0', 262 + 12345, 262 + 99999}));
  EXPECT_EQ(tokenizer.Encode(std::string(1 << 16, '<'), options),
            std::vector<int32_t>(1 << 16, '<'));
}

TEST(Tokenizer, BosWhereTheTokenizerAsksForIt) {
  TokenizerData data = MakeByteTokenizer(kSpecials);
  data.bos_id = 256;
  EXPECT_EQ(Tokenizer(data).Encode("a", {.allow_bos = true}), (std::vector<int32_t>{'a'}));
  data.add_bos = true;
  EXPECT_EQ(Tokenizer(data).Encode("a", {.allow_bos = true}), (std::vector<int32_t>{256, 'a'}));
  EXPECT_EQ(Tokenizer(data).Encode("a"), (std::vector<int32_t>{'a'}));
}

TEST(Tokenizer, ParallelFormsGiveTheSameIds) {
  const Tokenizer bpe(TrainedData());
  const Tokenizer bytes(MakeByteTokenizer(kSpecials));
  std::vector<std::string> texts;
  std::string giant;
  for (uint64_t i = 0; i < 300; ++i) {
    texts.push_back(RandomText(WideFragments(), i, 500));
    giant += texts.back() + " word and";
  }
  while (giant.size() < 1000000) giant += giant;
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  for (const Tokenizer* tokenizer : {&bpe, &bytes}) {
    std::vector<std::vector<int32_t>> expected;
    expected.reserve(texts.size());
    for (const std::string& text : texts) expected.push_back(tokenizer->Encode(text));
    const auto expected_giant = tokenizer->Encode(giant);
    for (const size_t num_threads : {1, 2, 3, 8}) {
      ThreadPool pool(num_threads, /*pin=*/false);
      EXPECT_EQ(tokenizer->EncodeBatch(views, pool), expected) << num_threads;
      EXPECT_EQ(tokenizer->EncodeParallel(giant, pool), expected_giant) << num_threads;
    }
  }
}

TEST(Tokenizer, SpecialTokensThatTakeWhiteSpaceWithThem) {
  const std::string specials[] = {"<|left|>", "<|right|>"};
  TokenizerData data = MakeByteTokenizer(specials);
  data.strips = {{256, true, false}, {257, false, true}};
  const Tokenizer tokenizer(data);
  const auto encode = [&](std::string_view text) {
    return tokenizer.Decode(tokenizer.Encode(text, {.parse_special = true}));
  };
  EXPECT_EQ(encode("a \n\u3000<|left|> b"), "a<|left|> b");
  EXPECT_EQ(encode("a <|right|> \n\u00a0b"), "a <|right|>b");
  EXPECT_EQ(encode("a <|right|> <|left|> b"), "a <|right|><|left|> b");
  EXPECT_EQ(encode("a\xc0\xa0<|left|>"), "a\xc0\xa0<|left|>");  // no white space: ill-formed
  EXPECT_EQ(tokenizer.Decode(tokenizer.Encode("a <|left|>")), "a <|left|>");
  data.strips = {{257, true, false}, {256, false, true}};
  EXPECT_THROW((void)Tokenizer(data), Error);
}

TEST(Tokenizer, HashIsOfWhatDecidesIds) {
  const TokenizerData data = TrainedData();
  const Sha256Digest hash = Tokenizer(data).Hash();
  EXPECT_EQ(Tokenizer(data).Hash(), hash);
  // A fixed value: the serialisation is part of files' identity and must not drift.
  EXPECT_EQ(ToHex(Tokenizer(MakeByteTokenizer(kSpecials)).Hash()),
            "cbbeae108dc4a04940944dfe6944ca4a3d9943b93d1d60cd7ad0aaa9e5e79aa4");
  TokenizerData other = data;
  other.chat_template = "{{ x }}";
  EXPECT_EQ(Tokenizer(other).Hash(), hash);
  other = data;
  other.eos_id = -1;
  EXPECT_NE(Tokenizer(other).Hash(), hash);
  other = data;
  other.pre_tokenizer = "llama-bpe";
  EXPECT_NE(Tokenizer(other).Hash(), hash);
  other = data;
  std::swap(other.merges[3], other.merges[4]);
  EXPECT_NE(Tokenizer(other).Hash(), hash);
  other = data;
  other.types.back() = TokenType::kUserDefined;
  EXPECT_NE(Tokenizer(other).Hash(), hash);
}

void ExpectError(const TokenizerData& data, ErrorCode code, const char* what) {
  try {
    const Tokenizer tokenizer(data);
    ADD_FAILURE() << "accepted: " << what;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(what), std::string::npos) << error.what();
  }
}

TEST(Tokenizer, RefusesInconsistentData) {
  const TokenizerData good = TrainedData();
  TokenizerData data = good;
  data.types.pop_back();
  ExpectError(data, ErrorCode::kCorruptData, "token types");
  data = good;
  data.types[5] = static_cast<TokenType>(77);
  ExpectError(data, ErrorCode::kCorruptData, "type 77");
  data = good;
  data.bos_id = 600;
  ExpectError(data, ErrorCode::kCorruptData, "bos id 600");
  data = good;
  data.eos_id = -2;
  ExpectError(data, ErrorCode::kCorruptData, "eos id -2");
  data = good;
  data.add_bos = true;
  ExpectError(data, ErrorCode::kCorruptData, "bos");
  data = good;
  data.tokens.back() = data.tokens[data.tokens.size() - 2];
  ExpectError(data, ErrorCode::kCorruptData, "are both");
  data = good;
  data.tokens.back() = "";
  ExpectError(data, ErrorCode::kCorruptData, "empty");
  data = good;
  data.pre_tokenizer = "nobody";
  ExpectError(data, ErrorCode::kUnsupported, "nobody");
  data = MakeByteTokenizer(kSpecials);
  std::swap(data.tokens[0], data.tokens[1]);
  ExpectError(data, ErrorCode::kCorruptData, "its byte");
  data = MakeByteTokenizer({});
  data.tokens.pop_back();
  data.types.pop_back();
  ExpectError(data, ErrorCode::kCorruptData, "byte tokenizer");
  ExpectError(TokenizerData{}, ErrorCode::kCorruptData, "byte tokenizer");
}

TEST(Tokenizer, DecodeRefusesIdsOutsideTheVocabulary) {
  const Tokenizer tokenizer(MakeByteTokenizer(kSpecials));
  for (const int32_t id : {-1, 259, INT32_MAX}) {
    try {
      (void)tokenizer.Decode(std::vector<int32_t>{id});
      ADD_FAILURE() << id;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    }
  }
}

}  // namespace
}  // namespace cambium
