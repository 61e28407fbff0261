// SPDX-License-Identifier: Apache-2.0
// Importances of a model's parameters as those of the tensors of its GGUF file, which may keep
// several parameters in one: queries, keys and values that are fused (all see the same input), and
// experts that are stacked (each sees the tokens that chose it).
// Source: how llama.cpp's imatrix tool names them and llama-quantize reads them. Thread safety:
// pure.
#pragma once

#include "formats/gguf.h"
#include "formats/hyper_parameters.h"
#include "model/parameters.h"
#include "numerics/quant/importance.h"

namespace cambium {

// by_parameter: of parameters [rows, cols], cols values each, by ParameterSpec::name. An expert
// that no token chose has 1 in every column. file: the one that `specs` were loaded from.
ImportanceMap GgufImportance(const ImportanceMap& by_parameter, const HyperParameters& parameters,
                             const std::vector<ParameterSpec>& specs, const GgufFile& file);

}  // namespace cambium
