// SPDX-License-Identifier: Apache-2.0
// Names of runs: ten characters of Crockford's base 32 in lower case. Eight are the milliseconds
// since 2024 (enough until 2058), so that names sort by time; two tell apart what other machines
// make in the same millisecond.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cambium {

// unix_ms: milliseconds since 1970; salt: any bits.
std::string MakeRunId(int64_t unix_ms, uint32_t salt);

// The unix_ms of a name. REQUIRES: made by MakeRunId.
int64_t RunIdTimeMs(std::string_view id);

}  // namespace cambium
