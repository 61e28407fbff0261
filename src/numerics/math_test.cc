// SPDX-License-Identifier: Apache-2.0
// The elementary functions: SIMD equals the scalar definition on every target, and the definition
// keeps the errors stated in math_ref.h, over a stride of all f32 bit patterns.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "numerics/math_test.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "numerics/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {
namespace {

enum Function { kExp, kLog, kTanh, kSigmoid, kGelu, kGeluGradient, kSilu, kSiluGradient, kExpNp };

void Apply(int function, const float* x, float* y, size_t n) {
  for (size_t i = 0; i < n; i += kLanes) {
    const Vec16 v = Load(x + i);
    Vec16 r = v;
    switch (function) {
      case kExp:
        r = Exp(v);
        break;
      case kLog:
        r = Log(v);
        break;
      case kTanh:
        r = Tanh(v);
        break;
      case kSigmoid:
        r = Sigmoid(v);
        break;
      case kGelu:
        r = Gelu(v);
        break;
      case kGeluGradient:
        r = GeluGradient(v);
        break;
      case kSilu:
        r = Silu(v);
        break;
      case kSiluGradient:
        r = SiluGradient(v);
        break;
      case kExpNp:
        r = ExpNonPositive(Min(v, Zero()), math::kSoftmaxLowest);
        break;
    }
    Store(r, y + i);
  }
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

#include "base/hash.h"
#include "base/thread_pool.h"
#include "numerics/simd_target.h"

namespace cambium {
namespace {

HWY_EXPORT(Apply);

// Coprime to 2^32; reaches every exponent with about 1000 mantissas each and sign.
constexpr uint32_t kStride = 8191;

struct FunctionCase {
  const char* name;
  float (*reference)(float);
  double (*exact)(double);  // null: the error is not stated
  double max_ulp;
  float low, high;  // where max_ulp holds
};

double ExactGelu(double x) { return RefGelu(x); }
double ExactSilu(double x) { return RefSilu(x); }
float SoftmaxTerm(float x) { return RefExpNonPositive(x < 0.0f ? x : 0.0f, math::kSoftmaxLowest); }

const FunctionCase kCases[] = {
    {"exp", RefExp, RefExp, 1.0, -80.0f, 88.7228f},
    {"log", RefLog, RefLog, 1.0, 0x1p-126f, 3.4e38f},
    {"tanh", RefTanh, RefTanh, 2.3, -3.4e38f, 3.4e38f},
    {"sigmoid", RefSigmoid, RefSigmoid, 2.1, -80.0f, 3.4e38f},
    {"gelu", RefGelu<float>, ExactGelu, 2.5, -1.0f, 3.4e38f},
    {"gelu gradient", RefGeluGradient<float>, nullptr, 0, 0, 0},
    {"silu", RefSilu<float>, ExactSilu, 3.1, -80.0f, 3.4e38f},
    {"silu gradient", RefSiluGradient<float>, nullptr, 0, 0, 0},
    {"exp of non-positive", SoftmaxTerm, nullptr, 0, 0, 0},
};

bool IsDenormal(float x) { return x != 0.0f && std::fpclassify(x) == FP_SUBNORMAL; }

// Units in the last place of the exact value rounded to f32.
double UlpError(float got, double exact) {
  int exponent;
  std::frexp(exact, &exponent);
  const double ulp = std::ldexp(1.0, std::max(exponent - 24, -149));
  return std::fabs(static_cast<double>(got) - exact) / ulp;
}

std::vector<float> Inputs() {
  std::vector<float> x;
  uint32_t bits = 0;
  for (uint64_t i = 0; i < (uint64_t{1} << 32) / kStride; ++i, bits += kStride) {
    x.push_back(std::bit_cast<float>(bits));
  }
  for (const float edge : {0.0f, -0.0f, 1.0f, -1.0f, -80.0f, std::nextafterf(-80.0f, -100.0f),
                           math::kExpHighest, std::nextafterf(math::kExpHighest, 100.0f), 9.02f,
                           INFINITY, -INFINITY, NAN, 0x1p-126f, 3.402823466e38f, 88.0f, 88.376f}) {
    x.push_back(edge);
  }
  for (int i = -200000; i <= 200000; ++i) x.push_back(static_cast<float>(i) * 5e-4f);
  while (x.size() % 16 != 0) x.push_back(0.5f);
  return x;
}

TEST(Math, SimdEqualsDefinitionOnEveryTarget) {
  const ScopedFlushDenormals flush;
  const std::vector<float> x = Inputs();
  std::vector<float> y(x.size());
  for (const SimdTarget target : AvailableSimdTargets()) {
    SetSimdTarget(target);
    for (size_t f = 0; f < std::size(kCases); ++f) {
      HWY_DYNAMIC_DISPATCH(Apply)(static_cast<int>(f), x.data(), y.data(), x.size());
      for (size_t i = 0; i < x.size(); ++i) {
        const float expected = kCases[f].reference(x[i]);
        const bool both_nan = std::isnan(expected) && std::isnan(y[i]);
        ASSERT_TRUE(both_nan || std::bit_cast<uint32_t>(expected) == std::bit_cast<uint32_t>(y[i]))
            << kCases[f].name << " on " << SimdTargetName(target) << ": x = " << x[i]
            << " expected " << expected << " got " << y[i];
      }
    }
  }
  SetSimdTarget(AvailableSimdTargets().back());
}

// The bits themselves, recorded on x86-64: every machine must reproduce them (NaN as one NaN).
TEST(Math, GoldenBits) {
  const ScopedFlushDenormals flush;
  Sha256 hash;
  for (const FunctionCase& c : kCases) {
    for (const float x : Inputs()) {
      const float y = c.reference(x);
      const uint32_t bits = std::isnan(y) ? 0x7fc00000u : std::bit_cast<uint32_t>(y);
      hash.Update(&bits, sizeof(bits));
    }
  }
  EXPECT_EQ(ToHex(hash.Finish()),
            "1e720c96d5eae96ec2e4a8f3b28632ddfdf31d19016edfded538c5fe057ad829");
}

TEST(Math, ErrorsAreAsStated) {
  const std::vector<float> x = Inputs();
  for (const FunctionCase& c : kCases) {
    if (c.exact == nullptr) continue;
    double worst = 0;
    float worst_x = 0;
    for (const float value : x) {
      if (!(value >= c.low && value <= c.high) || IsDenormal(value)) continue;
      const double exact = c.exact(static_cast<double>(value));
      if (std::fabs(exact) < 0x1p-126 || !(std::fabs(exact) <= 0x1.fffffep127)) continue;
      float got;
      {
        const ScopedFlushDenormals flush;
        got = c.reference(value);
      }
      const double error = UlpError(got, exact);
      if (error > worst) {
        worst = error;
        worst_x = value;
      }
    }
    printf("  %-8s worst error %.3f ULP at %.9g\n", c.name, worst, static_cast<double>(worst_x));
    EXPECT_LE(worst, c.max_ulp) << c.name << " at " << worst_x;
  }
}

TEST(Math, SpecialValues) {
  const ScopedFlushDenormals flush;
  EXPECT_EQ(RefExp(-80.1f), 0.0f);
  EXPECT_GT(RefExp(-80.0f), 0.0f);
  EXPECT_EQ(RefExp(-INFINITY), 0.0f);
  EXPECT_EQ(RefExp(0.0f), 1.0f);
  EXPECT_TRUE(std::isfinite(RefExp(math::kExpHighest)));
  EXPECT_EQ(RefExp(std::nextafterf(math::kExpHighest, 100.0f)), INFINITY);
  EXPECT_TRUE(std::isnan(RefExp(NAN)));
  EXPECT_EQ(RefLog(0.0f), -INFINITY);
  EXPECT_TRUE(std::isnan(RefLog(-1.0f)));
  EXPECT_TRUE(std::isnan(RefLog(NAN)));
  EXPECT_EQ(RefLog(INFINITY), INFINITY);
  EXPECT_EQ(RefLog(1.0f), 0.0f);
  EXPECT_EQ(RefTanh(9.02f), 1.0f);
  EXPECT_EQ(RefTanh(-INFINITY), -1.0f);
  EXPECT_TRUE(std::isnan(RefTanh(NAN)));
  EXPECT_TRUE(std::signbit(RefTanh(-0.0f)));
  EXPECT_EQ(RefSigmoid(-81.0f), 0.0f);
  EXPECT_EQ(RefSigmoid(0.0f), 0.5f);
  EXPECT_TRUE(std::isnan(RefSigmoid(NAN)));
}

}  // namespace
}  // namespace cambium
#endif  // HWY_ONCE
