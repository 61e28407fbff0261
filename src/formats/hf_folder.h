// SPDX-License-Identifier: Apache-2.0
// A Hugging Face model folder: config.json, generation_config.json, model.safetensors,
// tokenizer.json. Tensors go in and out under GGUF names and in GGUF's row order (tensor_names.h),
// so that a caller deals with one convention. Files are written atomically, config.json last: a
// folder that has it is complete.
// Not read: weights in several files (model.safetensors.index.json).
// Thread safety: HfFolder is immutable after construction.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/hf_config.h"
#include "formats/safetensors.h"

namespace cambium {

class HfFolder {
 public:
  // Throws kNotFound, kIo, kCorruptData, kUnsupported.
  explicit HfFolder(const std::filesystem::path& directory);

  const HfConfig& config() const { return config_; }
  const SafetensorsFile& file() const { return file_; }
  // F32, F16 and BF16 to floats, rows in GGUF's order. kCorruptData when the tensor is missing or
  // is not of `shape` (outermost first).
  void ReadTensor(std::string_view gguf_name, std::span<const uint64_t> shape,
                  std::span<float> out) const;

 private:
  HfConfig config_;
  SafetensorsFile file_;
};

struct NamedTensor {
  std::string name;             // GGUF's
  std::vector<uint64_t> shape;  // outermost first
  std::span<const float> data;  // rows in GGUF's order
};

// tokenizer_files: file name and content of each ("tokenizer.json", ...). config.dtype is set from
// `type`, which tensors of one dimension (norms) do not have: they are F32.
void WriteHfFolder(const std::filesystem::path& directory, HfConfig config, SafetensorsType type,
                   std::span<const NamedTensor> tensors,
                   std::span<const std::pair<std::string, std::string>> tokenizer_files);

}  // namespace cambium
