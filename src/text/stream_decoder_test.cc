// SPDX-License-Identifier: Apache-2.0
#include "text/stream_decoder.h"

#include <gtest/gtest.h>

#include "text/random_text_test_util.h"
#include "text/utf8_repair.h"

namespace cambium {
namespace {

TEST(StreamDecoder, HoldsACharacterBackUntilItIsWhole) {
  const Tokenizer tokenizer(MakeByteTokenizer({}));
  StreamDecoder decoder(tokenizer);
  std::vector<std::string> pieces;
  for (const char c : std::string_view("a\xf0\x9f\x98\x80"
                                       "b")) {
    pieces.push_back(decoder.Push(static_cast<uint8_t>(c)));
  }
  EXPECT_EQ(pieces, (std::vector<std::string>{"a", "", "", "", "\xf0\x9f\x98\x80", "b"}));
  EXPECT_EQ(decoder.Push(0xe2), "");
  EXPECT_EQ(decoder.Finish(), "\xe2");
  EXPECT_EQ(decoder.Finish(), "");
}

TEST(StreamDecoder, KeepsAnyBytesOrRepairsThem) {
  const Tokenizer tokenizer(MakeByteTokenizer({}));
  for (uint64_t i = 0; i < 2000; ++i) {
    const std::string text = i % 2 == 0 ? RandomBytes(i, 40) : RandomText(WideFragments(), i, 10);
    StreamDecoder keep(tokenizer);
    StreamDecoder replace(tokenizer, IllFormed::kReplace);
    std::string kept, replaced;
    for (const char c : text) {
      kept += keep.Push(static_cast<uint8_t>(c));
      const std::string piece = replace.Push(static_cast<uint8_t>(c));
      ASSERT_TRUE(IsValidUtf8(piece));
      replaced += piece;
    }
    kept += keep.Finish();
    replaced += replace.Finish();
    ASSERT_EQ(kept, text);
    std::string repaired = text;
    RepairUtf8(repaired);
    ASSERT_EQ(replaced, repaired);
  }
}

TEST(StreamDecoder, ControlTokensShowOnlyWhenAsked) {
  const std::string specials[] = {"<|endoftext|>"};
  const Tokenizer tokenizer(MakeByteTokenizer(specials));
  StreamDecoder skip(tokenizer);
  EXPECT_EQ(skip.Push(tokenizer.eos_id()), "");
  StreamDecoder keep(tokenizer, IllFormed::kKeep, SpecialText::kKeep);
  EXPECT_EQ(keep.Push(tokenizer.eos_id()), "<|endoftext|>");
}

TEST(StreamDecoder, DropsTheSpaceBeforeATextOnly) {
  TokenizerData data;
  data.model = TokenizerModel::kSentencePiece;
  data.tokens = {"<s>", " a", " ", "\xc3", "\xa9"};
  data.types = {TokenType::kControl, TokenType::kNormal, TokenType::kNormal, TokenType::kByte,
                TokenType::kByte};
  data.scores.assign(5, 0.0f);
  data.sentence_piece.space_prefix = SpacePrefix::kEverySection;
  const Tokenizer tokenizer(data);
  const std::vector<int32_t> ids = {0, 1, 1, 3, 4, 2};
  for (const StreamStart start : {StreamStart::kText, StreamStart::kContinuation}) {
    StreamDecoder decoder(tokenizer, IllFormed::kReplace, SpecialText::kSkip, start);
    std::string text;
    for (const int32_t id : ids) {
      const std::string piece = decoder.Push(id);
      EXPECT_TRUE(IsValidUtf8(piece));
      text += piece;
    }
    text += decoder.Finish();
    EXPECT_EQ(text, start == StreamStart::kText ? "a a\u00e9 " : " a a\u00e9 ");
  }
  EXPECT_EQ(tokenizer.Decode(ids, SpecialText::kSkip), "a a\u00e9 ");
}

}  // namespace
}  // namespace cambium
