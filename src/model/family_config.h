// SPDX-License-Identifier: Apache-2.0
// The table of architectures: what each family of formats/model_family.h is as a ModelConfig.
#pragma once

#include <string>

#include "formats/hyper_parameters.h"
#include "model/model_config.h"

namespace cambium {

// The model that a file's hyper-parameters describe. Throws kUnsupported. source: for messages.
ModelConfig ModelConfigOf(const HyperParameters& parameters, const std::string& source);

// The hyper-parameters of a family whose ModelConfigOf is this one (context length aside, RoPE
// factors as kFactors). Throws kUnsupported when no family's files can say it.
HyperParameters HyperParametersOf(const ModelConfig& config);

}  // namespace cambium
