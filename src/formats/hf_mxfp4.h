// SPDX-License-Identifier: Apache-2.0
// MXFP4 as the published folders of gpt-oss have it: for a matrix of rows of C numbers, "_blocks"
// [..., C/32, 16] bytes, two numbers each, the low four bits first, and "_scales" [..., C/32], a
// power of two for each 32 numbers: number * 2^(scale - 127). (GGUF keeps the same numbers in
// another order.) Source: Open Compute Project, Microscaling Formats 1.0; transformers 5.23,
// integrations/mxfp4.py.
#pragma once

#include <cstdint>
#include <span>

namespace cambium {

// One row: blocks of 16 bytes and a scale for each 32 elements of out, a multiple of 32.
void DequantizeHfMxfp4(std::span<const uint8_t> blocks, std::span<const uint8_t> scales,
                       std::span<float> out);

}  // namespace cambium
