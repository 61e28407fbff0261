// SPDX-License-Identifier: Apache-2.0
// What the operation table (tensor/ops/matmul_rows.cc) does not say about products: how sources of
// other types are packed.
#include "numerics/gemm.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "base/philox.h"
#include "numerics/machines_test_util.h"

namespace cambium {
namespace {

struct Shape {
  size_t M, N, K;
};

// 0, 1, around the lane and tile sizes, odd depths, depths beyond one block.
const Shape kShapes[] = {{1, 1, 1},      {1, 16, 2},  {6, 64, 8},    {7, 65, 9},
                         {5, 15, 31},    {13, 48, 7}, {12, 33, 64},  {64, 96, 100},
                         {200, 70, 130}, {3, 129, 1}, {2, 17, 1025}, {8, 40, 2051},
                         {0, 16, 4},     {4, 0, 4},   {1, 200, 513}};

template <typename T>
std::vector<T> RandomVector(size_t size, uint64_t stream) {
  const Philox random(11, RandomPurpose::kTest);
  std::vector<T> x(size);
  for (size_t i = 0; i < size; ++i) {
    const PhiloxBlock bits = random.Block(stream, i);
    const float value = (UniformFromBits(bits[0]) - 0.5f) *
                        ToFloat(BFloat16{static_cast<uint16_t>(0x3f80 + (bits[1] % 5 << 7))});
    x[i] = FromFloat<T>(value);
  }
  return x;
}

TEST(Pack, FloatSourceRoundsLikeBFloat16) {
  const size_t N = 67, K = 135;
  const auto source = RandomVector<float>(N * K, 7);
  std::vector<BFloat16> rounded(source.size());
  for (size_t i = 0; i < source.size(); ++i) rounded[i] = ToBFloat16(source[i]);
  ForEveryMachine([&](ThreadPool& pool) {
    std::vector<BFloat16> from_f32(PackedSize(N, K)), from_bf16(PackedSize(N, K));
    PackRows(source.data(), N, K, K, from_f32.data(), pool);
    PackRows(rounded.data(), N, K, K, from_bf16.data(), pool);
    EXPECT_EQ(std::memcmp(from_f32.data(), from_bf16.data(), from_f32.size() * 2), 0);
    std::vector<BFloat16> c32(PackedSize(K, N)), c16(PackedSize(K, N));
    PackColumns(source.data(), N, K, K, c32.data(), pool);
    PackColumns(rounded.data(), N, K, K, c16.data(), pool);
    EXPECT_EQ(std::memcmp(c32.data(), c16.data(), c32.size() * 2), 0);
  });
}

// Halves are stored only: the products are those of the floats that they stand for.
TEST(GemmHalfTest, EqualsTheProductOfTheWidenedWeights) {
  for (const Shape& shape : kShapes) {
    const size_t M = shape.M, N = shape.N, K = shape.K;
    SCOPED_TRACE(testing::Message() << M << "x" << N << "x" << K);
    const std::vector<float> x = RandomVector<float>(M * K, 1),
                             values = RandomVector<float>(N * K, 2);
    std::vector<Float16> halves(N * K);
    for (size_t i = 0; i < halves.size(); ++i) {
      // Denormal halves too.
      halves[i] = ToFloat16(i % 5 == 0 ? values[i] * 1e-6f : values[i]);
    }
    std::vector<uint32_t> order(N);
    for (size_t n = 0; n < N; ++n) order[n] = static_cast<uint32_t>(N - 1 - n);
    std::vector<float> widened(N * K);
    for (size_t i = 0; i < widened.size(); ++i) {
      widened[i] = ToFloat(halves[order[i / K] * K + i % K]);
    }
    ForEveryMachine([&](ThreadPool& pool) {
      Scratch memory, half_memory;
      const PackedB<float> b =
          PackRows(widened.data(), N, K, K, memory.Get<float>(PackedSize(N, K) + 1), pool);
      const PackedB<Float16> h =
          PackHalfRows(reinterpret_cast<const uint8_t*>(halves.data()), N, K, order,
                       half_memory.Get<Float16>(PackedSize(N, K) + 1), pool);
      std::vector<float> expected(M * N), actual(M * N);
      Gemm(M, RowMajorA(x.data(), K), b, {.data = expected.data(), .row_stride = N}, pool);
      Gemm(M, RowMajorA(x.data(), K), h, {.data = actual.data(), .row_stride = N}, pool);
      ExpectEqualBits(expected, actual);
    });
  }
}

}  // namespace
}  // namespace cambium
