// SPDX-License-Identifier: Apache-2.0
// Models in files: GGUF and Hugging Face folders to a ParameterStore and a tokenizer, and back.
// Everything is checked before weights are read. Where the file keeps a parameter and how is said
// by formats/tensor_names.h; inside, parameters look alike wherever a model came from.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "formats/gguf_types.h"
#include "formats/hyper_parameters.h"
#include "model/family_config.h"
#include "model/file_layout.h"
#include "model/parameters.h"
#include "text/tokenizer_data.h"

namespace cambium {

struct LoadedModel {
  HyperParameters hyper_parameters;  // as the file states them
  ModelConfig config;
  std::unique_ptr<ParameterStore> parameters;  // f32 values, no gradients
  TokenizerData tokenizer;
  StoredTypes types;  // of the matrices in the file, and the compute type that suits them
  std::string name;
  std::string format;  // "GGUF v3", "Hugging Face folder"
};

// What becomes of the matrices of a GGUF file (those of a Hugging Face folder get f32 values).
enum class MatrixMemory {
  kValues,  // f32 values, for whatever needs them
  kStored,  // left in the mapped file, to be packed for inference
};

// Called with the weights read or written so far and with their number; what it throws ends the
// work.
using WeightsProgress = std::function<void(uint64_t done, uint64_t total)>;

// path: a GGUF file, a Hugging Face folder, or a training run's folder (its model.gguf).
// Throws kNotFound, kCorruptData, kUnsupported naming what is missing.
LoadedModel LoadModel(const std::filesystem::path& path,
                      MatrixMemory matrices = MatrixMemory::kValues,
                      const WeightsProgress& progress = {});

struct SaveOptions {
  GgmlType type = GgmlType::kBF16;  // of matrices: F32, BF16 or F16; norms are F32
  std::string name = "cambium";
  // Recorded in the file: the fingerprint of the f32 weights and how they were computed.
  std::string fingerprint;
  std::string compute_type;
  // As a file stated them, where the model comes from one; null: found from the configuration.
  const HyperParameters* hyper_parameters = nullptr;
  WeightsProgress progress;
};

// Atomic. Throws kUnsupported for a model that the format cannot hold, kIo.
void SaveGguf(const std::filesystem::path& path, const ParameterStore& parameters,
              const TokenizerData& tokenizer, const SaveOptions& options);
void SaveHfModel(const std::filesystem::path& folder, const ParameterStore& parameters,
                 const TokenizerData& tokenizer, const SaveOptions& options);

}  // namespace cambium
