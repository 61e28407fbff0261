// SPDX-License-Identifier: Apache-2.0
// How much the columns of a model's matrices matter (infer/calibration.h), for quantisation.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace cambium {

// By the name of a tensor: for each column, the weight (at least 0, finite) that its squared errors
// have. Of a tensor that is a stack of experts [E, rows, columns]: E times the columns.
using ImportanceMap = std::map<std::string, std::vector<float>, std::less<>>;

}  // namespace cambium
