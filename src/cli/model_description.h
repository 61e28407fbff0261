// SPDX-License-Identifier: Apache-2.0
// What a model file says about itself, gathered for `cambium info`: shape, tensors, tokenizer,
// stored identity. Any valid GGUF file or safetensors folder can be described, also those of models
// that this build cannot run; `why_not_runnable` then says why. Nothing but headers is read. Thread
// safety: plain data.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/model_config.h"
#include "tensor/tensor.h"
#include "text/tokenizer_data.h"

namespace cambium {

struct DescribedTensor {
  std::string name;
  std::string type;             // "F32", "Q4_K"
  std::vector<uint64_t> shape;  // outermost first
  uint64_t size = 0;            // elements
  uint64_t size_bytes = 0;      // 0: unknown type
};

// Tensors that play the same part in every layer: "attn_q" for blk.*.attn_q.weight.
struct TensorGroup {
  std::string name;
  std::string types;  // "F32", or "Q4_K, Q6_K" when they differ
  std::string shape;  // of the first
  uint64_t count = 0;
  uint64_t size = 0;
  uint64_t size_bytes = 0;
};

struct ModelDescription {
  std::filesystem::path path;  // of the file or folder that was read
  std::string format;          // "GGUF v3", "Hugging Face folder"
  uint64_t file_bytes = 0;
  std::string architecture;  // as the file names it
  std::string name;
  std::optional<ModelConfig> config;
  std::string why_not_runnable;  // empty: this build can run it
  // That it runs in unless told otherwise: StoredTypes::compute. Of a runnable model.
  DType default_compute = DType::kF32;
  std::vector<DescribedTensor> tensors;
  // Metadata as text, in file order (GGUF only).
  std::vector<std::pair<std::string, std::string>> metadata;

  std::optional<TokenizerData> tokenizer;
  std::string why_no_tokenizer;

  // As cambium wrote them; empty or 0 where it did not.
  std::string stored_fingerprint;
  std::string compute_type;  // that it was trained in
  int numerics_version = 0;

  uint64_t num_parameters() const;
  uint64_t tensor_bytes() const;
  // True if every matrix holds f32: weights were not rounded when the file was written.
  bool all_f32() const;
};

// path: a GGUF file, a Hugging Face folder, or a training run's folder (its model.gguf). Throws
// kNotFound, kIo, kCorruptData; kUnsupported only for what is no model file at all.
ModelDescription DescribeModel(const std::filesystem::path& path);

std::vector<TensorGroup> GroupTensors(const std::vector<DescribedTensor>& tensors);

}  // namespace cambium
