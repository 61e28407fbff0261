// SPDX-License-Identifier: Apache-2.0
// The operation table proves that kernels equal references and that gradients fit their forward
// functions; here the forward formulas themselves are compared with the textbook in double.
// Tolerances are k eps of the size of the terms (eps = 2^-24), k the number of roundings.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "base/philox.h"
#include "numerics/trig.h"
#include "tensor/ops/activation.h"
#include "tensor/ops/adamw.h"
#include "tensor/ops/cross_entropy.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/muon.h"
#include "tensor/ops/rms_norm.h"
#include "tensor/ops/rope.h"
#include "tensor/ops/softcap.h"

namespace cambium::ops {
namespace {

constexpr double kEps = 0x1p-24;

std::vector<float> Random(size_t n, uint64_t stream, float low, float high) {
  const Philox philox(5, RandomPurpose::kTest);
  std::vector<float> x(n);
  for (size_t i = 0; i < n; ++i) x[i] = low + (high - low) * philox.Uniform(stream, i);
  return x;
}
Tensor F32(std::vector<float>& x, std::initializer_list<size_t> dims) {
  return Tensor(x.data(), DType::kF32, dims);
}
Tensor F32(std::vector<float>& x) { return F32(x, {x.size()}); }

TEST(Formulas, RmsNorm) {
  constexpr size_t C = 777;
  ThreadPool pool(1);
  auto x = Random(C, 1, -3, 5), w = Random(C, 2, 0, 2);
  std::vector<float> y(C), r(1);
  RmsNormForward(F32(x, {1, C}), F32(w), 1e-5f, F32(y, {1, C}), F32(r), pool);
  double squares = 0;
  for (const double v : x) squares += v * v;
  const double exact_r = 1 / std::sqrt(squares / C + static_cast<double>(1e-5f));
  EXPECT_NEAR(r[0], exact_r, 60 * kEps * exact_r);  // 49 additions per partial sum, tree, sqrt
  for (size_t i = 0; i < C; ++i) {
    const double exact = static_cast<double>(x[i]) * exact_r * static_cast<double>(w[i]);
    EXPECT_NEAR(y[i], exact, 64 * kEps * std::fabs(exact));
  }
}

TEST(Formulas, CrossEntropyIsTheNegativeLogProbability) {
  constexpr size_t V = 1003;
  ThreadPool pool(1);
  for (const float cap : {0.0f, 12.0f}) {
    auto logits = Random(V, 3, -30, 30);
    std::vector<double> z(logits.begin(), logits.end());
    if (cap > 0) {
      for (double& v : z) v = 12.0 * std::tanh(v / 12.0);
    }
    double sum = 0;
    for (const double v : z) sum += std::exp(v);
    const std::vector<int32_t> targets = {17};
    std::vector<float> loss(1), dlogits(V);
    CrossEntropy(F32(logits, {1, V}), targets, F32(loss), F32(dlogits, {1, V}), pool,
                 {.softcap = cap, .scale = 0.25f});
    EXPECT_NEAR(loss[0], std::log(sum) - z[17], 100 * kEps * 60);
    double total = 0;
    for (size_t i = 0; i < V; ++i) {
      const double slope = cap > 0 ? 1 - z[i] * z[i] / 144.0 : 1.0;
      const double exact = 0.25 * slope * (std::exp(z[i]) / sum - (i == 17 ? 1.0 : 0.0));
      EXPECT_NEAR(dlogits[i], exact, 200 * kEps * (std::fabs(exact) + 1e-3));
      total += static_cast<double>(dlogits[i]);
    }
    if (cap == 0) {
      EXPECT_NEAR(total, 0.0, 100 * kEps);
    }
  }
}

TEST(Formulas, CrossEntropyStaysFiniteForHugeLogitsAndSpreadsNaN) {
  ThreadPool pool(1);
  std::vector<float> logits = {3e38f, -3e38f, 1.0f, NAN, 0.0f, 1.0f};
  std::vector<float> loss(2), dlogits(6);
  const std::vector<int32_t> targets = {0, 1};
  CrossEntropy(F32(logits, {2, 3}), targets, F32(loss), F32(dlogits, {2, 3}), pool);
  EXPECT_EQ(loss[0], 0.0f);
  EXPECT_EQ(dlogits[0], 0.0f);
  EXPECT_TRUE(std::isnan(loss[1]));
  EXPECT_TRUE(std::isnan(dlogits[5]));
}

// The score of two rotated vectors depends on the difference of their positions only, and a
// rotation keeps lengths.
TEST(Formulas, RopeScoresDependOnDistance) {
  constexpr size_t D = 64, kPositions = 200;
  ThreadPool pool(1);
  std::vector<float> cosines(kPositions * D / 2), sines(cosines.size());
  RopeTable(10000.0, D, kPositions, cosines.data(), sines.data());
  const RopeTables tables = {cosines.data(), sines.data(), kPositions, D};
  for (const RopePairs pairs : {RopePairs::kHalfSplit, RopePairs::kInterleaved}) {
    const auto score = [&](int32_t q_position, int32_t k_position) {
      auto q = Random(D, 5, -1, 1), k = Random(D, 6, -1, 1);
      const std::vector<int32_t> at_q = {q_position}, at_k = {k_position};
      RopeForward(F32(q, {1, 1, D}), at_q, tables, pairs, pool);
      RopeForward(F32(k, {1, 1, D}), at_k, tables, pairs, pool);
      return std::inner_product(q.begin(), q.end(), k.begin(), 0.0);
    };
    EXPECT_NEAR(score(7, 0), score(199, 192), 4 * kEps * D);
    EXPECT_GT(std::fabs(score(7, 0) - score(8, 0)), 1e-3);
  }
}

TEST(Formulas, Activations) {
  ThreadPool pool(1);
  auto x = Random(999, 7, -8, 8);
  std::vector<float> a(x.size());
  const auto expect = [&](Activation act, double (*exact)(double)) {
    ActivationForward(act, F32(x, {1, x.size()}), F32(a, {1, x.size()}), pool);
    for (size_t i = 0; i < x.size(); ++i) {
      const double value = exact(static_cast<double>(x[i]));
      EXPECT_NEAR(a[i], value, 1e-12 + 40 * kEps * std::fabs(value)) << x[i];
    }
  };
  expect(Activation::kSilu, [](double v) { return v / (1 + std::exp(-v)); });
  expect(Activation::kRelu2, [](double v) { return v > 0 ? v * v : 0.0; });
  // x / 2 (1 + tanh u) = x / (1 + exp(-2u)), without the cancellation.
  expect(Activation::kGelu, [](double v) {
    const double u = std::sqrt(2 / 3.14159265358979323846) * (v + 0.044715 * v * v * v);
    return v / (1 + std::exp(-2 * u));
  });
}

TEST(Formulas, Softcap) {
  ThreadPool pool(1);
  auto x = Random(500, 8, -100, 100);
  std::vector<float> y(x.size());
  SoftcapForward(F32(x), 15.0f, F32(y), pool);
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_NEAR(y[i], 15.0 * std::tanh(static_cast<double>(x[i]) / 15.0), 5 * kEps * 15);
  }
}

TEST(Formulas, AdamWFollowsAlgorithm2) {
  ThreadPool pool(1);
  constexpr double kLr = 0.01, kBeta1 = 0.9, kBeta2 = 0.99, kDecay = 0.1;
  std::vector<float> w = {1.0f, -2.0f}, m(2), v(2);
  double exact_w[2] = {1, -2}, exact_m[2] = {}, exact_v[2] = {};
  for (int t = 1; t <= 20; ++t) {
    auto g = Random(2, 100 + static_cast<uint64_t>(t), -1, 1);
    const AdamWStep step = WithBiasCorrection({.lr = static_cast<float>(kLr),
                                               .beta1 = static_cast<float>(kBeta1),
                                               .beta2 = static_cast<float>(kBeta2),
                                               .eps = 1e-8f,
                                               .weight_decay = static_cast<float>(kDecay),
                                               .grad_scale = 0.5f,
                                               .m_correction = 1,
                                               .v_correction = 1},
                                              t);
    AdamWUpdate(F32(w), F32(g), F32(m), F32(v), step, pool);
    for (int i = 0; i < 2; ++i) {
      const double gradient = 0.5 * static_cast<double>(g[static_cast<size_t>(i)]);
      exact_m[i] = kBeta1 * exact_m[i] + (1 - kBeta1) * gradient;
      exact_v[i] = kBeta2 * exact_v[i] + (1 - kBeta2) * gradient * gradient;
      const double m_hat = exact_m[i] / (1 - std::pow(kBeta1, t));
      const double v_hat = exact_v[i] / (1 - std::pow(kBeta2, t));
      exact_w[i] -= kLr * (m_hat / (std::sqrt(v_hat) + 1e-8) + kDecay * exact_w[i]);
    }
  }
  for (size_t i = 0; i < 2; ++i) EXPECT_NEAR(w[i], exact_w[i], 2e-6);  // beta is rounded to f32
}

// A parameter without gradient: its moments reach exactly 0, never a denormal.
TEST(Formulas, MomentsDecayToZero) {
  ThreadPool pool(1);
  std::vector<float> w = {1.0f}, g = {0.0f}, m = {1e-20f}, v = {1e-25f}, u(1);
  const AdamWStep step = {.lr = 0,
                          .beta1 = 0.9f,
                          .beta2 = 0.9f,
                          .eps = 1e-8f,
                          .weight_decay = 0,
                          .grad_scale = 1,
                          .m_correction = 1,
                          .v_correction = 1};
  for (int t = 0; t < 400; ++t) AdamWUpdate(F32(w), F32(g), F32(m), F32(v), step, pool);
  EXPECT_EQ(m[0], 0.0f);
  EXPECT_EQ(v[0], 0.0f);
  EXPECT_EQ(w[0], 1.0f);
}

TEST(Formulas, MuonMomentumAndUpdate) {
  ThreadPool pool(1);
  std::vector<float> g = {2.0f}, m = {1.0f}, u(1), w = {3.0f}, x = {0.5f};
  const MuonStep step = {.lr = 0.02f, .momentum = 0.95f, .weight_decay = 0.1f, .grad_scale = 0.5f};
  MuonMomentum(F32(g), F32(m), F32(u), step, pool);
  EXPECT_NEAR(m[0], 1.0, 2 * kEps);  // lerp(1, 1, .)
  EXPECT_NEAR(u[0], 1.0, 2 * kEps);
  MuonUpdate(F32(w), F32(x), MuonScale(8, 2), step, pool);
  EXPECT_NEAR(w[0], 3.0 - 0.02 * 0.1 * 3.0 - 0.02 * 2.0 * 0.5, 8 * kEps);
}

TEST(Formulas, SumSquaresAndNonFinite) {
  ThreadPool pool(2, /*pin=*/false);
  auto x = Random(200003, 9, -1, 1);
  double exact = 0;
  for (const double v : x) exact += v * v;
  EXPECT_NEAR(SumSquares(F32(x), pool), exact, 1e-5 * exact);
  EXPECT_FALSE(HasNonFinite(F32(x), pool));
  for (const float bad : {INFINITY, -INFINITY, NAN}) {
    for (const size_t at : {size_t{0}, size_t{131072}, x.size() - 1}) {
      const float saved = x[at];
      x[at] = bad;
      EXPECT_TRUE(HasNonFinite(F32(x), pool));
      x[at] = saved;
    }
  }
}

}  // namespace
}  // namespace cambium::ops
