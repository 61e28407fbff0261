// SPDX-License-Identifier: Apache-2.0
#include "text/sentence_piece_encoder.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/philox.h"
#include "text/random_text_test_util.h"
#include "text/sentence_piece_merges.h"
#include "text/tokenizer.h"

namespace cambium {
namespace {

// Normal tokens in order, the first with the highest score, then all bytes.
TokenizerData MakeData(const std::vector<std::string>& tokens, bool with_bytes = true) {
  TokenizerData data;
  data.model = TokenizerModel::kSentencePiece;
  data.tokens = {"<unk>", "<s>"};
  data.types = {TokenType::kUnknown, TokenType::kControl};
  data.unk_id = 0;
  data.bos_id = 1;
  for (const std::string& token : tokens) {
    data.tokens.push_back(token);
    data.types.push_back(TokenType::kNormal);
  }
  for (int byte = 0; with_bytes && byte < 256; ++byte) {
    data.tokens.emplace_back(1, static_cast<char>(byte));
    data.types.push_back(TokenType::kByte);
  }
  for (size_t i = 0; i < data.tokens.size(); ++i) data.scores.push_back(-static_cast<float>(i));
  return data;
}

std::vector<std::string> Pieces(const TokenizerData& data, std::string_view text) {
  const Tokenizer tokenizer(data);
  std::vector<std::string> pieces;
  for (const int32_t id : tokenizer.Encode(text)) pieces.push_back(tokenizer.TokenBytes(id));
  return pieces;
}

using Texts = std::vector<std::string>;

TEST(SentencePieceEncoder, TheHighestScoreFirstThenLeftmost) {
  const TokenizerData data = MakeData({"bc", "ab", "abc", "aa", "a", "b", "c"});
  EXPECT_EQ(Pieces(data, "abc"), (Texts{"abc"}));  // bc, then a + bc
  EXPECT_EQ(Pieces(data, "abbc"), (Texts{"ab", "bc"}));
  EXPECT_EQ(Pieces(data, "aaa"), (Texts{"aa", "a"}));
  const TokenizerData without = MakeData({"bc", "ab", "a", "b", "c"});
  EXPECT_EQ(Pieces(without, "abc"), (Texts{"a", "bc"}));
}

TEST(SentencePieceEncoder, UnknownCharactersAreBytesOrOneUnknown) {
  EXPECT_EQ(Pieces(MakeData({"a"}), "a\u00e9"), (Texts{"a", "\xc3", "\xa9"}));
  EXPECT_EQ(Pieces(MakeData({"a"}),
                   "\xff"
                   "a"),
            (Texts{"\xff", "a"}));
  TokenizerData data = MakeData({"a"}, false);
  EXPECT_EQ(Pieces(data,
                   "a\u00e9\u00e9\xff"
                   "a"),
            (Texts{"a", "<unk>", "a"}));
  data.sentence_piece.fuse_unknown = false;
  EXPECT_EQ(Pieces(data,
                   "a\u00e9\u00e9"
                   "a"),
            (Texts{"a", "<unk>", "<unk>", "a"}));
  data.unk_id = -1;
  EXPECT_THROW((void)Pieces(data, "\u00e9"), Error);
}

// "q" is no token, and yet "qz" can be made of it.
TEST(SentencePieceEncoder, CharactersThatAreOnlyPartsOfTokens) {
  const TokenizerData data = MakeData({"qz", "a"});
  EXPECT_EQ(Pieces(data, "qza"), (Texts{"qz", "a"}));
  EXPECT_EQ(Pieces(data, "qaz"), (Texts{"q", "a", "z"}));
}

TEST(SentencePieceEncoder, SpacePrefixes) {
  TokenizerData data = MakeData({" a", "a", " ", "  "});
  const auto with = [&](SpacePrefix prefix, bool before_space) {
    data.sentence_piece.space_prefix = prefix;
    data.sentence_piece.prefix_before_space = before_space;
  };
  const auto encode = [&](std::string_view text) {
    const Tokenizer tokenizer(data);
    std::vector<std::string> pieces;
    for (const int32_t id : tokenizer.Encode(text, {.parse_special = true})) {
      pieces.push_back(tokenizer.TokenBytes(id));
    }
    return pieces;
  };
  with(SpacePrefix::kNone, true);
  EXPECT_EQ(encode("a<s>a"), (Texts{"a", "<s>", "a"}));
  with(SpacePrefix::kBegin, true);
  EXPECT_EQ(encode("a<s>a"), (Texts{" a", "<s>", "a"}));
  EXPECT_EQ(encode("<s>a"), (Texts{"<s>", "a"}));
  with(SpacePrefix::kEverySection, true);
  EXPECT_EQ(encode("a<s>a"), (Texts{" a", "<s>", " a"}));
  EXPECT_EQ(encode(" a"), (Texts{" ", " a"}));
  EXPECT_EQ(encode(""), Texts{});
  with(SpacePrefix::kEverySection, false);
  EXPECT_EQ(encode(" a"), (Texts{" a"}));
  EXPECT_EQ(encode("\u2581"
                   "a"),
            (Texts{" a"}));
  with(SpacePrefix::kNone, true);
  EXPECT_EQ(encode("a  a"), (Texts{"a", " ", " a"}));
  data.sentence_piece.remove_extra_spaces = true;
  EXPECT_EQ(encode("  a   a "), (Texts{"a", " a"}));
}

// Cuts, the cache and the scan change nothing.
TEST(SentencePieceEncoder, EqualsTheHeapOverTheWholeText) {
  for (const bool by_rank : {false, true}) {
    for (const bool split : {false, true}) {
      TokenizerData data = MakeData(
          {"e ",           "th",     " t",      "he", " the", "the", "in", "  ", "    ", "er",
           "\u65e5\u672c", " ",      "an",      "t",  "h",    "e",   "i",  "n",  "r",    "a",
           "\u65e5",       "\u672c", "n\u65e5", "12", "1",    "2"},
          split);
      data.sentence_piece.split_at_spaces = split;
      data.sentence_piece.space_prefix = SpacePrefix::kEverySection;
      if (by_rank) data.merges = MergesOfScores(data);
      const SentencePieceEncoder encoder(data);
      PieceCache cache;
      for (uint64_t i = 0; i < 3000; ++i) {
        std::string text = RandomText(WideFragments(), i, 12);
        if (i % 3 == 0) text += RandomBytes(i, 20);
        for (uint64_t j = 0; j < 12; ++j) {
          const char* const parts[] = {"the",          " ", "in", "he", "  ",
                                       "\u65e5\u672c", "1", "2",  "an"};
          text += parts[Philox(7, RandomPurpose::kTest).Below(9, i, j)];
        }
        std::vector<int32_t> ids, whole;
        encoder.Encode(text, Section::kBegin, cache, ids);
        encoder.EncodeWhole(text, Section::kBegin, whole);
        ASSERT_EQ(ids, whole) << text;
      }
    }
  }
}

TEST(SentencePieceEncoder, ParallelPartsGiveTheSameIds) {
  TokenizerData data = MakeData({" the", "the", "he", "th", " ", "t", "h", "e"});
  data.sentence_piece.space_prefix = SpacePrefix::kBegin;
  std::string text;
  while (text.size() < (size_t{1} << 20)) text += "the the  he t ";
  ThreadPool pool(3);
  EXPECT_EQ(Tokenizer(data).EncodeParallel(text, pool), Tokenizer(data).Encode(text));
  data.tokens[2] = "e t";  // a token that reaches over a space between letters
  EXPECT_EQ(Tokenizer(data).EncodeParallel(text, pool), Tokenizer(data).Encode(text));
}

TEST(SentencePieceMerges, ScoresAndMergesAreTwoFormsOfOneThing) {
  const TokenizerData data = MakeData({"ab", "abc", "bc", "a", "b", "c"});
  TokenizerData ranked = data;
  ranked.merges = MergesOfScores(data);
  ranked.scores.clear();
  // ab; then abc by its longer left side first; then bc.
  EXPECT_EQ(ranked.merges,
            (std::vector<std::pair<int32_t, int32_t>>{{5, 6}, {2, 7}, {5, 4}, {6, 7}}));
  const auto scores = ScoresOfMerges(ranked);
  ASSERT_TRUE(scores.has_value());
  TokenizerData back = data;
  back.scores = *scores;
  EXPECT_EQ(MergesOfScores(back), ranked.merges);
  TokenizerData open = ranked;
  open.merges.erase(open.merges.begin() + 2);  // (a, bc) gives a token and is no merge
  EXPECT_FALSE(ScoresOfMerges(open).has_value());
  TokenizerData mixed = ranked;
  std::swap(mixed.merges[2], mixed.merges[3]);
  EXPECT_FALSE(ScoresOfMerges(mixed).has_value());
}

TEST(SentencePieceEncoder, RefusesInconsistentData) {
  const auto expect_corrupt = [](const TokenizerData& data, const char* what) {
    try {
      const Tokenizer tokenizer(data);
      ADD_FAILURE() << "accepted: " << what;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
      EXPECT_NE(std::string(error.what()).find(what), std::string::npos) << error.what();
    }
  };
  expect_corrupt(MakeData({"a", "a"}), "are both");
  expect_corrupt(MakeData({""}), "empty");
  expect_corrupt(MakeData({"\xff"}), "UTF-8");
  expect_corrupt(MakeData({std::string(2000, 'a')}), "2000 bytes");
  TokenizerData data = MakeData({"a"});
  data.scores.pop_back();
  expect_corrupt(data, "scores");
  data = MakeData({"a"});
  data.scores[2] = std::numeric_limits<float>::quiet_NaN();
  expect_corrupt(data, "not a number");
  data = MakeData({"a"});
  data.tokens.back() = "a";
  expect_corrupt(data, "both the byte");
  data.tokens.back() = "ab";
  expect_corrupt(data, "2 bytes");
  data = MakeData({"a", "b"});
  data.merges = {{2, 3}};
  expect_corrupt(data, "does not give a token");
  data.merges = {{2, 999}};
  expect_corrupt(data, "does not give a token");
}

}  // namespace
}  // namespace cambium
