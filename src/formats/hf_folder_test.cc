// SPDX-License-Identifier: Apache-2.0
#include "formats/hf_folder.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "formats/tensor_names.h"

namespace cambium {
namespace {

HfConfig SmallConfig(ModelFamily family) {
  HfConfig config;
  config.parameters = {.family = family,
                       .embedding_size = 4,
                       .num_layers = 2,
                       .num_heads = 2,
                       .num_kv_heads = 1,
                       .head_dim = 4,
                       .ffn_size = 6,
                       .vocab_size = 5,
                       .context_length = 64,
                       .rms_norm_eps = 1e-5f,
                       .rope_theta = 500000.0f,
                       .tie_embeddings = true,
                       .hidden_act = "silu"};
  config.bos_id = 1;
  config.eos_id = 2;
  return config;
}

// code of the error that parsing gives, nullopt when there is none.
std::optional<ErrorCode> CodeOf(const Json& json) {
  try {
    (void)ParseHfConfig(json.dump(), "config.json");
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

TEST(TensorNames, EveryNameGoesThereAndBack) {
  const char* pairs[][2] = {
      {"token_embd.weight", "model.embed_tokens.weight"},
      {"output.weight", "lm_head.weight"},
      {"output_norm.weight", "model.norm.weight"},
      {"blk.0.attn_norm.weight", "model.layers.0.input_layernorm.weight"},
      {"blk.12.attn_q.weight", "model.layers.12.self_attn.q_proj.weight"},
      {"blk.3.attn_k_norm.weight", "model.layers.3.self_attn.k_norm.weight"},
      {"blk.3.ffn_norm.weight", "model.layers.3.post_attention_layernorm.weight"},
      {"blk.999.ffn_down.weight", "model.layers.999.mlp.down_proj.weight"},
  };
  for (const auto& [gguf, hf] : pairs) {
    EXPECT_EQ(GgufToHfName(gguf), hf);
    EXPECT_EQ(HfToGgufName(hf), gguf);
  }
  for (const char* bad : {"", "blk.", "blk.0", "blk.0.", "blk.00.attn_q.weight",
                          "blk.-1.attn_q.weight", "blk.+1.attn_q.weight", "blk.x.attn_q.weight",
                          "blk.1073741824.attn_q.weight", "blk.0.attn_q.bias", "blk..attn_q.weight",
                          "token_embd.weight ", "model.embed_tokens.weight"}) {
    EXPECT_EQ(GgufToHfName(bad), std::nullopt) << bad;
  }
}

TEST(TensorNames, RopeRowsOfOneHead) {
  // Half order: rows 0 1 2 rotate with 3 4 5. Pair order: 0 3 1 4 2 5.
  const std::vector<float> halves = {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15};
  std::vector<float> pairs(12);
  RopeHalvesToPairs(halves, pairs, 2, 6);
  EXPECT_EQ(pairs, (std::vector<float>{0, 3, 1, 4, 2, 5, 10, 13, 11, 14, 12, 15}));
  std::vector<float> back(12);
  RopePairsToHalves(pairs, back, 2, 6);
  EXPECT_EQ(back, halves);
}

TEST(HfConfig, WritesWhatItReads) {
  for (const ModelFamily family : {ModelFamily::kLlama, ModelFamily::kQwen3}) {
    HfConfig config = SmallConfig(family);
    config.dtype = "bfloat16";
    const Json json = HfConfigToJson(config);
    const HfConfig back = ParseHfConfig(json.dump(), "config.json");
    EXPECT_EQ(back.parameters, config.parameters);
    EXPECT_EQ(back.dtype, "bfloat16");
    EXPECT_EQ(back.bos_id, 1);
    EXPECT_EQ(back.eos_id, 2);
    EXPECT_EQ(json["rms_norm_eps"].dump(), "1e-05");  // not 9.999999747378752e-06
  }
}

TEST(HfConfig, DefaultsAndNewerSpellings) {
  Json json = HfConfigToJson(SmallConfig(ModelFamily::kLlama));
  json.erase("head_dim");
  json.erase("num_key_value_heads");
  json.erase("rope_theta");
  json["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 7000.0}};
  json["dtype"] = "float16";
  json["eos_token_id"] = {9, 10};
  json["bos_token_id"] = nullptr;
  const HfConfig config = ParseHfConfig(json.dump(), "config.json");
  EXPECT_EQ(config.parameters.head_dim, 2u);
  EXPECT_EQ(config.parameters.num_kv_heads, 2u);
  EXPECT_EQ(config.parameters.rope_theta, 7000.0f);
  EXPECT_EQ(config.dtype, "float16");
  EXPECT_EQ(config.eos_id, 9);
  EXPECT_EQ(config.bos_id, -1);
}

TEST(HfConfig, RefusesWhatCannotBe) {
  const Json valid = HfConfigToJson(SmallConfig(ModelFamily::kLlama));
  const auto with = [&](const char* key, Json value) {
    Json json = valid;
    json[key] = std::move(value);
    return CodeOf(json);
  };
  EXPECT_EQ(CodeOf(valid), std::nullopt);
  for (const char* key : {"hidden_size", "num_hidden_layers", "num_attention_heads",
                          "num_key_value_heads", "head_dim", "intermediate_size", "vocab_size"}) {
    for (const Json& value : std::vector<Json>{0, -1, 1.5, "7", Json::array(), uint64_t{1} << 31,
                                               uint64_t{1} << 40, UINT64_MAX, true}) {
      if (std::string_view(key) == "vocab_size" && value == Json(uint64_t{1} << 31)) continue;
      EXPECT_EQ(with(key, value), ErrorCode::kCorruptData) << key << " " << value;
    }
  }
  EXPECT_EQ(with("num_attention_heads", 3), std::nullopt);
  EXPECT_EQ(with("num_key_value_heads", 3), ErrorCode::kCorruptData);
  EXPECT_EQ(with("head_dim", 3), ErrorCode::kCorruptData);
  for (const Json& value : std::vector<Json>{0, -1, 1e300, "x"}) {
    EXPECT_EQ(with("rms_norm_eps", value), ErrorCode::kCorruptData);
    EXPECT_EQ(with("rope_theta", value), ErrorCode::kCorruptData);
  }
  EXPECT_EQ(with("bos_token_id", -1), ErrorCode::kCorruptData);
  EXPECT_EQ(with("rope_scaling", 7), ErrorCode::kCorruptData);
  EXPECT_EQ(with("rope_scaling", {{"rope_type", "llama3"}}), ErrorCode::kUnsupported);
  EXPECT_EQ(with("rope_scaling", {{"type", "linear"}, {"factor", 4}}), ErrorCode::kUnsupported);
  EXPECT_EQ(with("attention_bias", true), ErrorCode::kUnsupported);
  EXPECT_EQ(with("use_sliding_window", true), ErrorCode::kUnsupported);
  EXPECT_EQ(with("architectures", {"GPT2LMHeadModel"}), ErrorCode::kUnsupported);
  EXPECT_EQ(with("tie_word_embeddings", "yes"), ErrorCode::kCorruptData);
  for (const char* text : {"", "{", "[]", "7", "{\"a\":1}x", "\xff"}) {
    EXPECT_THROW((void)ParseHfConfig(text, "config.json"), Error) << text;
  }
  EXPECT_THROW((void)ParseHfConfig(std::string(1 << 20, '['), "config.json"), Error);
}

TEST(HfFolder, WritesWhatItReads) {
  const auto directory = std::filesystem::path(testing::TempDir()) / "cambium_hf_folder";
  std::filesystem::remove_all(directory);
  for (const ModelFamily family : {ModelFamily::kLlama, ModelFamily::kQwen3}) {
    std::vector<float> q(32);
    for (size_t i = 0; i < q.size(); ++i) q[i] = static_cast<float>(i);
    const std::vector<float> norm = {1, 2, 3, 4};
    const std::vector<NamedTensor> tensors = {{"blk.0.attn_q.weight", {8, 4}, q},
                                              {"output_norm.weight", {4}, norm}};
    const std::vector<std::pair<std::string, std::string>> files = {{"tokenizer.json", "{}"}};
    WriteHfFolder(directory, SmallConfig(family), SafetensorsType::kBF16, tensors, files);
    const HfFolder folder(directory);
    EXPECT_EQ(folder.config().parameters, SmallConfig(family).parameters);
    EXPECT_EQ(folder.config().dtype, "bfloat16");
    EXPECT_EQ(ReadFile(directory / "tokenizer.json"), "{}");
    EXPECT_TRUE(std::filesystem::exists(directory / "generation_config.json"));
    std::vector<float> back(32);
    folder.ReadTensor("blk.0.attn_q.weight", tensors[0].shape, back);
    EXPECT_EQ(back, q);
    // In the file, row 1 of a Llama head is its row 2 of the pair order.
    const auto& raw = folder.file().RequireTensor("model.layers.0.self_attn.q_proj.weight");
    folder.file().ReadTensor(raw, back);
    EXPECT_EQ(back[4], family == ModelFamily::kLlama ? 8.0f : 4.0f);
    const std::vector<uint64_t> wrong = {4, 8};
    EXPECT_THROW(folder.ReadTensor("blk.0.attn_q.weight", wrong, back), Error);
    EXPECT_THROW(folder.ReadTensor("blk.1.attn_q.weight", wrong, back), Error);
  }
  std::filesystem::remove_all(directory);
}

TEST(HfFolder, MissingFilesAreNamed) {
  const auto directory = std::filesystem::path(testing::TempDir()) / "cambium_hf_missing";
  std::filesystem::remove_all(directory);
  EXPECT_THROW((void)HfFolder(directory), Error);
  MakeDirectories(directory);
  WriteFileAtomically(directory / "config.json",
                      HfConfigToJson(SmallConfig(ModelFamily::kLlama)).dump());
  EXPECT_THROW((void)HfFolder(directory), Error);
  WriteFileAtomically(directory / "model.safetensors.index.json", "{}");
  try {
    (void)HfFolder(directory);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace cambium
