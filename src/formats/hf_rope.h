// SPDX-License-Identifier: Apache-2.0
// The rotation settings of config.json: rope_theta, rope_scaling (older files), rope_parameters
// (newer ones, by kind of layer in Gemma 3), partial_rotary_factor. Source: transformers 5.23,
// modeling_rope_utils.py.
#pragma once

#include <string>

#include "formats/hyper_parameters.h"
#include "formats/json_text.h"

namespace cambium {

// Sets rope_theta, rope_theta_window, rope_dim and rope_scaling; family, head_dim and
// context_length are there already. default_theta: of the family.
void ReadHfRope(const JsonMembers& members, const std::string& source_name, double default_theta,
                HyperParameters* parameters);

// The members for HfConfigToJson. kUnsupported for kFactors.
void AddHfRope(const HyperParameters& parameters, Json* config);

// The double whose shortest decimal form is that of the float: 1e-05f becomes 1e-05, not
// 9.999999747378752e-06.
double ShortestDouble(float value);
// Infinity, which CheckHyperParameters refuses, when it does not fit.
float ToFloat32(double value);

}  // namespace cambium
