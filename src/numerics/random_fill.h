// SPDX-License-Identifier: Apache-2.0
// Initial weights: element i of parameter p is a function of (seed, purpose, p, i) alone, with the
// same bits on every machine. Rows of a parameter may be filled in any order and in parallel.
#pragma once

#include <cstdint>
#include <span>

#include "base/philox.h"

namespace cambium {

// out[j] = stddev * z, z standard normal for element first + j (first: a multiple of 4), by the
// Box-Muller transform in double: words (2i, 2i + 1) of a Philox block give elements (2i, 2i + 1)
//   sqrt(-2 ln u) cos(2 pi v), sqrt(-2 ln u) sin(2 pi v),  u = (w0 + 1) / 2^32,  v = w1 / 2^32.
// |z| <= 6.7. Source: Box and Muller 1958, doi:10.1214/aoms/1177706645.
void FillNormal(const Philox& philox, uint64_t parameter_index, double stddev, std::span<float> out,
                uint64_t first = 0);

// out[j] = low + (high - low) * w / 2^32 for element first + j.
void FillUniform(const Philox& philox, uint64_t parameter_index, double low, double high,
                 std::span<float> out, uint64_t first = 0);

}  // namespace cambium
