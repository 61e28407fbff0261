// SPDX-License-Identifier: Apache-2.0
// Gemm and packing against the plain loops of gemm_ref.h, by memcmp, on every SIMD target, at
// awkward shapes, strides and thread counts. Buffers end in NaN guards.
#include "numerics/gemm.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <vector>

#include "base/philox.h"
#include "numerics/gemm_ref.h"
#include "numerics/simd_target.h"

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

template <typename T>
class GemmTest : public testing::Test {};
using ElementTypes = testing::Types<float, BFloat16>;
TYPED_TEST_SUITE(GemmTest, ElementTypes);

// Runs fn for every target and thread count, with denormals flushed as in every kernel.
template <typename Fn>
void ForEveryMachine(const Fn& fn) {
  for (const SimdTarget target : AvailableSimdTargets()) {
    SetSimdTarget(target);
    for (const size_t threads : {1, 2, 3, 8}) {
      SCOPED_TRACE(testing::Message() << SimdTargetName(target) << ", threads " << threads);
      ThreadPool pool(threads, false);
      const ScopedFlushDenormals flush;
      fn(pool);
    }
  }
  SetSimdTarget(AvailableSimdTargets().back());
}

void ExpectEqualBits(const std::vector<float>& expected, const std::vector<float>& actual) {
  ASSERT_EQ(expected.size(), actual.size());
  if (expected.empty()) return;
  if (std::memcmp(expected.data(), actual.data(), expected.size() * sizeof(float)) == 0) return;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (std::memcmp(&expected[i], &actual[i], sizeof(float)) != 0) {
      FAIL() << "first difference at " << i << ": expected " << expected[i] << ", got "
             << actual[i];
    }
  }
}

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

TYPED_TEST(GemmTest, ForwardEqualsReference) {
  using T = TypeParam;
  for (const auto& [M, N, K] : kShapes) {
    SCOPED_TRACE(testing::Message() << M << "x" << N << "x" << K);
    const size_t lda = K + 3, ldc = N + 5;
    const auto a = RandomVector<T>(M * lda + 1, 1);
    const auto w = RandomVector<T>(N * K, 2);
    std::vector<float> expected(M * ldc, kNaN);
    {
      const ScopedFlushDenormals flush;
      ref::Gemm<float>(M, N, K, a.data() + 1, lda, 1, w.data(), K, 1, expected.data(), ldc, false);
    }
    const auto residual = RandomVector<float>(M * ldc, 3);
    ForEveryMachine([&](ThreadPool& pool) {
      std::vector<T> packed(PackedSize(N, K));
      const PackedB<T> b = PackRows(w.data(), N, K, K, packed.data(), pool);
      const OperandA operand = RowMajorA(a.data() + 1, lda);
      std::vector<float> c(M * ldc, kNaN);
      Gemm(M, operand, b, {.data = c.data(), .row_stride = ldc}, pool);
      ExpectEqualBits(expected, c);

      std::vector<BFloat16> rounded(M * ldc, BFloat16{0x7fc0});
      Gemm(M, operand, b, {.store = GemmStore::kBF16, .data = rounded.data(), .row_stride = ldc},
           pool);
      std::vector<float> sum(M * ldc, kNaN);
      Gemm(M, operand, b,
           {.store = GemmStore::kResidual,
            .data = sum.data(),
            .row_stride = ldc,
            .residual = residual.data()},
           pool);
      for (size_t i = 0; i < c.size(); ++i) {
        const bool inside = i % ldc < N;
        ASSERT_EQ(rounded[i].bits, inside ? ToBFloat16(c[i]).bits : 0x7fc0) << i;
        const float expected_sum = inside ? residual[i] + c[i] : kNaN;
        ASSERT_EQ(std::memcmp(&expected_sum, &sum[i], sizeof(float)), 0) << i;
      }
    });
  }
}

TYPED_TEST(GemmTest, BackwardPackingsEqualReference) {
  using T = TypeParam;
  for (const auto& [M, N, K] : kShapes) {
    SCOPED_TRACE(testing::Message() << M << "x" << N << "x" << K);
    // C[m,n] += sum_k X[k,m] Y[k,n]: both operands are stored reduction-first.
    const size_t ldx = M + 2, ldy = N + 1;
    const auto x = RandomVector<T>(K * ldx, 4);
    const auto y = RandomVector<T>(K * ldy, 5);
    const auto start = RandomVector<float>(M * N, 6);
    std::vector<float> expected = start;
    {
      const ScopedFlushDenormals flush;
      ref::Gemm<float>(M, N, K, x.data(), 1, ldx, y.data(), 1, ldy, expected.data(), N, true);
    }
    ForEveryMachine([&](ThreadPool& pool) {
      std::vector<T> packed_y(PackedSize(N, K));
      std::vector<T> packed_x(TransposedSize(M, K));
      const PackedB<T> b = PackColumns(y.data(), K, N, ldy, packed_y.data(), pool);
      const OperandA a = PackTransposedA(x.data(), K, M, ldx, packed_x.data(), pool);
      std::vector<float> c = start;
      Gemm(M, a, b, {.init = GemmInit::kLoad, .data = c.data(), .row_stride = N}, pool);
      ExpectEqualBits(expected, c);
    });
  }
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
  for (const auto& [M, N, K] : kShapes) {
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
