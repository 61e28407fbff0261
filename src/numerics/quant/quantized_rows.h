// SPDX-License-Identifier: Apache-2.0
// Activations as signed bytes, for products with quantised weights (quant_gemm.h).
//
// A row is cut into blocks of 32 or 256 elements; each becomes 8-bit codes and one f32 scale:
//   amax   = max |x_i|, exact in any order
//   scale  = amax / 127,  inverse = 127 / amax           both IEEE divisions
//   code_i = round to nearest even(x_i * inverse)        in [-127, 127]
// amax below 2^-90: all codes and the scale are 0, so that no product of scales is a denormal.
// amax infinite or NaN: all codes are 0 and the scale is NaN, so that every result is NaN.
// Then sums of codes, which products with offsets and minima need; all are exact.
// Elements beyond the end of a row count as 0.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/thread_pool.h"
#include "numerics/bfloat16.h"

namespace cambium {

struct ByteBlock32 {
  static constexpr size_t kSize = 32;
  int8_t codes[32];
  float scale;
  int32_t negative_sum;  // - sum of the codes
  float scaled_sum;      // scale * float(sum of the codes)
  uint32_t unused;
};
static_assert(sizeof(ByteBlock32) == 48);

struct ByteBlock256 {
  static constexpr size_t kSize = 256;
  int8_t codes[256];
  int32_t negative_sums32[8];  // - sum of the codes of each 32
  int32_t negative_sums16[16];
  int16_t sums32[8];
  int16_t sums16[16];
  float scale;
  uint32_t unused[3];
};
static_assert(sizeof(ByteBlock256) == 416);

// M rows of K elements as blocks: block b of row m is data[m * blocks_per_row + b].
template <typename Block>
struct QuantizedRows {
  const Block* data = nullptr;
  size_t K = 0;
  size_t blocks_per_row() const { return (K + Block::kSize - 1) / Block::kSize; }
};

// rows: M rows of K elements, float or BFloat16, row_stride elements apart. out: M *
// blocks_per_row() blocks, overwritten.
template <typename T, typename Block>
QuantizedRows<Block> QuantizeToBytes(const T* rows, size_t M, size_t K, size_t row_stride,
                                     Block* out, ThreadPool& pool);

// The definition, one block: count elements of x (1 to Block::kSize).
void QuantizeBlockRef(const float* x, size_t count, ByteBlock32& out);
void QuantizeBlockRef(const float* x, size_t count, ByteBlock256& out);

}  // namespace cambium
