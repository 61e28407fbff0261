// SPDX-License-Identifier: Apache-2.0
// Products with quantised weights against the plain loops of quant_gemm_ref.h, by memcmp: every
// format, instruction set and thread count, awkward shapes, blocks of random bytes.
#include "numerics/quant/quant_gemm.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "base/philox.h"
#include "numerics/machines_test_util.h"
#include "numerics/quant/quant_gemm_ref.h"
#include "numerics/simd_target.h"

namespace cambium {
namespace {

uint32_t Random(uint64_t stream, uint64_t i) {
  return Philox(29, RandomPurpose::kTest).Block(stream, i)[0];
}

// Rows of several magnitudes; some zeros.
std::vector<float> RandomRows(size_t size, uint64_t stream) {
  std::vector<float> x(size);
  for (size_t i = 0; i < size; ++i) {
    const uint32_t bits = Random(stream, i);
    const float magnitude = std::ldexp(1.0f, static_cast<int>(bits % 7) - 3);
    x[i] = bits % 11 == 0 ? 0.0f : (UniformFromBits(bits) - 0.5f) * magnitude;
  }
  return x;
}

// Any bytes are a block; scales are made finite, so that results can be compared as bits.
template <typename Block>
std::vector<uint8_t> RandomBlocks(size_t count, uint64_t stream) {
  std::vector<uint8_t> bytes(count * sizeof(Block));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(Random(stream, i) >> 9);
  for (size_t b = 0; b < count; ++b) {
    Block block;
    std::memcpy(&block, &bytes[b * sizeof(Block)], sizeof(Block));
    const auto finite = [](uint8_t* half) { half[1] = static_cast<uint8_t>(half[1] & 0xbb); };
    if constexpr (requires { block.d; }) finite(block.d);
    if constexpr (requires { block.dmin; }) finite(block.dmin);
    if constexpr (requires { block.m; }) finite(block.m);
    if constexpr (requires { block.e; }) block.e = static_cast<uint8_t>(100 + block.e % 50);
    std::memcpy(&bytes[b * sizeof(Block)], &block, sizeof(Block));
  }
  return bytes;
}

template <typename Fn>
void ForEveryByteMachine(const Fn& fn) {
  ForEveryMachine(fn, Arithmetic::kBytes);
}

template <typename Block>
std::vector<Block> QuantizeRef(const std::vector<float>& x, size_t M, size_t K) {
  const size_t per_row = QuantizedRows<Block>{nullptr, K}.blocks_per_row();
  std::vector<Block> blocks(M * per_row);
  for (size_t m = 0; m < M; ++m) {
    for (size_t b = 0; b < per_row; ++b) {
      const size_t begin = b * Block::kSize;
      QuantizeBlockRef(&x[m * K + begin], std::min(Block::kSize, K - begin),
                       blocks[m * per_row + b]);
    }
  }
  return blocks;
}

template <typename Block>
class QuantizedRowsTest : public testing::Test {};
using ActivationBlocks = testing::Types<ByteBlock32, ByteBlock256>;
TYPED_TEST_SUITE(QuantizedRowsTest, ActivationBlocks);

TYPED_TEST(QuantizedRowsTest, EqualsReference) {
  for (const size_t K : {1, 31, 32, 33, 255, 256, 300, 1024}) {
    constexpr size_t kRows = 5;
    std::vector<float> x = RandomRows(kRows * K, K);
    // A row of zeros, one too small to have codes, one that is not finite, ties.
    for (size_t i = 0; i < K; ++i) x[K + i] = 0.0f;
    for (size_t i = 0; i < K; ++i) x[2 * K + i] = 1e-30f;
    x[3 * K] = K % 2 == 0 ? std::numeric_limits<float>::infinity()
                          : std::numeric_limits<float>::quiet_NaN();
    for (size_t i = 0; i < K; ++i) x[4 * K + i] = static_cast<float>(i % 255) - 127.0f + 0.5f;
    const auto expected = QuantizeRef<TypeParam>(x, kRows, K);
    ForEveryByteMachine([&](ThreadPool& pool) {
      std::vector<TypeParam> actual(expected.size());
      QuantizeToBytes(x.data(), kRows, K, K, actual.data(), pool);
      for (size_t b = 0; b < expected.size(); ++b) {
        if (std::isnan(expected[b].scale)) {
          EXPECT_TRUE(std::isnan(actual[b].scale));
          EXPECT_EQ(std::memcmp(expected[b].codes, actual[b].codes, TypeParam::kSize), 0);
          actual[b] = expected[b];
        }
      }
      ExpectEqualBits(expected, actual);
    });
  }
}

TYPED_TEST(QuantizedRowsTest, BFloat16RowsAreTheirFloats) {
  constexpr size_t kRows = 3, kK = 520, kStride = 523;
  const std::vector<float> source = RandomRows(kRows * kStride, 5);
  std::vector<BFloat16> rows(source.size());
  std::vector<float> x(kRows * kK);
  for (size_t i = 0; i < source.size(); ++i) rows[i] = ToBFloat16(source[i]);
  for (size_t i = 0; i < x.size(); ++i) x[i] = ToFloat(rows[i / kK * kStride + i % kK]);
  const auto expected = QuantizeRef<TypeParam>(x, kRows, kK);
  ForEveryByteMachine([&](ThreadPool& pool) {
    std::vector<TypeParam> actual(expected.size());
    QuantizeToBytes(rows.data(), kRows, kK, kStride, actual.data(), pool);
    ExpectEqualBits(expected, actual);
  });
}

TEST(QuantizedRows, CodesAreNear) {
  const std::vector<float> x = RandomRows(256, 77);
  const ByteBlock256 block = QuantizeRef<ByteBlock256>(x, 1, 256)[0];
  for (size_t i = 0; i < 256; ++i) {
    EXPECT_NEAR(block.scale * block.codes[i], x[i], 0.5001f * block.scale);
  }
  EXPECT_EQ(block.sums32[1], std::accumulate(block.codes + 32, block.codes + 64, 0));
  EXPECT_EQ(block.negative_sums16[15], -std::accumulate(block.codes + 240, block.codes + 256, 0));
}

template <typename Block>
class QuantGemmTest : public testing::Test {};
using WeightBlocks =
    testing::Types<BlockQ4_0, BlockQ4_1, BlockQ5_0, BlockQ5_1, BlockQ8_0, BlockIQ4_NL, BlockMXFP4,
                   BlockQ2_K, BlockQ3_K, BlockQ4_K, BlockQ5_K, BlockQ6_K, BlockIQ4_XS>;
TYPED_TEST_SUITE(QuantGemmTest, WeightBlocks);

struct Shape {
  size_t M, N, num_blocks;
};
const Shape kShapes[] = {{1, 1, 1},  {1, 32, 3}, {2, 33, 2}, {3, 31, 1},  {4, 64, 2},  {5, 65, 3},
                         {6, 40, 1}, {7, 16, 4}, {9, 97, 2}, {13, 32, 1}, {29, 70, 5}, {200, 5, 1}};

TYPED_TEST(QuantGemmTest, EqualsReference) {
  using Block = TypeParam;
  using Activations = typename IntegerView<Block>::Activations;
  ASSERT_TRUE(HasIntegerKernel(Block::kType));
  ASSERT_EQ(ActivationBlockSize(Block::kType), Activations::kSize);
  for (const Shape& shape : kShapes) {
    const size_t M = shape.M, N = shape.N, num_blocks = shape.num_blocks;
    SCOPED_TRACE(testing::Message() << M << "x" << N << "x" << num_blocks << " blocks");
    const size_t K = num_blocks * Block::kSize, row_bytes = num_blocks * sizeof(Block);
    const std::vector<uint8_t> weights = RandomBlocks<Block>(N * num_blocks, N);
    const std::vector<float> x = RandomRows(M * K, 100 + M);
    const std::vector<Activations> blocks = QuantizeRef<Activations>(x, M, K);
    const size_t stride = N + 3;
    std::vector<float> expected(M * stride, -1.0f), residual = RandomRows(M * stride, 3);
    // The last row of weights comes first, as a reader of a file may want it.
    std::vector<uint32_t> order(N);
    for (size_t n = 0; n < N; ++n) order[n] = static_cast<uint32_t>((n + N - 1) % N);
    {
      const ScopedFlushDenormals flush;
      for (size_t m = 0; m < M; ++m) {
        for (size_t n = 0; n < N; ++n) {
          expected[m * stride + n] = QuantDotRef<Block>(&weights[order[n] * row_bytes],
                                                        &blocks[m * num_blocks], num_blocks);
        }
      }
    }
    ForEveryByteMachine([&](ThreadPool& pool) {
      Scratch memory;
      uint8_t* packed = memory.Get<uint8_t>(PackedQuantBytes(Block::kType, N, K));
      const PackedQuant w = PackQuant(Block::kType, weights.data(), N, K, order, packed, pool);
      const QuantizedRows<Activations> rows = {blocks.data(), K};
      std::vector<float> c(M * stride, -1.0f);
      QuantGemm(M, rows, w, {.data = c.data(), .row_stride = stride}, pool);
      ExpectEqualBits(expected, c);

      std::vector<BFloat16> half(M * stride, BFloat16{7});
      QuantGemm(M, rows, w, {.store = GemmStore::kBF16, .data = half.data(), .row_stride = stride},
                pool);
      std::vector<float> sum = residual;
      QuantGemm(M, rows, w,
                {.store = GemmStore::kResidual,
                 .data = sum.data(),
                 .row_stride = stride,
                 .residual = sum.data()},
                pool);
      for (size_t i = 0; i < c.size(); ++i) {
        const bool inside = i % stride < N;
        const uint16_t expected_half = inside ? ToBFloat16(expected[i]).bits : uint16_t{7};
        ASSERT_EQ(half[i].bits, expected_half) << i;
        const float expected_sum = inside ? residual[i] + expected[i] : residual[i];
        ASSERT_EQ(std::bit_cast<uint32_t>(sum[i]), std::bit_cast<uint32_t>(expected_sum)) << i;
      }
    });
  }
}

// The largest sums: all codes at their extremes. Saturating instructions would show here.
TYPED_TEST(QuantGemmTest, ExtremesDoNotSaturate) {
  using Block = TypeParam;
  using Activations = typename IntegerView<Block>::Activations;
  constexpr size_t kN = 4, kBlocks = 2, kK = kBlocks * Block::kSize;
  std::vector<uint8_t> weights(kN * kBlocks * sizeof(Block));
  for (size_t n = 0; n < kN; ++n) {
    // All bits set, all clear, the sign alone, all but the sign.
    const uint8_t fill[] = {0xff, 0x00, 0x80, 0x7f};
    const size_t row_bytes = kBlocks * sizeof(Block);
    std::memset(&weights[n * row_bytes], fill[n], row_bytes);
    for (size_t b = 0; b < kBlocks; ++b) {
      Block block;
      uint8_t* at = &weights[n * row_bytes + b * sizeof(Block)];
      std::memcpy(&block, at, sizeof(Block));
      const auto one = [](uint8_t* half) { half[0] = 0, half[1] = 0x3c; };
      if constexpr (requires { block.d; }) one(block.d);
      if constexpr (requires { block.dmin; }) one(block.dmin);
      if constexpr (requires { block.m; }) one(block.m);
      if constexpr (requires { block.e; }) block.e = 128;
      std::memcpy(at, &block, sizeof(Block));
    }
  }
  for (const float sign : {1.0f, -1.0f}) {
    const std::vector<float> x(kK, sign);
    const std::vector<Activations> blocks = QuantizeRef<Activations>(x, 1, kK);
    std::vector<float> expected(kN);
    for (size_t n = 0; n < kN; ++n) {
      expected[n] =
          QuantDotRef<Block>(&weights[n * kBlocks * sizeof(Block)], blocks.data(), kBlocks);
    }
    ForEveryByteMachine([&](ThreadPool& pool) {
      Scratch memory;
      uint8_t* packed = memory.Get<uint8_t>(PackedQuantBytes(Block::kType, kN, kK));
      const PackedQuant w = PackQuant(Block::kType, weights.data(), kN, kK, {}, packed, pool);
      std::vector<float> c(kN);
      QuantGemm<Activations>(1, {blocks.data(), kK}, w, {.data = c.data(), .row_stride = kN}, pool);
      ExpectEqualBits(expected, c);
    });
  }
}

}  // namespace
}  // namespace cambium
