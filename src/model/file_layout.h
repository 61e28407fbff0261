// SPDX-License-Identifier: Apache-2.0
// Where a model file keeps the parameters and in what types, found from headers alone: what loading
// begins with, and all that is needed to say what running the model would take.
#pragma once

#include <string>
#include <vector>

#include "formats/gguf.h"
#include "formats/hf_config.h"
#include "formats/hyper_parameters.h"
#include "formats/tensor_names.h"
#include "model/model_config.h"
#include "model/parameters.h"

namespace cambium {

// What the matrices are stored in, and what follows from that.
struct StoredTypes {
  // The compute type of a model unless another is asked for: f32 where a matrix that is multiplied
  // is stored in F32 or F16 (whose bits bf16 cannot hold), bf16 for BF16 and quantised ones.
  DType compute = DType::kF32;
  // F16 or BF16 where all matrices (but routers, which files keep in F32) are of this type; else
  // F32: the type to write them in again.
  GgmlType matrices = GgmlType::kF32;
};

struct GgufLayout {
  HyperParameters hyper_parameters;  // as the file states them
  ModelConfig config;
  std::vector<ParameterSpec> specs;
  std::vector<TensorSlice> slices;  // of each
  StoredTypes types;
};

// Checks the shapes of all parameters, before memory is taken for any. Throws kUnsupported for a
// model that cannot be computed and for a file without tensors (a vocabulary only), kCorruptData
// naming what is missing or of another shape.
GgufLayout LayOutGguf(const GgufFile& file);

// Of a Hugging Face folder, by what its config.json says.
StoredTypes StoredTypesOf(const HfConfig& config);

// A file's word on layers and experts is believed only up to what its bytes could hold, before the
// parameters are listed. Throws kCorruptData.
void CheckCounts(const HyperParameters& p, uint64_t file_bytes, const std::string& source);

}  // namespace cambium
