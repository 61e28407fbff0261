// SPDX-License-Identifier: Apache-2.0
#include "formats/hf_folder.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "formats/quote.h"
#include "formats/tensor_names.h"

namespace cambium {
namespace {

HfConfig ReadConfig(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "config.json";
  return ParseHfConfig(ReadFile(path), path.string());
}

std::filesystem::path WeightsPath(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "model.safetensors";
  std::error_code ignored;  // opening the file reports what is wrong with it
  if (!std::filesystem::exists(path, ignored) &&
      std::filesystem::exists(directory / "model.safetensors.index.json", ignored)) {
    Fail(ErrorCode::kUnsupported,
         "{}: weights in several safetensors files are not read; merge them into one",
         directory.string());
  }
  return path;
}

std::string HfNameOf(std::string_view gguf_name) {
  const auto name = GgufToHfName(gguf_name);
  CHECK(name.has_value());
  return *name;
}

const char* DtypeOf(SafetensorsType type) {
  return type == SafetensorsType::kF32   ? "float32"
         : type == SafetensorsType::kF16 ? "float16"
                                         : "bfloat16";
}

}  // namespace

HfFolder::HfFolder(const std::filesystem::path& directory)
    : config_(ReadConfig(directory)), file_(WeightsPath(directory)) {}

void HfFolder::ReadTensor(std::string_view gguf_name, std::span<const uint64_t> shape,
                          std::span<float> out) const {
  const SafetensorsTensor& tensor = file_.RequireTensor(HfNameOf(gguf_name));
  if (!std::ranges::equal(tensor.shape, shape)) {
    Fail(ErrorCode::kCorruptData, "{}: tensor {} is of shape [{}]; [{}] expected from config.json",
         file_.name(), Quote(tensor.name), fmt::join(tensor.shape, ", "), fmt::join(shape, ", "));
  }
  const uint64_t num_heads = HeadsInPairOrder(config_.parameters, gguf_name);
  if (num_heads == 0) return file_.ReadTensor(tensor, out);
  std::vector<float> halves(tensor.size);
  file_.ReadTensor(tensor, halves);
  RopeHalvesToPairs(halves, out, num_heads, config_.parameters.head_dim);
}

void WriteHfFolder(const std::filesystem::path& directory, HfConfig config, SafetensorsType type,
                   std::span<const NamedTensor> tensors,
                   std::span<const std::pair<std::string, std::string>> tokenizer_files) {
  MakeDirectories(directory);
  SafetensorsWriter writer(directory / "model.safetensors");
  writer.AddMetadata("format", "pt");  // transformers refuses a file without it
  for (const NamedTensor& tensor : tensors) {
    // Norms stay F32, as in GGUF: the model has one fingerprint in both.
    writer.AddTensor(HfNameOf(tensor.name), tensor.shape.size() == 1 ? SafetensorsType::kF32 : type,
                     tensor.shape);
  }
  for (const NamedTensor& tensor : tensors) {
    const uint64_t num_heads = HeadsInPairOrder(config.parameters, tensor.name);
    if (num_heads == 0) {
      writer.WriteTensor(HfNameOf(tensor.name), tensor.data);
      continue;
    }
    std::vector<float> halves(tensor.data.size());
    RopePairsToHalves(tensor.data, halves, num_heads, config.parameters.head_dim);
    writer.WriteTensor(HfNameOf(tensor.name), halves);
  }
  writer.Commit();
  for (const auto& [name, content] : tokenizer_files) {
    WriteFileAtomically(directory / name, content);
  }
  config.dtype = DtypeOf(type);
  WriteFileAtomically(directory / "generation_config.json",
                      HfGenerationConfigToJson(config).dump(2) + "\n");
  WriteFileAtomically(directory / "config.json", HfConfigToJson(config).dump(2) + "\n");
}

}  // namespace cambium
