// SPDX-License-Identifier: Apache-2.0
// Numbers as people write them on a command line. Anything else throws kInvalidArgument with an
// example of what is understood.
#pragma once

#include <cstdint>
#include <string_view>

namespace cambium {

// "1500", "10k", "2.5M", "1G": decimal powers, a whole number of things.
uint64_t ParseCount(std::string_view text);
// The same and "64KiB", "10MiB", "1GiB": binary powers.
uint64_t ParseSizeBytes(std::string_view text);
// "90s", "10m", "1h30m", "45": seconds.
double ParseDuration(std::string_view text);

}  // namespace cambium
