// SPDX-License-Identifier: Apache-2.0
// A GGUF model file to the same model in other element types. Metadata is kept, tensors that the
// recipe does not touch are copied; for the recipes that llama-quantize has, the file is the same
// byte for byte as the one it writes (with the same importance matrix, if any; but for a file that
// states its alignment: ours is the default one). Memory: a few MiB beside the mapped file.
// Thread safety: one call per pool at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>

#include "base/thread_pool.h"
#include "formats/gguf.h"
#include "formats/quant_recipe.h"
#include "numerics/quant/importance.h"

namespace cambium {

struct QuantizeOptions {
  // By the names of the file's tensors (model/gguf_importance.h); those that it does not name are
  // quantised as without. Null: all are.
  const ImportanceMap* importance = nullptr;
  // Allow tensors that are quantised already: their error adds up.
  bool requantize = false;
  // Called now and then with the elements done; may throw to stop.
  std::function<void(uint64_t elements)> progress;
};

struct QuantizeSummary {
  struct OfType {
    uint64_t tensors = 0, elements = 0, bytes = 0;
    double squared_error = 0, squared = 0;  // sums over converted elements
  };
  std::map<GgmlType, OfType> types;  // of the new file
  uint64_t elements = 0;
  uint64_t old_bytes = 0, new_bytes = 0;  // of tensor data
  uint64_t narrow = 0;  // tensors whose rows were too short for what the recipe wanted

  // Root of the mean squared error over that of the elements, of all converted tensors.
  double relative_error() const;
};

// Atomic: `out` is there, complete, or as it was. kUnsupported: architecture, type, already
// quantised. kCorruptData: elements that are infinite or NaN, or too large for the scales.
QuantizeSummary QuantizeGguf(const GgufFile& file, const QuantRecipe& recipe,
                             const std::filesystem::path& out, const QuantizeOptions& options,
                             ThreadPool& pool);

}  // namespace cambium
