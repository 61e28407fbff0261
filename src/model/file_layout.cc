// SPDX-License-Identifier: Apache-2.0
#include "model/file_layout.h"

#include <fmt/ranges.h>

#include "base/error.h"
#include "formats/gguf_hyper_parameters.h"
#include "model/family_config.h"

namespace cambium {
namespace {

// Where the file has the parameter. Throws kCorruptData where the tensor is missing or of another
// shape, kUnsupported where it is of a type that cannot be read.
TensorSlice SliceOf(const GgufFile& file, const HyperParameters& p, const ParameterSpec& spec) {
  TensorSlice slice = GgufSlice(p, spec.name, spec.rows, spec.cols, [&](std::string_view name) {
    return file.FindTensor(name) != nullptr;
  });
  const GgufTensor& tensor = file.RequireTensor(slice.name);
  if (tensor.shape != slice.shape) {
    Fail(ErrorCode::kCorruptData, "{}: tensor '{}' has shape [{}], expected [{}]", file.name(),
         slice.name, fmt::join(tensor.shape, ", "), fmt::join(slice.shape, ", "));
  }
  (void)file.ElementBlocks(tensor, slice.offset, spec.size());
  return slice;
}

// Files keep routers in F32 whatever they do with the rest.
bool IsRouter(const ParameterSpec& spec) { return spec.name.ends_with("ffn_gate_inp.weight"); }

StoredTypes TypesOf(const GgufFile& file, const GgufLayout& layout) {
  StoredTypes types = {.compute = DType::kBF16, .matrices = GgmlType::kF32};
  bool first = true;
  for (size_t i = 0; i < layout.specs.size(); ++i) {
    const ParameterSpec& spec = layout.specs[i];
    if (spec.rows == 1 || IsRouter(spec)) continue;
    const GgmlType type = file.RequireTensor(layout.slices[i].name).type;
    const bool wide = type == GgmlType::kF32 || type == GgmlType::kF16;
    if (wide && !spec.looked_up) types.compute = DType::kF32;
    const bool narrow = type == GgmlType::kF16 || type == GgmlType::kBF16;
    types.matrices = narrow && (first || types.matrices == type) ? type : GgmlType::kF32;
    first = false;
  }
  return types;
}

}  // namespace

void CheckCounts(const HyperParameters& p, uint64_t file_bytes, const std::string& source) {
  // A layer of one expert is far more than 64 bytes.
  if (p.num_layers * (1 + p.num_experts) <= file_bytes / 64) return;
  Fail(ErrorCode::kCorruptData, "{}: {} layers{} in {} bytes", source, p.num_layers,
       p.num_experts == 0 ? "" : fmt::format(" of {} experts", p.num_experts), file_bytes);
}

GgufLayout LayOutGguf(const GgufFile& file) {
  if (file.tensors().empty()) {
    Fail(ErrorCode::kUnsupported, "{}: it holds no tensors (a vocabulary only)", file.name());
  }
  GgufLayout layout;
  layout.hyper_parameters = ReadGgufHyperParameters(file);
  const HyperParameters& p = layout.hyper_parameters;
  layout.config = ModelConfigOf(p, file.name());
  uint64_t file_bytes = 0;
  for (const GgufTensor& tensor : file.tensors()) file_bytes += tensor.size_bytes.value_or(0);
  CheckCounts(p, file_bytes, file.name());
  layout.specs = DescribeParameters(layout.config);
  for (const ParameterSpec& spec : layout.specs) layout.slices.push_back(SliceOf(file, p, spec));
  layout.types = TypesOf(file, layout);
  return layout;
}

StoredTypes StoredTypesOf(const HfConfig& config) {
  if (config.dtype == "bfloat16") return {.compute = DType::kBF16, .matrices = GgmlType::kBF16};
  if (config.dtype == "float16") return {.compute = DType::kF32, .matrices = GgmlType::kF16};
  return {};
}

}  // namespace cambium
