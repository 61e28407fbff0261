// SPDX-License-Identifier: Apache-2.0
#include "numerics/trig.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/hash.h"
#include "base/philox.h"
#include "numerics/random_fill.h"

namespace cambium {
namespace {

constexpr double kEps = 4e-16;

double Uniform(uint64_t i, double low, double high) {
  const uint64_t bits = Philox(2, RandomPurpose::kTest).Bits64(0, i);
  return low + (high - low) * (static_cast<double>(bits >> 11) * 0x1p-53);
}

TEST(Trig, ErrorsAreAsStated) {
  double worst_sin = 0, worst_exp = 0, worst_log = 0;
  for (uint64_t i = 0; i < 200000; ++i) {
    const double range = i % 3 == 0 ? 1e6 : i % 3 == 1 ? 10.0 : 1000.0;
    const double x = Uniform(i, -range, range);
    worst_sin =
        std::max(worst_sin, static_cast<double>(std::fabs(Sin(x) - std::sin((long double)x))));
    worst_sin =
        std::max(worst_sin, static_cast<double>(std::fabs(Cos(x) - std::cos((long double)x))));
    const double y = Uniform(i, -700, 700);
    const long double exact_exp = std::exp((long double)y);
    worst_exp = std::max(worst_exp, static_cast<double>(std::fabs(Exp(y) / exact_exp - 1)));
    const double z = i % 2 == 0 ? std::exp(y) : Uniform(i, 0.5, 2.0);
    const long double exact_log = std::log((long double)z);
    worst_log = std::max(worst_log, static_cast<double>(std::fabs(Log(z) - exact_log) /
                                                        std::fmax(0.5L, std::fabs(exact_log))));
  }
  printf("  sin/cos %.3g  exp %.3g  log %.3g\n", worst_sin, worst_exp, worst_log);
  EXPECT_LT(worst_sin, 2e-16);
  EXPECT_LT(worst_exp, kEps);
  EXPECT_LT(worst_log, kEps);
  EXPECT_EQ(Log(1.0), 0.0);
  EXPECT_EQ(Exp(0.0), 1.0);
  EXPECT_NEAR(Pow(10000.0, -0.5), 0.01, 1e-17);
}

TEST(Trig, CosineDecayEndsAtZero) {
  EXPECT_EQ(CosineDecay(0.0), 1.0);
  EXPECT_NEAR(CosineDecay(0.5), 0.5, 1e-16);
  EXPECT_EQ(CosineDecay(1.0), 0.0);
}

TEST(Trig, RopeTableIsRoundedFromTheExactAngles) {
  constexpr size_t kRot = 64, kPositions = 3000;
  std::vector<float> cosines(kPositions * kRot / 2), sines(cosines.size());
  RopeTable(10000.0, kRot, kPositions, cosines.data(), sines.data());
  for (size_t position = 0; position < kPositions; position += 7) {
    for (size_t i = 0; i < kRot / 2; ++i) {
      const long double angle =
          static_cast<long double>(position) * std::pow(10000.0L, -2.0L * i / kRot);
      EXPECT_NEAR(cosines[position * kRot / 2 + i], std::cos(angle), 6e-8);
      EXPECT_NEAR(sines[position * kRot / 2 + i], std::sin(angle), 6e-8);
    }
  }
}

TEST(Trig, RopeTableIsMadeInPiecesOfAnySize) {
  constexpr size_t kFrequencies = 24, kPositions = 300;
  std::vector<double> frequencies(kFrequencies);
  RopeFrequencies(10000.0, 2 * kFrequencies, frequencies.data());
  for (const double magnitude : {1.0, 1.19}) {
    std::vector<float> cosines(kPositions * kFrequencies), sines(cosines.size());
    RopeTable(frequencies.data(), kFrequencies, magnitude, {0, kPositions}, cosines.data(),
              sines.data());
    EXPECT_EQ(cosines[0], static_cast<float>(magnitude));
    std::vector<float> pieces(cosines.size()), piece_sines(cosines.size());
    for (size_t first = 0, size = 1; first < kPositions; first += size, size += 7) {
      RopeTable(frequencies.data(), kFrequencies, magnitude,
                {first, std::min(size, kPositions - first)}, pieces.data() + first * kFrequencies,
                piece_sines.data() + first * kFrequencies);
    }
    EXPECT_EQ(pieces, cosines);
    EXPECT_EQ(piece_sines, sines);
  }
}

TEST(RandomFill, NormalHasTheRightMomentsAndIsAFunctionOfTheElement) {
  const Philox philox(7, RandomPurpose::kInit);
  std::vector<float> all(1 << 20);
  FillNormal(philox, 3, 0.5, all);
  double sum = 0, squares = 0, fourth = 0;
  for (const float z : all) {
    const double y = 2.0 * static_cast<double>(z);
    sum += y, squares += y * y, fourth += y * y * y * y;
  }
  const double n = static_cast<double>(all.size());
  EXPECT_NEAR(sum / n, 0.0, 4e-3);      // 4 standard errors: 1 / sqrt(n) = 1e-3
  EXPECT_NEAR(squares / n, 1.0, 6e-3);  // sqrt(2 / n)
  EXPECT_NEAR(fourth / n, 3.0, 4e-2);   // sqrt(96 / n)
  std::vector<float> part(101);
  FillNormal(philox, 3, 0.5, part, 1000);
  for (size_t i = 0; i < part.size(); ++i) EXPECT_EQ(part[i], all[1000 + i]);
  FillNormal(philox, 4, 0.5, part, 1000);
  EXPECT_NE(part[0], all[1000]);
}

TEST(RandomFill, UniformStaysInRange) {
  std::vector<float> all(10001);
  FillUniform(Philox(7, RandomPurpose::kInit), 3, -2.0, 1.0, all);
  double sum = 0;
  for (const float x : all) {
    EXPECT_GE(x, -2.0f);
    EXPECT_LE(x, 1.0f);
    sum += static_cast<double>(x);
  }
  EXPECT_NEAR(sum / 10001, -0.5, 0.04);
}

// The bits themselves, recorded on x86-64: every machine must reproduce them.
TEST(RandomFill, GoldenBits) {
  std::vector<float> values(4096), cosines(512 * 16), sines(512 * 16);
  FillNormal(Philox(1234, RandomPurpose::kInit), 5, 0.02, values);
  RopeTable(100000.0, 32, 512, cosines.data(), sines.data());
  Sha256 hash;
  hash.Update(values.data(), values.size() * sizeof(float));
  hash.Update(cosines.data(), cosines.size() * sizeof(float));
  hash.Update(sines.data(), sines.size() * sizeof(float));
  EXPECT_EQ(ToHex(hash.Finish()),
            "6f0b2e4fde61456be514bcc50e9c708176545bb9e5fc2d4ffa863f6ea6ee85c2");
}

}  // namespace
}  // namespace cambium
