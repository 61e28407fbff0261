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

TEST(TensorNames, RowsOfFusedStackedTransposedAndInterleavedTensors) {
  HyperParameters p = SmallConfig(ModelFamily::kPhi3).parameters;  // 2 heads, 1 of keys, of 4
  p.num_experts = 3;
  const auto check = [&](const TensorSlice& slice, const std::string& name,
                         const std::vector<uint64_t>& shape, uint64_t offset, uint64_t row_stride,
                         uint64_t col_stride) {
    EXPECT_EQ(slice.name, name);
    EXPECT_EQ(slice.shape, shape) << name;
    EXPECT_EQ(slice.offset, offset) << name;
    EXPECT_EQ(slice.row_stride, row_stride) << name;
    EXPECT_EQ(slice.col_stride, col_stride) << name;
  };
  check(GgufSlice(p, "blk.7.attn_k.weight", 4, 5), "blk.7.attn_qkv.weight", {16, 5}, 40, 5, 1);
  check(GgufSlice(p, "blk.7.ffn_up.weight", 6, 5), "blk.7.ffn_up.weight", {12, 5}, 30, 5, 1);
  check(HfSlice(p, "blk.0.attn_v.weight", 4, 5), "model.layers.0.self_attn.qkv_proj.weight",
        {16, 5}, 60, 5, 1);
  p.family = ModelFamily::kGpt2;
  check(HfSlice(p, "blk.1.attn_k.weight", 4, 5), "transformer.h.1.attn.c_attn.weight", {5, 16}, 8,
        1, 16);
  check(HfSlice(p, "blk.1.attn_k.bias", 1, 4), "transformer.h.1.attn.c_attn.bias", {16}, 8, 4, 1);
  p.family = ModelFamily::kGptOss;
  check(GgufSlice(p, "blk.0.ffn_down.2.weight", 5, 6), "blk.0.ffn_down_exps.weight", {3, 5, 6}, 60,
        6, 1);
  check(GgufSlice(p, "blk.0.ffn_norm.weight", 1, 5), "blk.0.post_attention_norm.weight", {5}, 0, 5,
        1);
  check(HfSlice(p, "blk.0.ffn_up.2.weight", 6, 5), "model.layers.0.mlp.experts.gate_up_proj",
        {3, 5, 12}, 121, 2, 12);
  check(HfSlice(p, "blk.0.ffn_up.1.bias", 1, 6), "model.layers.0.mlp.experts.gate_up_proj_bias",
        {3, 12}, 13, 6, 2);
  p.family = ModelFamily::kMixtral;
  check(HfSlice(p, "blk.0.ffn_up.2.weight", 6, 5),
        "model.layers.0.block_sparse_moe.experts.2.w3.weight", {6, 5}, 0, 5, 1);
  // Files from before experts were stacked.
  check(GgufSlice(p, "blk.0.ffn_up.2.weight", 6, 5, [](std::string_view) { return true; }),
        "blk.0.ffn_up.2.weight", {6, 5}, 0, 5, 1);
}

