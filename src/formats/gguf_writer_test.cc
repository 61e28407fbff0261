// SPDX-License-Identifier: Apache-2.0
#include "formats/gguf_writer.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "formats/gguf.h"
#include "formats/gguf_hyper_parameters.h"
#include "formats/gguf_tokenizer.h"
#include "numerics/bfloat16.h"
#include "numerics/float16.h"

namespace cambium {
namespace {

class GgufWriterTest : public testing::Test {
 protected:
  GgufWriterTest() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(testing::TempDir()) /
            (std::string("cambium_") + info->name() + ".gguf");
  }
  ~GgufWriterTest() override { std::filesystem::remove(path_); }

  TokenizerData RoundTrip(const TokenizerData& tokenizer) {
    GgufWriter writer(path_);
    WriteGgufTokenizer(tokenizer, &writer);
    writer.Commit();
    return ReadGgufTokenizer(GgufFile(path_));
  }

  std::filesystem::path path_;
};

void ExpectSame(const TokenizerData& a, const TokenizerData& b) {
  EXPECT_EQ(a.model, b.model);
  EXPECT_EQ(a.pre_tokenizer, b.pre_tokenizer);
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.types, b.types);
  EXPECT_EQ(a.merges, b.merges);
  EXPECT_EQ(a.bos_id, b.bos_id);
  EXPECT_EQ(a.eos_id, b.eos_id);
  EXPECT_EQ(a.add_bos, b.add_bos);
  EXPECT_EQ(a.chat_template, b.chat_template);
  EXPECT_EQ(a.end_ids, b.end_ids);
}

TEST_F(GgufWriterTest, WritesWhatItReads) {
  std::vector<float> large(40001);  // more than a block of conversion, and odd
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<float>(i) * 0.37f - 5000.0f;
  const std::vector<float> small = {1, 2, 3};
  GgufWriter writer(path_);
  writer.AddUint32("u32", UINT32_MAX);
  writer.AddFloat32("f32", 0.1f);
  writer.AddBool("bool", true);
  writer.AddString("string", "h\xc3\xa9");
  writer.AddStrings("strings", std::vector<std::string>{"a", "", "c"});
  writer.AddStrings("none", {});
  writer.AddInt32s("i32s", std::vector<int32_t>{-1, INT32_MAX});
  writer.AddFloat32s("f32s", std::vector<float>{-1, 1});
  writer.AddTensor("small", GgmlType::kF32, std::vector<uint64_t>{3});
  writer.AddTensor("half", GgmlType::kF16, std::vector<uint64_t>{1, 40001});
  writer.AddTensor("brain", GgmlType::kBF16, std::vector<uint64_t>{40001, 1});
  writer.WriteTensor("small", small);
  writer.WriteTensor("half", large);
  writer.WriteTensor("brain", large);
  EXPECT_FALSE(std::filesystem::exists(path_));  // atomic
  writer.Commit();
  EXPECT_EQ(std::filesystem::file_size(path_) % 32, 0u);

  const GgufFile file(path_);
  EXPECT_EQ(file.version(), 3u);
  EXPECT_EQ(file.GetUint("u32"), UINT32_MAX);
  EXPECT_EQ(file.GetFloat("f32"), 0.1f);
  EXPECT_EQ(file.GetBool("bool"), true);
  EXPECT_EQ(file.GetString("string"), "h\xc3\xa9");
  EXPECT_EQ(file.GetStrings("strings"), (std::vector<std::string_view>{"a", "", "c"}));
  EXPECT_TRUE(file.GetStrings("none")->empty());
  EXPECT_EQ(file.GetInts("i32s"), (std::vector<int32_t>{-1, INT32_MAX}));
  EXPECT_EQ(file.GetFloats("f32s"), (std::vector<float>{-1, 1}));
  std::vector<float> back(3);
  file.ReadTensor(file.RequireTensor("small"), back);
  EXPECT_EQ(back, small);
  back.resize(large.size());
  EXPECT_EQ(file.RequireTensor("half").shape, (std::vector<uint64_t>{1, 40001}));
  file.ReadTensor(file.RequireTensor("half"), back);
  for (size_t i = 0; i < large.size(); ++i) ASSERT_EQ(back[i], ToFloat(ToFloat16(large[i])));
  file.ReadTensor(file.RequireTensor("brain"), back);
  for (size_t i = 0; i < large.size(); ++i) ASSERT_EQ(back[i], ToFloat(ToBFloat16(large[i])));
  // Each tensor begins where the one before ends, padded: other engines require it.
  EXPECT_EQ(file.RequireTensor("half").offset, file.RequireTensor("small").offset + 32);
}

