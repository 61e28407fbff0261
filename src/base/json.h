// SPDX-License-Identifier: Apache-2.0
// JSON with keys in the order of insertion (nlohmann-json), so that printed objects read as
// written.
#pragma once

#include <nlohmann/json.hpp>

namespace cambium {
using Json = nlohmann::ordered_json;
}  // namespace cambium
