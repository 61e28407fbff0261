// SPDX-License-Identifier: Apache-2.0
#include "numerics/quant/quantized_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "numerics/quant/quantized_rows.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "numerics/quant/quantized_rows_scales.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using ByteF = hn::CappedTag<float, 16>;
using ByteI = hn::RebindToSigned<ByteF>;

// Codes of a whole block and, in sums, the sum of each 16 of them. x: kSize elements.
template <size_t kSize>
HWY_INLINE float CodesOf(const float* HWY_RESTRICT x, int8_t* HWY_RESTRICT codes,
                         int32_t* HWY_RESTRICT sums) {
  const ByteF df;
  const ByteI di;
  const hn::Rebind<int8_t, ByteF> d8;
  constexpr size_t kStep = hn::MaxLanes(df);
  // As integers: a NaN is above infinity, and infinity above all numbers.
  auto bits = hn::Zero(di);
  const auto magnitude = hn::Set(di, 0x7fffffff);
  for (size_t i = 0; i < kSize; i += kStep) {
    bits = hn::Max(bits, hn::And(hn::BitCast(di, hn::LoadU(df, x + i)), magnitude));
  }
  const ByteScales s = ScalesOf(std::bit_cast<float>(hn::GetLane(hn::MaxOfLanes(di, bits))));
  if (s.inverse == 0.0f) {
    std::memset(codes, 0, kSize);
    std::memset(sums, 0, kSize / 16 * sizeof(int32_t));
    return s.scale;
  }
  const auto inverse = hn::Set(df, s.inverse);
  HWY_UNROLL(4) for (size_t g = 0; g < kSize / 16; ++g) {
    auto sum = hn::Zero(di);
    for (size_t i = g * 16; i < (g + 1) * 16; i += kStep) {
      const auto code = hn::NearestInt(hn::Mul(hn::LoadU(df, x + i), inverse));
      sum = hn::Add(sum, code);
      hn::StoreU(hn::DemoteTo(d8, code), d8, codes + i);
    }
    sums[g] = hn::GetLane(hn::SumOfLanes(di, sum));
  }
  return s.scale;
}

void QuantizeBlocks32(const float* x, size_t num_blocks, ByteBlock32* out) {
  for (size_t b = 0; b < num_blocks; ++b) {
    int32_t sums[2];
    out[b].scale = CodesOf<32>(x + b * 32, out[b].codes, sums);
    FinishBlock(sums, out[b]);
  }
}

void QuantizeBlocks256(const float* x, size_t num_blocks, ByteBlock256* out) {
  for (size_t b = 0; b < num_blocks; ++b) {
    int32_t sums[16];
    out[b].scale = CodesOf<256>(x + b * 256, out[b].codes, sums);
    FinishBlock(sums, out[b]);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium {
namespace {

HWY_EXPORT(QuantizeBlocks32);
HWY_EXPORT(QuantizeBlocks256);

void QuantizeBlocks(const float* x, size_t num_blocks, ByteBlock32* out) {
  HWY_DYNAMIC_DISPATCH(QuantizeBlocks32)(x, num_blocks, out);
}
void QuantizeBlocks(const float* x, size_t num_blocks, ByteBlock256* out) {
  HWY_DYNAMIC_DISPATCH(QuantizeBlocks256)(x, num_blocks, out);
}

template <typename Block>
void RefBlock(const float* x, size_t count, Block& out) {
  uint32_t bits = 0;
  for (size_t i = 0; i < count; ++i) {
    bits = std::max(bits, std::bit_cast<uint32_t>(x[i]) & 0x7fffffffu);
  }
  const ByteScales s = ScalesOf(std::bit_cast<float>(bits));
  int32_t sums[Block::kSize / 16] = {};
  for (size_t i = 0; i < Block::kSize; ++i) {
    const bool zero = i >= count || s.inverse == 0.0f;
    const int code = zero ? 0 : static_cast<int>(std::nearbyint(x[i] * s.inverse));
    out.codes[i] = static_cast<int8_t>(code);
    sums[i / 16] += code;
  }
  out.scale = s.scale;
  FinishBlock(sums, out);
}

}  // namespace

void QuantizeBlockRef(const float* x, size_t count, ByteBlock32& out) { RefBlock(x, count, out); }
void QuantizeBlockRef(const float* x, size_t count, ByteBlock256& out) { RefBlock(x, count, out); }

template <typename T, typename Block>
QuantizedRows<Block> QuantizeToBytes(const T* rows, size_t M, size_t K, size_t row_stride,
                                     Block* out, ThreadPool& pool) {
  const QuantizedRows<Block> result = {out, K};
  const size_t per_row = result.blocks_per_row();
  // Work of at least a few microseconds for each thread.
  constexpr size_t kGrainElements = 16384;
  const size_t grain = std::max<size_t>(1, kGrainElements / std::max<size_t>(K, 1));
  pool.ParallelRanges(M, grain, [&](size_t begin, size_t end, size_t) {
    for (size_t m = begin; m < end; ++m) {
      const T* row = rows + m * row_stride;
      Block* blocks = out + m * per_row;
      const size_t whole = K / Block::kSize;
      if constexpr (std::is_same_v<T, float>) {
        QuantizeBlocks(row, whole, blocks);
      }
      // What is not whole blocks of floats, in pieces made to be.
      constexpr size_t kPiece = 1024;
      for (size_t at = std::is_same_v<T, float> ? whole * Block::kSize : 0; at < K; at += kPiece) {
        float x[kPiece];
        const size_t count = std::min(kPiece, K - at);
        const size_t num_blocks = (count + Block::kSize - 1) / Block::kSize;
        for (size_t i = 0; i < count; ++i) x[i] = ToFloat(row[at + i]);
        std::fill(x + count, x + num_blocks * Block::kSize, 0.0f);
        QuantizeBlocks(x, num_blocks, blocks + at / Block::kSize);
      }
    }
  });
  return result;
}

template QuantizedRows<ByteBlock32> QuantizeToBytes<float>(const float*, size_t, size_t, size_t,
                                                           ByteBlock32*, ThreadPool&);
template QuantizedRows<ByteBlock32> QuantizeToBytes<BFloat16>(const BFloat16*, size_t, size_t,
                                                              size_t, ByteBlock32*, ThreadPool&);
template QuantizedRows<ByteBlock256> QuantizeToBytes<float>(const float*, size_t, size_t, size_t,
                                                            ByteBlock256*, ThreadPool&);
template QuantizedRows<ByteBlock256> QuantizeToBytes<BFloat16>(const BFloat16*, size_t, size_t,
                                                               size_t, ByteBlock256*, ThreadPool&);

}  // namespace cambium
#endif  // HWY_ONCE
