// SPDX-License-Identifier: Apache-2.0
// Files that others have written: one model as GGUF F32, GGUF F16 and Hugging Face folder, and the
// vocabulary files of llama.cpp. Skipped where the data is not there (CAMBIUM_SHARED, or "shared"
// beside the source folder).
#include <gtest/gtest.h>
#include <zstd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "formats/gguf.h"
#include "formats/gguf_hyper_parameters.h"
#include "formats/gguf_tokenizer.h"
#include "formats/hf_folder.h"
#include "formats/tensor_names.h"
#include "numerics/float16.h"

namespace cambium {
namespace {

std::filesystem::path SharedData() {
  const char* shared = std::getenv("CAMBIUM_SHARED");
  const std::filesystem::path base =
      shared != nullptr ? shared : std::filesystem::path(CAMBIUM_SOURCE_DIR) / ".." / "shared";
  return base / "data";
}

std::vector<float> Read(const GgufFile& file, const std::string& name) {
  const GgufTensor& tensor = file.RequireTensor(name);
  std::vector<float> data(tensor.size);
  file.ReadTensor(tensor, data);
  return data;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(RealFiles, OneModelInThreeFilesIsTheSameBitForBit) {
  const auto directory = SharedData() / "models" / "stories260K";
  if (!std::filesystem::exists(directory)) GTEST_SKIP() << "no " << directory;
  const GgufFile f32(directory / "stories260K-f32.gguf");
  const GgufFile f16(directory / "stories260K-f16.gguf");
  const HfFolder hf(directory / "hf");
  HyperParameters parameters = ReadGgufHyperParameters(f32);
  EXPECT_EQ(ReadGgufHyperParameters(f16), parameters);
  EXPECT_EQ(hf.config().parameters, parameters);
  EXPECT_EQ(parameters.num_layers, 5u);
  EXPECT_EQ(parameters.head_dim, 8u);
  ASSERT_EQ(f32.tensors().size(), 47u);
  ASSERT_EQ(hf.files().size(), 1u);
  EXPECT_EQ(hf.files()[0].tensors().size(), 47u);
  size_t num_permuted = 0;
  for (const GgufTensor& tensor : f32.tensors()) {
    const std::string name(tensor.name);
    const std::vector<float> data = Read(f32, name);
    std::vector<float> other(tensor.size), halves = data;
    const uint64_t cols = tensor.shape.back(), rows = tensor.size / cols;
    hf.ReadParameter(name, rows, cols, other);
    const TensorSlice slice = GgufSlice(parameters, name, rows, cols);
    if (slice.pair_heads != 0) RopePairsToHalves(slice, data, halves);
    EXPECT_TRUE(SameBits(halves, other)) << name;
    // The permutation is real: without it the rows differ.
    EXPECT_EQ(SameBits(data, other), slice.pair_heads == 0) << name;
    num_permuted += slice.pair_heads != 0 ? 1 : 0;

    std::vector<float> rounded = data;
    if (f16.RequireTensor(name).type == GgmlType::kF16) {
      for (float& x : rounded) x = ToFloat(ToFloat16(x));
    }
    EXPECT_TRUE(SameBits(rounded, Read(f16, name))) << name;
  }
  EXPECT_EQ(num_permuted, 10u);
}

std::string ReadMaybeCompressed(const std::filesystem::path& path) {
  std::string content = ReadFile(path);
  if (path.extension() != ".zst") return content;
  std::string unpacked(ZSTD_getFrameContentSize(content.data(), content.size()), '\0');
  const size_t n =
      ZSTD_decompress(unpacked.data(), unpacked.size(), content.data(), content.size());
  EXPECT_EQ(n, unpacked.size());
  return unpacked;
}

TEST(RealFiles, VocabularyFilesOfOthers) {
  const auto directory = SharedData() / "tokenizers" / "ggml-vocab";
  if (!std::filesystem::exists(directory)) GTEST_SKIP() << "no " << directory;
  struct Vocabulary {
    const char* file;
    const char* model;  // tokenizer.ggml.model
    size_t num_tokens;
    size_t num_merges;  // 0: a tokenizer that is not BPE
  };
  const Vocabulary vocabularies[] = {
      {"ggml-vocab-bert-bge.gguf", "bert", 30522, 0},
      {"ggml-vocab-deepseek-coder.gguf", "gpt2", 32256, 31757},
      {"ggml-vocab-falcon.gguf", "gpt2", 65024, 64784},
      {"ggml-vocab-gpt-2.gguf", "gpt2", 50257, 50000},
      {"ggml-vocab-llama-spm.gguf", "llama", 32000, 0},
      {"ggml-vocab-phi-3.gguf", "llama", 32064, 0},
      {"ggml-vocab-qwen2.gguf.zst", "gpt2", 151936, 151387},
      {"ggml-vocab-gemma-4.gguf.zst", "gemma4", 262144, 514906},
  };
  for (const Vocabulary& vocabulary : vocabularies) {
    SCOPED_TRACE(vocabulary.file);
    const std::string content = ReadMaybeCompressed(directory / vocabulary.file);
    const GgufFile file({reinterpret_cast<const uint8_t*>(content.data()), content.size()},
                        vocabulary.file);
    for (const GgufValue& value : file.values()) EXPECT_NE(DescribeGgufValue(value), "");
    EXPECT_EQ(file.RequireString("tokenizer.ggml.model"), vocabulary.model);
    EXPECT_EQ(file.GetStrings("tokenizer.ggml.tokens")->size(), vocabulary.num_tokens);
    const TokenizerData tokenizer = ReadGgufTokenizer(file);
    EXPECT_EQ(tokenizer.tokens.size(), vocabulary.num_tokens);
    EXPECT_EQ(tokenizer.merges.size(), vocabulary.num_merges);
    const auto path = std::filesystem::path(testing::TempDir()) / "cambium_vocabulary.gguf";
    GgufWriter writer(path);
    WriteGgufTokenizer(tokenizer, &writer);
    writer.Commit();
    const TokenizerData back = ReadGgufTokenizer(GgufFile(path));
    EXPECT_EQ(back.tokens, tokenizer.tokens);
    EXPECT_EQ(back.types, tokenizer.types);
    // Gemma's merges can be said by scores, as this is how its own files have them.
    if (back.scores.empty()) {
      EXPECT_EQ(back.merges, tokenizer.merges);
    }
    EXPECT_EQ(back.bos_id, tokenizer.bos_id);
    EXPECT_EQ(back.eos_id, tokenizer.eos_id);
    std::filesystem::remove(path);
  }
}

}  // namespace
}  // namespace cambium