TEST(TensorNames, RopeRowsOfOneHead) {
  // Half order: rows 0 1 2 rotate with 3 4 5. Pair order: 0 3 1 4 2 5.
  const TensorSlice slice = {.rows = 12, .cols = 1, .pair_heads = 2};
  const std::vector<float> halves = {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15};
  std::vector<float> pairs(12);
  RopeHalvesToPairs(slice, halves, pairs);
  EXPECT_EQ(pairs, (std::vector<float>{0, 3, 1, 4, 2, 5, 10, 13, 11, 14, 12, 15}));
  std::vector<float> back(12);
  RopePairsToHalves(slice, pairs, back);
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
  EXPECT_EQ(with("rope_scaling", {{"rope_type", "llama3"}}), ErrorCode::kCorruptData);
  EXPECT_EQ(with("rope_scaling", {{"rope_type", "dynamic"}}), ErrorCode::kUnsupported);
  EXPECT_EQ(with("rope_scaling", {{"type", "linear"}, {"factor", -4}}), ErrorCode::kCorruptData);
  EXPECT_EQ(with("rope_scaling", {{"type", "linear"}, {"factor", 4}}), std::nullopt);
  EXPECT_EQ(with("partial_rotary_factor", 1.5), ErrorCode::kCorruptData);
  EXPECT_EQ(with("layer_types", {"sliding_attention"}), ErrorCode::kUnsupported);
  EXPECT_EQ(with("quantization_config", {{"quant_method", "awq"}}), ErrorCode::kUnsupported);
  EXPECT_EQ(with("attention_bias", true), ErrorCode::kUnsupported);
  EXPECT_EQ(with("use_sliding_window", true), ErrorCode::kUnsupported);
  EXPECT_EQ(with("architectures", {"MambaForCausalLM"}), ErrorCode::kUnsupported);
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
    const std::vector<NamedParameter> parameters = {{"blk.0.attn_q.weight", 8, 4, q},
                                                    {"output_norm.weight", 1, 4, norm}};
    const std::vector<std::pair<std::string, std::string>> files = {{"tokenizer.json", "{}"}};
    WriteHfFolder(directory, SmallConfig(family), SafetensorsType::kBF16, parameters, files);
    const HfFolder folder(directory);
    EXPECT_EQ(folder.config().parameters, SmallConfig(family).parameters);
    EXPECT_EQ(folder.config().dtype, "bfloat16");
    EXPECT_EQ(ReadFile(directory / "tokenizer.json"), "{}");
    EXPECT_TRUE(std::filesystem::exists(directory / "generation_config.json"));
    std::vector<float> back(32);
    folder.ReadParameter("blk.0.attn_q.weight", 8, 4, back);
    EXPECT_EQ(back, q);
    EXPECT_THROW(folder.CheckParameter("blk.0.attn_q.weight", 4, 8), Error);
    EXPECT_THROW(folder.CheckParameter("blk.1.attn_q.weight", 8, 4), Error);
  }
  std::filesystem::remove_all(directory);
}

TEST(HfFolder, WeightsInSeveralFiles) {
  const auto directory = std::filesystem::path(testing::TempDir()) / "cambium_hf_shards";
  std::filesystem::remove_all(directory);
  MakeDirectories(directory);
  WriteFileAtomically(directory / "config.json",
                      HfConfigToJson(SmallConfig(ModelFamily::kLlama)).dump());
  const std::vector<float> values = {1, 2, 3, 4};
  const uint64_t shape[] = {4};
  for (const int layer : {0, 1}) {
    SafetensorsWriter writer(directory / fmt::format("{}.safetensors", layer));
    const std::string name = fmt::format("model.layers.{}.input_layernorm.weight", layer);
    writer.AddTensor(name, SafetensorsType::kF32, shape);
    writer.WriteTensor(name, values);
    writer.Commit();
  }
  const auto index = [&](const Json& map) {
    WriteFileAtomically(directory / "model.safetensors.index.json",
                        Json({{"weight_map", map}}).dump());
  };
  index({{"a", "0.safetensors"}, {"b", "1.safetensors"}, {"c", "1.safetensors"}});
  const HfFolder folder(directory);
  EXPECT_EQ(folder.files().size(), 2u);
  std::vector<float> back(4);
  folder.ReadParameter("blk.1.attn_norm.weight", 1, 4, back);
  EXPECT_EQ(back, values);
  EXPECT_THROW(folder.CheckParameter("blk.2.attn_norm.weight", 1, 4), Error);
  for (const Json& bad : std::vector<Json>{7,
                                           Json::object(),
                                           {{"a", "../0.safetensors"}},
                                           {{"a", 7}},
                                           {{"a", "gone.safetensors"}}}) {
    index(bad);
    EXPECT_THROW((void)HfFolder(directory), Error) << bad;
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
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace cambium
