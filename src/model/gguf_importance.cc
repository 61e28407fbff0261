// SPDX-License-Identifier: Apache-2.0
#include "model/gguf_importance.h"

#include <algorithm>

#include "base/check.h"
#include "formats/tensor_names.h"

namespace cambium {

ImportanceMap GgufImportance(const ImportanceMap& by_parameter, const HyperParameters& parameters,
                             const std::vector<ParameterSpec>& specs, const GgufFile& file) {
  ImportanceMap result;
  for (const ParameterSpec& spec : specs) {
    const auto found = by_parameter.find(spec.name);
    if (found == by_parameter.end()) continue;
    CHECK(found->second.size() == spec.cols);
    const TensorSlice slice =
        GgufSlice(parameters, spec.name, spec.rows, spec.cols,
                  [&](std::string_view name) { return file.FindTensor(name) != nullptr; });
    const bool stacked = slice.shape.size() == 3;
    std::vector<float>& columns = result[slice.name];
    columns.resize((stacked ? slice.shape[0] : 1) * spec.cols, 1.0f);
    const uint64_t expert = stacked ? slice.offset / (spec.rows * spec.cols) : 0;
    std::copy(found->second.begin(), found->second.end(),
              columns.begin() + static_cast<ptrdiff_t>(expert * spec.cols));
  }
  return result;
}

}  // namespace cambium
