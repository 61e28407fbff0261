// SPDX-License-Identifier: Apache-2.0
// JSON values (nlohmann-json).
#pragma once

#include <nlohmann/json.hpp>

namespace cambium {
// With keys in the order of insertion, so that printed objects read as written. It searches an
// object from its start, and so takes minutes for one of 10^5 members.
using Json = nlohmann::ordered_json;
// With keys in alphabetical order: for what comes from outside.
using SortedJson = nlohmann::json;
}  // namespace cambium
