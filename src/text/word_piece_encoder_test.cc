// SPDX-License-Identifier: Apache-2.0
#include "text/word_piece_encoder.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/random_text_test_util.h"
#include "text/tokenizer.h"
#include "text/word_piece_normalizer.h"

namespace cambium {
namespace {

using Texts = std::vector<std::string>;

Texts Words(std::string_view text, const WordPieceOptions& options = {}) {
  Texts words;
  ForEachWord(text, options, [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

TEST(WordPieceNormalizer, Words) {
  EXPECT_EQ(Words("Hello, world!"), (Texts{"hello", ",", "world", "!"}));
  EXPECT_EQ(Words("\u00c9l\u00e8ve\u00a0\u0130"), (Texts{"eleve", "i"}));
  EXPECT_EQ(Words("a\u4e2d\u6587b"), (Texts{"a", "\u4e2d", "\u6587", "b"}));
  EXPECT_EQ(Words(std::string_view("a\0b\xff"
                                   "c\u200d",
                                   8)),
            (Texts{"abc"}));
  EXPECT_EQ(Words("\ud55c"), (Texts{"\u1112\u1161\u11ab"}));  // Hangul comes apart
  EXPECT_EQ(Words("$5^"), (Texts{"$", "5", "^"}));
  EXPECT_EQ(Words("\u00a35"), (Texts{"\u00a35"}));  // a symbol beyond ASCII is no punctuation
  EXPECT_EQ(Words(" \t\r\n\u3000"), Texts{});
  const WordPieceOptions as_it_is = {
      .lowercase = false, .strip_accents = false, .clean_text = false, .split_chinese = false};
  EXPECT_EQ(Words("\u00c9\u4e2d a", as_it_is), (Texts{"\u00c9\u4e2d", "a"}));
}

TokenizerData MakeData() {
  TokenizerData data;
  data.model = TokenizerModel::kWordPiece;
  data.tokens = {"[UNK]", "[CLS]", "[SEP]", " un", "aff", "able", " una", "affable", " ,"};
  data.types.assign(data.tokens.size(), TokenType::kNormal);
  for (int id = 0; id < 3; ++id) data.types[id] = TokenType::kControl;
  data.unk_id = 0;
  data.bos_id = 1;
  data.eos_id = 2;
  data.add_bos = data.add_eos = true;
  return data;
}

TEST(WordPieceEncoder, TheLongestPieceFirst) {
  const Tokenizer tokenizer(MakeData());
  EXPECT_EQ(tokenizer.Encode("Unaffable"), (std::vector<int32_t>{0}));  // "una" leaves "ffable"
  EXPECT_EQ(tokenizer.Encode("un, UN,x"), (std::vector<int32_t>{3, 8, 3, 8, 0}));
  EXPECT_EQ(tokenizer.Encode("unable"), (std::vector<int32_t>{0}));
  EXPECT_EQ(tokenizer.Encode("unaaffable unaaffableaff"), (std::vector<int32_t>{6, 7, 6, 7, 4}));
  EXPECT_EQ(tokenizer.Encode("un", {.allow_bos = true, .allow_eos = true}),
            (std::vector<int32_t>{1, 3, 2}));
  EXPECT_EQ(tokenizer.Decode(std::vector<int32_t>{6, 7, 8}), "unaaffable ,");
  EXPECT_EQ(tokenizer.FindToken(" un"), 3);
  EXPECT_EQ(tokenizer.FindToken("un"), -1);
}

TEST(WordPieceEncoder, LongWordsAreUnknown) {
  TokenizerData data = MakeData();
  data.word_piece.max_word_chars = 9;
  const Tokenizer tokenizer(data);
  EXPECT_EQ(tokenizer.Encode("unaaffable"), (std::vector<int32_t>{0}));
  EXPECT_EQ(tokenizer.Encode(std::string(1 << 20, 'a')), (std::vector<int32_t>{0}));
}

TEST(WordPieceEncoder, TakesAnyBytes) {
  const Tokenizer tokenizer(MakeData());
  for (uint64_t i = 0; i < 2000; ++i) (void)tokenizer.Encode(RandomBytes(i, 60));
}

TEST(WordPieceEncoder, RefusesInconsistentData) {
  TokenizerData data = MakeData();
  data.tokens[4] = "able";
  EXPECT_THROW((void)Tokenizer(data), Error);
  data = MakeData();
  data.unk_id = -1;
  EXPECT_THROW((void)Tokenizer(data), Error);
}

}  // namespace
}  // namespace cambium
