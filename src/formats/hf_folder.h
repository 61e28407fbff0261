// SPDX-License-Identifier: Apache-2.0
// A Hugging Face model folder: config.json, generation_config.json, model.safetensors (or several,
// listed in model.safetensors.index.json), tokenizer.json. Parameters go in and out under the
// model's names (tensor_names.h). Files are written atomically, config.json last: a folder that has
// it is complete.
// Thread safety: HfFolder is immutable after construction.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/hf_config.h"
#include "formats/safetensors.h"
#include "formats/tensor_names.h"

namespace cambium {

// model.safetensors, or the files that model.safetensors.index.json lists. Throws as HfFolder.
std::vector<SafetensorsFile> OpenSafetensors(const std::filesystem::path& directory);

class HfFolder {
 public:
  // Throws kNotFound, kIo, kCorruptData, kUnsupported.
  explicit HfFolder(const std::filesystem::path& directory);

  const HfConfig& config() const { return config_; }
  // One, or as the index lists them.
  const std::vector<SafetensorsFile>& files() const { return files_; }
  // Throws kCorruptData when the tensor that holds the parameter is missing or of another shape
  // than config.json makes it, kUnsupported for its type.
  void CheckParameter(std::string_view name, uint64_t rows, uint64_t cols) const;
  // F32, F16, BF16 and MXFP4 (hf_mxfp4.h) to floats [rows, cols]. Throws as CheckParameter.
  void ReadParameter(std::string_view name, uint64_t rows, uint64_t cols,
                     std::span<float> out) const;

 private:
  struct Place {
    const SafetensorsFile* file;
    const SafetensorsTensor* tensor;
  };
  Place Find(const std::string& tensor_name) const;
  TensorSlice SliceOf(std::string_view name, uint64_t rows, uint64_t cols) const;
  Place Require(const TensorSlice& slice) const;
  Place RequireScales(const TensorSlice& slice) const;
  void ReadBlocks(const TensorSlice& slice, std::span<float> out) const;

  std::string name_;
  HfConfig config_;
  std::vector<SafetensorsFile> files_;
};

struct NamedParameter {
  std::string name;
  uint64_t rows = 1, cols = 0;
  std::span<const float> values;
};

// tokenizer_files: file name and content of each ("tokenizer.json", ...). config.dtype is set from
// `type`, which tensors of one dimension (norms) do not have: they are F32. progress: called with
// the number of weights written so far, and may throw.
void WriteHfFolder(const std::filesystem::path& directory, HfConfig config, SafetensorsType type,
                   std::span<const NamedParameter> parameters,
                   std::span<const std::pair<std::string, std::string>> tokenizer_files,
                   const std::function<void(uint64_t)>& progress = {});

}  // namespace cambium
