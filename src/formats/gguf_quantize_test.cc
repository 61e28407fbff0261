// SPDX-License-Identifier: Apache-2.0
// Recipes and whole files. That the files are those of llama-quantize was compared as
// docs/formats/quantised.md says; here is what must not change.
#include "formats/gguf_quantize.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/philox.h"
#include "formats/gguf_writer.h"

namespace cambium {
namespace {

class GgufQuantize : public ::testing::Test {
 protected:
  GgufQuantize()
      : folder_(std::filesystem::temp_directory_path() /
                fmt::format("cambium_quantize.{}", getpid())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~GgufQuantize() override { std::filesystem::remove_all(folder_); }

  struct Shape {
    uint64_t layers = 2, width = 256, ffn = 512, heads = 4, kv_heads = 4;
    bool tied = true;
    const char* architecture = "llama";
    float outlier = 0;  // one element of blk.0.ffn_up.weight
    GgmlType type = GgmlType::kF32;
  };

  // A file of the llama family; not all tensors that a model needs, but all kinds.
  std::filesystem::path Write(const Shape& shape) {
    std::filesystem::path path = folder_ / "model.gguf";
    GgufWriter writer(path);
    const std::string prefix = shape.architecture;
    writer.AddString("general.architecture", shape.architecture);
    writer.AddUint32("general.file_type", 0);
    writer.AddUint32(prefix + ".block_count", static_cast<uint32_t>(shape.layers));
    writer.AddUint32(prefix + ".attention.head_count", static_cast<uint32_t>(shape.heads));
    writer.AddUint32(prefix + ".attention.head_count_kv", static_cast<uint32_t>(shape.kv_heads));
    const std::string tokens[] = {"a", "b"};
    writer.AddStrings("tokenizer.ggml.tokens", tokens);
    std::vector<std::pair<std::string, std::vector<uint64_t>>> tensors;
    tensors.push_back({"token_embd.weight", {3, shape.width}});
    for (uint64_t layer = 0; layer < shape.layers; ++layer) {
      const std::string blk = fmt::format("blk.{}.", layer);
      tensors.push_back({blk + "attn_norm.weight", {shape.width}});
      tensors.push_back({blk + "attn_q.weight", {4, shape.width}});
      tensors.push_back({blk + "attn_v.weight", {2, shape.width}});
      tensors.push_back({blk + "attn_output.weight", {2, shape.width}});
      tensors.push_back({blk + "ffn_down.weight", {2, shape.ffn}});
      tensors.push_back({blk + "ffn_up.weight", {2, shape.width}});
    }
    if (!shape.tied) tensors.push_back({"output.weight", {3, shape.width}});
    for (const auto& [name, dims] : tensors) {
      writer.AddTensor(name, dims.size() == 1 ? GgmlType::kF32 : shape.type, dims);
    }
    const Philox random(1, RandomPurpose::kTest);
    for (size_t t = 0; t < tensors.size(); ++t) {
      const auto& [name, dims] = tensors[t];
      std::vector<float> data(dims.size() == 1 ? dims[0] : dims[0] * dims[1]);
      for (size_t i = 0; i < data.size(); ++i) data[i] = random.Uniform(t, i) - 0.5f;
      if (name == "blk.0.ffn_up.weight" && shape.outlier != 0)
        data[shape.width + 7] = shape.outlier;
      writer.WriteTensor(name, data);
    }
    writer.Commit();
    return path;
  }

  // The types of one kind of tensor, layer by layer, as "6_K 4_K ...".
  std::string TypesOf(const std::string& recipe, const std::string& kind, const Shape& shape) {
    const GgufFile file(Write(shape));
    RecipeState state(*FindQuantRecipe(recipe), file);
    std::string types;
    for (const GgufTensor* tensor : FileOrder(file)) {
      const GgmlType type = state.TypeFor(*tensor);
      if (tensor->name.find(kind) == std::string_view::npos) continue;
      types += (types.empty() ? "" : " ") + GgmlTypeName(type);
    }
    return types;
  }

  ErrorCode CodeOf(const Shape& shape, const char* recipe) {
    const GgufFile file(Write(shape));
    try {
      QuantizeGguf(file, *FindQuantRecipe(recipe), folder_ / "out.gguf", {}, pool_);
    } catch (const Error& error) {
      message_ = error.what();
      EXPECT_FALSE(std::filesystem::exists(folder_ / "out.gguf"));
      return error.code();
    }
    return ErrorCode::kInternal;
  }

  std::filesystem::path folder_;
  ThreadPool pool_{3};
  std::string message_;
};

TEST_F(GgufQuantize, RecipesChooseAsLlamaCppDoes) {
  const Shape nine = {.layers = 9};
  EXPECT_EQ(TypesOf("Q4_K_M", "ffn_down", nine), "Q6_K Q4_K Q4_K Q6_K Q4_K Q4_K Q6_K Q6_K Q6_K");
  EXPECT_EQ(TypesOf("q5_k_m", "attn_v", nine), "Q6_K Q5_K Q5_K Q6_K Q5_K Q5_K Q6_K Q6_K Q6_K");
  EXPECT_EQ(TypesOf("Q4_K_S", "attn_v", nine), "Q5_K Q5_K Q5_K Q5_K Q4_K Q4_K Q4_K Q4_K Q4_K");
  EXPECT_EQ(TypesOf("Q4_K_S", "ffn_down", nine), "Q5_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K");
  EXPECT_EQ(TypesOf("Q5_K_S", "ffn_down", {}), "Q5_K Q5_K");
  EXPECT_EQ(TypesOf("Q3_K_M", "attn_v", {.layers = 3}), "Q5_K Q5_K Q4_K");
  EXPECT_EQ(TypesOf("Q2_K", "attn_v", {.heads = 8, .kv_heads = 2}), "Q4_K Q4_K");
  EXPECT_EQ(TypesOf("Q2_K", "attn_v", {}), "Q3_K Q3_K");
  EXPECT_EQ(TypesOf("Q4_K", "attn_q", {}), "Q4_K Q4_K");
  // 70B: the values are shared by so many queries that they are worth more.
  EXPECT_EQ(TypesOf("Q4_K_S", "blk.79.attn_v", {.layers = 80, .heads = 8, .kv_heads = 1}), "Q5_K");

  EXPECT_EQ(TypesOf("Q4_K_M", "token_embd", {}), "Q6_K");
  EXPECT_EQ(TypesOf("Q4_0", "token_embd", {.tied = false}), "Q4_0");
  EXPECT_EQ(TypesOf("Q4_0", "output.weight", {.layers = 0, .tied = false}), "Q6_K");
  EXPECT_EQ(TypesOf("Q8_0", "token_embd", {}), "Q8_0");
  EXPECT_EQ(TypesOf("Q8_0", "norm", {}), "F32 F32");
  EXPECT_EQ(TypesOf("BF16", "token_embd", {}), "BF16");

  // Rows that are not whole blocks.
  EXPECT_EQ(TypesOf("Q4_K_M", "attn_q", {.width = 96}), "Q5_0 Q5_0");
  EXPECT_EQ(TypesOf("Q6_K", "attn_q", {.width = 96}), "Q8_0 Q8_0");
  EXPECT_EQ(TypesOf("Q4_K_M", "token_embd", {.width = 96}), "Q8_0");
  EXPECT_EQ(TypesOf("Q8_0", "attn_q", {.width = 40}), "F16 F16");
}

TEST_F(GgufQuantize, WritesTheFileThatItPromises) {
  const GgufFile in(Write({.tied = false}));
  for (const QuantRecipe& recipe : QuantRecipes()) {
    const std::filesystem::path path = folder_ / "out.gguf";
    uint64_t last = 0;
    const QuantizeSummary summary =
        QuantizeGguf(in, recipe, path, {.progress = [&](uint64_t n) { last = n; }}, pool_);
    EXPECT_EQ(last, summary.elements);
    EXPECT_LT(summary.relative_error(), 0.3) << recipe.name;
    const GgufFile out(path);
    EXPECT_EQ(out.GetUint("general.file_type"), recipe.file_type);
    EXPECT_EQ(out.GetUint("general.quantization_version"), 2u);
    EXPECT_EQ(out.GetStrings("tokenizer.ggml.tokens"), in.GetStrings("tokenizer.ggml.tokens"));
    ASSERT_EQ(out.tensors().size(), in.tensors().size());
    uint64_t bytes = 0;
    for (const GgufTensor& tensor : out.tensors()) {
      const GgufTensor& before = in.RequireTensor(tensor.name);
      EXPECT_EQ(tensor.shape, before.shape);
      bytes += *tensor.size_bytes;
      std::vector<float> old_values(before.size), values(tensor.size);
      in.ReadTensor(before, old_values);
      out.ReadTensor(tensor, values);
      for (size_t i = 0; i < values.size(); ++i) {
        ASSERT_NEAR(values[i], old_values[i], 0.3) << recipe.name << ' ' << tensor.name << ' ' << i;
      }
    }
    EXPECT_EQ(bytes, summary.new_bytes);
  }
}

TEST_F(GgufQuantize, ThreadsDoNotMatter) {
  const GgufFile in(Write({.layers = 2, .width = 2048, .ffn = 65536}));
  ThreadPool one(1);
  QuantizeGguf(in, *FindQuantRecipe("Q4_K_M"), folder_ / "one.gguf", {}, one);
  QuantizeGguf(in, *FindQuantRecipe("Q4_K_M"), folder_ / "three.gguf", {}, pool_);
  EXPECT_EQ(ReadFile(folder_ / "one.gguf"), ReadFile(folder_ / "three.gguf"));
}

// A stack of experts is what its matrices are one by one, each with its own importances.
TEST_F(GgufQuantize, ExpertsHaveImportancesOfTheirOwn) {
  constexpr uint64_t kExperts = 3, kRows = 150, kColumns = 512;
  const Philox random(1, RandomPurpose::kTest);
  const auto write = [&](const char* file_name, bool stacked) {
    GgufWriter writer(folder_ / file_name);
    writer.AddString("general.architecture", "qwen3moe");
    writer.AddUint32("qwen3moe.block_count", 1);
    writer.AddUint32("qwen3moe.attention.head_count", 4);
    const auto name = [&](uint64_t e) {
      return stacked ? std::string("blk.0.ffn_up_exps.weight")
                     : fmt::format("blk.0.ffn_up.{}.weight", e);
    };
    if (stacked) writer.AddTensor(name(0), GgmlType::kF32, {{kExperts, kRows, kColumns}});
    for (uint64_t e = 0; e < kExperts && !stacked; ++e) {
      writer.AddTensor(name(e), GgmlType::kF32, {{kRows, kColumns}});
    }
    std::vector<float> data;
    for (uint64_t e = 0; e < kExperts; ++e) {
      for (size_t i = 0; i < kRows * kColumns; ++i) data.push_back(random.Uniform(e, i) - 0.5f);
      if (stacked && e + 1 < kExperts) continue;
      writer.WriteTensor(name(e), data);
      data.clear();
    }
    writer.Commit();
  };
  write("stacked.gguf", true);
  write("single.gguf", false);
  ImportanceMap importance;
  for (uint64_t e = 0; e < kExperts; ++e) {
    std::vector<float>& all = importance["blk.0.ffn_up_exps.weight"];
    std::vector<float>& one = importance[fmt::format("blk.0.ffn_up.{}.weight", e)];
    for (uint64_t i = 0; i < kColumns; ++i) {
      one.push_back(random.Uniform(9 + e, i));
      all.push_back(one.back());
    }
  }
  const QuantizeOptions options = {.importance = &importance};
  const QuantRecipe recipe = *FindQuantRecipe("Q4_K_M");
  QuantizeGguf(GgufFile(folder_ / "stacked.gguf"), recipe, folder_ / "s.gguf", options, pool_);
  QuantizeGguf(GgufFile(folder_ / "single.gguf"), recipe, folder_ / "o.gguf", options, pool_);
  const GgufFile stacked(folder_ / "s.gguf"), single(folder_ / "o.gguf");
  const auto bytes = stacked.TensorBytes(stacked.RequireTensor("blk.0.ffn_up_exps.weight"));
  for (uint64_t e = 0; e < kExperts; ++e) {
    const auto one =
        single.TensorBytes(single.RequireTensor(fmt::format("blk.0.ffn_up.{}.weight", e)));
    const auto part = bytes.subspan(e * one.size(), one.size());
    EXPECT_TRUE(std::equal(one.begin(), one.end(), part.begin())) << e;
  }
  importance["blk.0.ffn_up_exps.weight"].pop_back();
  EXPECT_THROW(
      QuantizeGguf(GgufFile(folder_ / "stacked.gguf"), recipe, folder_ / "s.gguf", options, pool_),
      Error);
}

TEST_F(GgufQuantize, RefusesWhatItCannotDoWell) {
  EXPECT_EQ(CodeOf({.architecture = "falcon"}, "Q8_0"), ErrorCode::kUnsupported);
  EXPECT_EQ(CodeOf({.outlier = std::numeric_limits<float>::infinity()}, "Q8_0"),
            ErrorCode::kCorruptData);
  EXPECT_NE(message_.find("'blk.0.ffn_up.weight', row 1, column 7"), std::string::npos) << message_;
  EXPECT_EQ(CodeOf({.outlier = 1e30f}, "Q4_K_M"), ErrorCode::kCorruptData);
  EXPECT_NE(message_.find("too large"), std::string::npos) << message_;

  const GgufFile in(Write({}));
  QuantizeGguf(in, *FindQuantRecipe("Q8_0"), folder_ / "q8.gguf", {}, pool_);
  const GgufFile q8(folder_ / "q8.gguf");
  EXPECT_THROW(QuantizeGguf(q8, *FindQuantRecipe("Q4_0"), folder_ / "q4.gguf", {}, pool_), Error);
  QuantizeGguf(q8, *FindQuantRecipe("Q4_0"), folder_ / "q4.gguf", {.requantize = true}, pool_);
  // To its own type: nothing is converted.
  QuantizeGguf(q8, *FindQuantRecipe("Q8_0"), folder_ / "again.gguf", {}, pool_);
  EXPECT_EQ(ReadFile(folder_ / "again.gguf"), ReadFile(folder_ / "q8.gguf"));
}

}  // namespace
}  // namespace cambium