TEST_F(GgufWriterTest, WithoutCommitNothingIsLeft) {
  { GgufWriter(path_).AddBool("b", true); }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(GgufWriterTest, BpeTokenizer) {
  TokenizerData tokenizer;
  tokenizer.model = TokenizerModel::kBpe;
  tokenizer.pre_tokenizer = "gpt-2";
  for (int byte = 0; byte < 256; ++byte) {
    tokenizer.tokens.push_back(std::string(1, static_cast<char>(byte)));
  }
  tokenizer.tokens.push_back(" \n");
  tokenizer.tokens.push_back("\xff \n");
  tokenizer.types.assign(258, TokenType::kNormal);
  tokenizer.merges = {{' ', '\n'}, {255, 256}};
  tokenizer.tokens.push_back("<|end of text|>");
  tokenizer.types.push_back(TokenType::kControl);
  tokenizer.tokens.push_back("caf\xc3\xa9 ");
  tokenizer.types.push_back(TokenType::kUserDefined);
  tokenizer.bos_id = tokenizer.eos_id = 258;
  tokenizer.add_bos = true;
  tokenizer.chat_template = "{{ messages }}";
  tokenizer.end_ids = {259, 257};
  ExpectSame(RoundTrip(tokenizer), tokenizer);
  tokenizer.bos_id = -1;
  tokenizer.add_bos = false;
  tokenizer.pre_tokenizer = "llama-bpe";  // where a missing add_bos_token would mean true
  ExpectSame(RoundTrip(tokenizer), tokenizer);
}

TEST_F(GgufWriterTest, ByteTokenizer) {
  TokenizerData tokenizer;
  tokenizer.model = TokenizerModel::kByte;
  for (int byte = 0; byte < 256; ++byte) {
    tokenizer.tokens.push_back(std::string(1, static_cast<char>(byte)));
  }
  tokenizer.types.assign(256, TokenType::kNormal);
  ExpectSame(RoundTrip(tokenizer), tokenizer);
  tokenizer.tokens.push_back("<|endoftext|>");
  tokenizer.types.push_back(TokenType::kControl);
  tokenizer.eos_id = 256;
  ExpectSame(RoundTrip(tokenizer), tokenizer);
}

TEST_F(GgufWriterTest, HyperParameters) {
  HyperParameters parameters = {.family = ModelFamily::kQwen3,
                                .embedding_size = 64,
                                .num_layers = 3,
                                .num_heads = 8,
                                .num_kv_heads = 2,
                                .head_dim = 16,
                                .ffn_size = 128,
                                .vocab_size = 300,
                                .context_length = 256,
                                .rms_norm_eps = 1e-6f,
                                .rope_theta = 1e6f,
                                .tie_embeddings = true,
                                .hidden_act = "silu"};
  for (const ModelFamily family : {ModelFamily::kLlama, ModelFamily::kQwen3}) {
    parameters.family = family;
    GgufWriter writer(path_);
    WriteGgufHyperParameters(parameters, "a model", GgmlType::kBF16, &writer);
    writer.Commit();
    const GgufFile file(path_);
    EXPECT_EQ(ReadGgufHyperParameters(file), parameters);
    EXPECT_EQ(file.GetUint("general.file_type"), 32u);
  }
}

TEST_F(GgufWriterTest, HyperParametersThatCannotBeAreErrors) {
  struct Case {
    std::string key;
    std::optional<uint32_t> value;  // nullopt: left out
    ErrorCode code;
  };
  using enum ErrorCode;
  const std::vector<Case> cases = {{"block_count", 0, kCorruptData},
                                   {"block_count", 1u << 31, kCorruptData},
                                   {"block_count", std::nullopt, kCorruptData},
                                   {"embedding_length", 0, kCorruptData},
                                   {"embedding_length", std::nullopt, kCorruptData},
                                   {"attention.head_count", 0, kCorruptData},
                                   {"attention.head_count_kv", 3, kCorruptData},
                                   {"attention.key_length", 7, kUnsupported},
                                   {"feed_forward_length", 0, kCorruptData},
                                   {"rope.dimension_count", 4, kUnsupported},
                                   {"context_length", 0, kCorruptData},
                                   {"vocab_size", 0, kCorruptData},
                                   {"expert_count", 8, kCorruptData},
                                   {"nextn_predict_layers", 1, kUnsupported},
                                   {"expert_gating_func", 2, kUnsupported}};
  for (const Case& c : cases) {
    GgufWriter writer(path_);
    writer.AddString("general.architecture", "llama");
    std::vector<std::pair<std::string, uint32_t>> values = {
        {"context_length", 64},      {"embedding_length", 32},    {"block_count", 2},
        {"feed_forward_length", 64}, {"attention.head_count", 4}, {"attention.head_count_kv", 2},
        {"attention.key_length", 8}, {"rope.dimension_count", 8}, {"vocab_size", 100}};
    std::erase_if(values, [&](const auto& value) { return value.first == c.key; });
    if (c.value) values.emplace_back(c.key, *c.value);
    for (const auto& [key, value] : values) writer.AddUint32("llama." + key, value);
    writer.AddFloat32("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    writer.Commit();
    try {
      (void)ReadGgufHyperParameters(GgufFile(path_));
      ADD_FAILURE() << c.key;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), c.code) << c.key << ": " << error.what();
    }
  }
}

}  // namespace
}  // namespace cambium
