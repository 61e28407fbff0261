// SPDX-License-Identifier: Apache-2.0
#include "text/bpe_encoder.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/error.h"
#include "text/random_text_test_util.h"
#include "text/tokenizer.h"

namespace cambium {
namespace {

// Bytes, and the merges of the given pairs in order.
TokenizerData MakeBpe(const std::vector<std::pair<std::string, std::string>>& merges,
                      const std::string& pre_tokenizer = "qwen2") {
  TokenizerData data = MakeByteTokenizer({});
  data.model = TokenizerModel::kBpe;
  data.pre_tokenizer = pre_tokenizer;
  const auto find = [&](const std::string& bytes) {
    const auto it = std::find(data.tokens.begin(), data.tokens.end(), bytes);
    return static_cast<int32_t>(it - data.tokens.begin());
  };
  for (const auto& [left, right] : merges) {
    data.merges.emplace_back(find(left), find(right));
    if (find(left + right) == static_cast<int32_t>(data.tokens.size())) {
      data.tokens.push_back(left + right);
      data.types.push_back(TokenType::kNormal);
    }
  }
  return data;
}

std::vector<std::string> Encode(const TokenizerData& data, std::string_view piece) {
  const BpeEncoder encoder(data);
  PieceCache cache;
  std::vector<int32_t> ids, again, by_heap;
  encoder.Encode(piece, cache, ids);
  encoder.Encode(piece, cache, again);  // from the cache
  encoder.EncodeByHeap(piece, by_heap);
  EXPECT_EQ(again, ids);
  EXPECT_EQ(by_heap, ids);
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const int32_t id : ids) tokens.push_back(data.tokens[id]);
  return tokens;
}

using Tokens = std::vector<std::string>;

TEST(BpeEncoder, LowestRankFirstThenLeftmost) {
  const TokenizerData data = MakeBpe({{"b", "c"}, {"a", "b"}, {"a", "a"}, {"aa", "aa"}});
  EXPECT_EQ(Encode(data, "abc"), (Tokens{"a", "bc"}));
  EXPECT_EQ(Encode(data, "aaa"), (Tokens{"aa", "a"}));
  EXPECT_EQ(Encode(data, "aaaaaab"), (Tokens{"aaaa", "a", "ab"}));
  EXPECT_EQ(Encode(data, "x"), (Tokens{"x"}));
}

// Of one rank only "a" joins; the pairs that "aa" makes come after it.
TEST(BpeEncoder, OneTokenByTwoMerges) {
  const TokenizerData data = MakeBpe({{"a", "b"}, {"b", "c"}, {"ab", "c"}, {"a", "bc"}});
  EXPECT_EQ(data.tokens.size(), 256u + 3u);
  EXPECT_EQ(Encode(data, "abc"), (Tokens{"abc"}));
  EXPECT_EQ(Encode(data, "bcabc"), (Tokens{"bc", "abc"}));
}

TEST(BpeEncoder, IgnoreMergesTakesAWholePieceThatIsAToken) {
  // "abc" cannot be reached: "ab" is joined first, and "ab" + "c" is no merge.
  const std::vector<std::pair<std::string, std::string>> merges = {
      {"a", "b"}, {"b", "c"}, {"a", "bc"}};
  EXPECT_EQ(Encode(MakeBpe(merges, "qwen2"), "abc"), (Tokens{"ab", "c"}));
  const TokenizerData llama = MakeBpe(merges, "llama-bpe");
  const BpeEncoder encoder(llama);
  std::vector<int32_t> ids;
  PieceCache cache;
  encoder.Encode("abc", cache, ids);
  EXPECT_EQ(ids, std::vector<int32_t>{encoder.FindToken("abc")});
}

TEST(BpeEncoder, ShortAndHeapAgreeOnRandomPieces) {
  const TokenizerData data = MakeBpe({{"a", "b"},
                                      {"b", "a"},
                                      {"ab", "ab"},
                                      {"a", "a"},
                                      {"aa", "b"},
                                      {"ba", "ba"},
                                      {"abab", "a"},
                                      {"b", "b"},
                                      {"bb", "aa"}});
  const BpeEncoder encoder(data);
  PieceCache cache;
  for (uint64_t i = 0; i < 5000; ++i) {
    std::string piece = RandomBytes(i, 63) + "a";
    for (char& c : piece) c = (c & 1) != 0 ? 'a' : 'b';
    std::vector<int32_t> ids, by_heap;
    encoder.Encode(piece, cache, ids);
    encoder.EncodeByHeap(piece, by_heap);
    ASSERT_EQ(ids, by_heap) << piece;
  }
}

// A piece of a megabyte: quadratic time would be hours.
TEST(BpeEncoder, OneGiantPiece) {
  const TokenizerData data = MakeBpe({{"a", "b"}, {"ab", "ab"}, {"abab", "abab"}});
  std::string piece;
  while (piece.size() < (size_t{1} << 20)) piece += "ab";
  const BpeEncoder encoder(data);
  std::vector<int32_t> ids;
  PieceCache cache;
  encoder.Encode(piece, cache, ids);
  EXPECT_EQ(ids.size(), piece.size() / 8);
}

// Some published vocabularies are like this.
TEST(BpeEncoder, AByteWithoutATokenIsRefusedInTextOnly) {
  TokenizerData data = MakeBpe({{"a", "b"}});
  EXPECT_TRUE(BpeEncoder(data).encodes_any_bytes());
  data.tokens[0x03] = "xyz";
  const Tokenizer tokenizer(data);
  EXPECT_FALSE(tokenizer.encodes_any_bytes());
  EXPECT_EQ(tokenizer.Decode(tokenizer.Encode("abc\x04")), "abc\x04");
  for (const std::string& text :
       {std::string("\x03"), std::string("ab\x03"), std::string(100, '!') + "\x03"}) {
    try {
      (void)tokenizer.Encode(text);
      ADD_FAILURE() << "encoded";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_NE(std::string(error.what()).find("0x03"), std::string::npos) << error.what();
    }
  }
}

void ExpectCorrupt(const TokenizerData& data, const char* what) {
  try {
    const BpeEncoder encoder(data);
    ADD_FAILURE() << "accepted: " << what;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData) << what;
    EXPECT_NE(std::string(error.what()).find(what), std::string::npos) << error.what();
  }
}

TEST(BpeEncoder, RefusesBrokenTables) {
  const TokenizerData good = MakeBpe({{"a", "b"}});
  TokenizerData data = good;
  data.tokens.back() = "a";
  ExpectCorrupt(data, "are both");
  data = good;
  data.tokens.back() = "";
  ExpectCorrupt(data, "is empty");
  for (const int32_t bad : {-1, 257, INT32_MAX, INT32_MIN}) {
    data = good;
    data.merges[0].first = bad;
    ExpectCorrupt(data, "merge 0 is of tokens");
    data = good;
    data.merges[0].second = bad;
    ExpectCorrupt(data, "merge 0 is of tokens");
  }
  data = good;
  data.merges[0] = {'b', 'a'};
  ExpectCorrupt(data, "does not give a token");
  data = good;
  data.merges.push_back(data.merges[0]);
  ExpectCorrupt(data, "repeats merge 0");
  // A merge whose result is a control token would let text forge it.
  data = good;
  data.types.back() = TokenType::kControl;
  ExpectCorrupt(data, "does not give a token");
}

}  // namespace
}  // namespace cambium
