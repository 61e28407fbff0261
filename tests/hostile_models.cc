// SPDX-License-Identifier: Apache-2.0
#include "tests/hostile_models.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "base/check.h"
#include "base/file.h"
#include "formats/gguf.h"
#include "infer/sampler.h"
#include "infer/session.h"
#include "model/model_file.h"
#include "text/tokenizer.h"

namespace cambium {

const std::vector<const char*>& FixtureFamilies() {
  static const std::vector<const char*> families = {
      "llama",     "llama3", "llama_linear", "mistral", "qwen2",   "qwen3",        "qwen3_yarn",
      "gemma",     "gemma2", "gemma3",       "phi3",    "gpt2",    "phi3_long",    "phi4_mini",
      "qwen3_moe", "olmo2",  "mixtral",      "olmoe",   "gpt_oss", "gpt_oss_mxfp4"};
  return families;
}

std::filesystem::path FixtureFolder(const std::string& family) {
  return std::filesystem::path(CAMBIUM_SOURCE_DIR) / "tests/golden/architectures" / family;
}

ScratchFolder::ScratchFolder(const std::string& name)
    : path_(std::filesystem::temp_directory_path() / fmt::format("cambium_{}_{}", name, getpid())) {
  std::filesystem::remove_all(path_);
  std::filesystem::create_directories(path_);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path ScratchFolder::Write(const std::string& name,
                                           std::string_view content) const {
  const std::filesystem::path path = path_ / name;
  // A new file each time: ext4 writes to the disk at once what replaces the content of another.
  std::filesystem::remove(path);
  std::ofstream file(path, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  CHECK(file.good());
  return path;
}

Attempt TryModel(const std::filesystem::path& path) {
  static ThreadPool pool(1);
  return AttemptTo([&] {
    const LoadedModel model = LoadModel(path, MatrixMemory::kStored);
    const Tokenizer tokenizer(model.tokenizer);
    try {
      const EncodeOptions options = {.parse_special = true, .allow_bos = true, .allow_eos = true};
      (void)tokenizer.Decode(tokenizer.Encode("ab a\u00e9\u65e5 <eos>\xff\n", options));
    } catch (const Error&) {  // a vocabulary may lack characters
    }
    const size_t positions = std::min<size_t>(model.config.context_length, 8);
    Engine engine(*model.parameters, pool,
                  {.compute = model.types.compute,
                   .max_context = positions,
                   .max_batch_tokens = 4,
                   .prefill_chunk = 4,
                   .release_values = true});
    Sequence sequence = engine.NewSequence(positions);
    const std::vector<int32_t> tokens(std::min<size_t>(positions, 6), 0);
    const ForwardRequest request = {&sequence, tokens, LogitsOf::kLast};
    (void)MostProbable(engine.Forward({&request, 1}), 3);
  });
}

GgufPieces::GgufPieces(const std::string& file) {
  const GgufFile parsed({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, "valid");
  const auto text = [](std::span<const uint8_t> bytes) {
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  for (const GgufValue& value : parsed.values()) {
    GgufBytes payload;
    payload.Type(value.type);
    if (value.is_array()) payload.Type(value.element_type).Put<uint64_t>(value.count);
    values.push_back({std::string(value.key), payload.Raw(text(value.bytes)).bytes()});
  }
  for (const GgufTensor& tensor : parsed.tensors()) {
    const auto bytes = parsed.TensorBytes(tensor);
    tensors.push_back({std::string(tensor.name),
                       {tensor.shape.rbegin(), tensor.shape.rend()},
                       static_cast<uint32_t>(tensor.type),
                       data.size()});
    data += text(bytes);
    data.resize((data.size() + 31) / 32 * 32);
  }
}

std::string GgufPieces::Join() const {
  GgufBytes file = GgufHeader(tensors.size(), values.size());
  for (const Value& value : values) file.String(value.key).Raw(value.payload);
  for (const Tensor& t : tensors) PutTensor(&file, t.name, t.dims, t.type, t.offset);
  return file.Align(32).Raw(data).bytes();
}

std::string FixtureGguf(const std::string& family, const ScratchFolder& folder) {
  const LoadedModel model = LoadModel(FixtureFolder(family));
  SaveGguf(folder.path() / "fixture.gguf", *model.parameters, model.tokenizer,
           {.type = GgmlType::kF32, .hyper_parameters = &model.hyper_parameters});
  return ReadFile(folder.path() / "fixture.gguf");
}

std::string TinyGguf(const ScratchFolder& folder) {
  ModelConfig config = FindModelPreset("nano").config;
  config.vocab_size = 4;
  config.num_layers = 1;
  config.width = config.ffn_width = config.head_dim = 2;
  config.num_heads = config.num_kv_heads = 1;
  config.context_length = 8;
  config.qk_norm = false;
  ThreadPool pool(1);
  ParameterStore parameters(config, /*with_gradients=*/false);
  parameters.Initialize(1, pool);
  TokenizerData tokenizer;
  tokenizer.model = TokenizerModel::kBpe;
  tokenizer.pre_tokenizer = "gpt-2";
  tokenizer.tokens = {"a", "b", "ab", "<eos>"};
  tokenizer.types = {TokenType::kNormal, TokenType::kNormal, TokenType::kNormal,
                     TokenType::kControl};
  tokenizer.merges = {{0, 1}};
  tokenizer.eos_id = 3;
  SaveGguf(folder.path() / "tiny.gguf", parameters, tokenizer, {.type = GgmlType::kF32});
  return ReadFile(folder.path() / "tiny.gguf");
}

}  // namespace cambium
