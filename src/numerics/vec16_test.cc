// SPDX-License-Identifier: Apache-2.0
// Vec16 against plain C++, operation by operation, on every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "numerics/vec16_test.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "numerics/vec16-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {
namespace {

constexpr size_t kNumOps = 14;

// out: kNumOps rows of 16.
void ElementWise(const float* a_in, const float* b_in, const float* c_in, float* out) {
  const Vec16 a = Load(a_in), b = Load(b_in), c = Load(c_in);
  const Vec16 results[kNumOps] = {Add(a, b),      Sub(a, b),
                                  Mul(a, b),      Div(a, b),
                                  Sqrt(Abs(a)),   Fma(a, b, c),
                                  Neg(a),         NegFma(a, b, c),
                                  Round(a),       Floor(a),
                                  Min(a, b),      Max(a, b),
                                  CopySign(a, b), SelectLess(a, b, c, a)};
  for (size_t i = 0; i < kNumOps; ++i) Store(results[i], out + i * kLanes);
}

void Reduce(const float* a, float* out) {
  out[0] = ReduceAdd(Load(a));
  out[1] = ReduceMax(Load(a));
}

void ConvertToBf16(const float* a, BFloat16* out) { Store(Load(a), out); }
void ConvertFromBf16(const BFloat16* a, float* out) { Store(Load(a), out); }

void Partial(const float* a, const BFloat16* b, size_t n, float* out, float* out_f32,
             BFloat16* out_bf16) {
  Store(LoadPartial(a, n, -7.0f), out);
  Store(LoadPartial(b, n, 3.0f), out + kLanes);
  StorePartial(Load(a), out_f32, n);
  StorePartial(Load(a), out_bf16, n);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <vector>

#include "base/philox.h"
#include "base/thread_pool.h"
#include "numerics/simd_target.h"

namespace cambium {
namespace {

HWY_EXPORT(ElementWise);
HWY_EXPORT(Reduce);
HWY_EXPORT(ConvertToBf16);
HWY_EXPORT(ConvertFromBf16);
HWY_EXPORT(Partial);

void OnEveryTarget(const std::function<void()>& body) {
  const ScopedFlushDenormals flush;
  for (const SimdTarget target : AvailableSimdTargets()) {
    SetSimdTarget(target);
    SCOPED_TRACE(SimdTargetName(target));
    body();
  }
  SetSimdTarget(AvailableSimdTargets().back());
}

// Normal numbers of all sizes; some equal pairs and zeros.
float Value(uint64_t row, uint64_t i) {
  const PhiloxBlock bits = Philox(1, RandomPurpose::kTest).Block(row, i);
  if (bits[1] % 16 == 0) return 0.0f;
  return (UniformFromBits(bits[0]) - 0.5f) * std::exp2(static_cast<float>(bits[2] % 40) - 20.0f);
}

uint32_t Bits(float x) { return std::bit_cast<uint32_t>(x); }

TEST(Vec16, ElementWiseOperationsRoundAsScalarOnes) {
  OnEveryTarget([] {
    for (uint64_t round = 0; round < 500; ++round) {
      float a[16], b[16], c[16], out[14][16];
      for (uint64_t i = 0; i < 16; ++i) {
        a[i] = Value(3 * round, i);
        b[i] = i % 5 == 0 ? a[i] : Value(3 * round + 1, i);
        c[i] = Value(3 * round + 2, i);
      }
      HWY_DYNAMIC_DISPATCH(ElementWise)(a, b, c, out[0]);
      for (size_t i = 0; i < 16; ++i) {
        const float expected[14] = {a[i] + b[i],
                                    a[i] - b[i],
                                    a[i] * b[i],
                                    a[i] / b[i],
                                    std::sqrt(std::fabs(a[i])),
                                    std::fma(a[i], b[i], c[i]),
                                    -a[i],
                                    std::fma(-a[i], b[i], c[i]),
                                    std::nearbyint(a[i]),
                                    std::floor(a[i]),
                                    a[i] < b[i] ? a[i] : b[i],
                                    a[i] > b[i] ? a[i] : b[i],
                                    std::copysign(a[i], b[i]),
                                    a[i] < b[i] ? c[i] : a[i]};
        for (size_t op = 0; op < 14; ++op) {
          ASSERT_TRUE(Bits(expected[op]) == Bits(out[op][i]) ||
                      (std::isnan(expected[op]) && std::isnan(out[op][i])))
              << "operation " << op << " of " << a[i] << ", " << b[i] << ", " << c[i] << ": "
              << expected[op] << " got " << out[op][i];
        }
      }
    }
  });
}

TEST(Vec16, MinAndMaxGiveTheSecondOperandForNaN) {
  OnEveryTarget([] {
    float a[16], b[16], c[16] = {}, out[14][16];
    for (int i = 0; i < 16; ++i) {
      a[i] = i % 2 == 0 ? NAN : 1.0f;
      b[i] = i % 2 == 0 ? 1.0f : NAN;
    }
    a[15] = 0.0f, b[15] = -0.0f;
    HWY_DYNAMIC_DISPATCH(ElementWise)(a, b, c, out[0]);
    for (const int op : {10, 11}) {
      EXPECT_EQ(out[op][0], 1.0f);
      EXPECT_TRUE(std::isnan(out[op][1]));
      EXPECT_TRUE(std::signbit(out[op][15]));
    }
  });
}

TEST(Vec16, ReduceAddIsTheTreeOfRule4) {
  OnEveryTarget([] {
    for (uint64_t round = 0; round < 1000; ++round) {
      float a[16], tree[16], largest = -INFINITY;
      for (uint64_t i = 0; i < 16; ++i) {
        tree[i] = a[i] = Value(round, i);
        largest = a[i] > largest ? a[i] : largest;
      }
      for (const size_t half : {8, 4, 2, 1}) {
        for (size_t i = 0; i < half; ++i) tree[i] += tree[i + half];
      }
      float out[2];
      HWY_DYNAMIC_DISPATCH(Reduce)(a, out);
      ASSERT_EQ(Bits(out[0]), Bits(tree[0]));
      ASSERT_EQ(out[1], largest);
    }
  });
}

// Every bf16 value widens exactly; rounding agrees with ToBFloat16 around every bf16 value.
TEST(Vec16, Bf16ConversionIsExhaustivelyEqualToTheScalarOne) {
  OnEveryTarget([] {
    for (uint32_t base = 0; base < 65536; base += 16) {
      BFloat16 narrow[16], rounded[16];
      float wide[16];
      for (uint32_t i = 0; i < 16; ++i) narrow[i] = {static_cast<uint16_t>(base + i)};
      HWY_DYNAMIC_DISPATCH(ConvertFromBf16)(narrow, wide);
      for (int i = 0; i < 16; ++i) ASSERT_EQ(Bits(wide[i]), Bits(ToFloat(narrow[i])));
      for (const uint32_t low : {0x0u, 0x1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
        for (uint32_t i = 0; i < 16; ++i) wide[i] = std::bit_cast<float>((base + i) << 16 | low);
        HWY_DYNAMIC_DISPATCH(ConvertToBf16)(wide, rounded);
        for (int i = 0; i < 16; ++i) {
          ASSERT_EQ(rounded[i].bits, ToBFloat16(wide[i]).bits) << std::hex << Bits(wide[i]);
        }
      }
    }
  });
}

TEST(Vec16, PartialLoadAndStoreTouchNothingElse) {
  OnEveryTarget([] {
    for (size_t n = 0; n <= 16; ++n) {
      // Exactly n elements at the end of the allocation, for the address sanitizer.
      std::vector<float> a(n);
      std::vector<BFloat16> b(n);
      for (size_t i = 0; i < n; ++i) {
        a[i] = static_cast<float>(i + 1);
        b[i] = ToBFloat16(static_cast<float>(i) - 4.0f);
      }
      std::vector<float> full(16, 9.0f);
      std::copy(a.begin(), a.end(), full.begin());
      float out[32];
      std::vector<float> stored(n);
      std::vector<BFloat16> stored_bf16(n);
      HWY_DYNAMIC_DISPATCH(Partial)
      (full.data(), b.data(), n, out, stored.data(), stored_bf16.data());
      for (size_t i = 0; i < 16; ++i) {
        EXPECT_EQ(out[i], i < n ? a[i] : -7.0f);
        EXPECT_EQ(out[16 + i], i < n ? ToFloat(b[i]) : 3.0f);
      }
      EXPECT_EQ(stored, a);
      for (size_t i = 0; i < n; ++i) EXPECT_EQ(ToFloat(stored_bf16[i]), a[i]);
    }
  });
}

}  // namespace
}  // namespace cambium
#endif  // HWY_ONCE
