// SPDX-License-Identifier: Apache-2.0
#include "numerics/trig.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/check.h"

namespace cambium {
namespace {

// pi/2 in three doubles; products with n < 2^20 are exact inside fma.
constexpr double kHalfPiHigh = 0x1.921fb54442d18p+0;
constexpr double kHalfPiMid = 0x1.1a62633145c07p-54;
constexpr double kHalfPiLow = -0x1.f1976b7ed8fbcp-110;
constexpr double kTwoOverPi = 0x1.45f306dc9c883p-1;
constexpr double kPi = 0x1.921fb54442d18p+1;
constexpr double kLn2High = 0x1.62e42fefa39efp-1;
constexpr double kLn2Low = 0x1.abc9e3b39803fp-56;
constexpr double kLog2E = 0x1.71547652b82fep+0;
// Adding 1.5 * 2^52 rounds to the nearest integer, ties to even.
constexpr double kRoundMagic = 0x1.8p52;

struct Reduced {
  double r;  // |r| <= pi/4
  int64_t quadrant;
};

Reduced ReduceHalfPi(double x) {
  const double n = std::fma(x, kTwoOverPi, kRoundMagic) - kRoundMagic;
  double r = std::fma(-n, kHalfPiHigh, x);
  r = std::fma(-n, kHalfPiMid, r);
  r = std::fma(-n, kHalfPiLow, r);
  return {r, static_cast<int64_t>(n)};
}

// Taylor series; the first term left out is below 2^-56 of the sum on |r| <= pi/4.
double SinSeries(double r) {
  const double z = r * r;
  double p = 1.0 / 355687428096000.0;  // 1/17!
  p = std::fma(p, z, -1.0 / 1307674368000.0);
  p = std::fma(p, z, 1.0 / 6227020800.0);
  p = std::fma(p, z, -1.0 / 39916800.0);
  p = std::fma(p, z, 1.0 / 362880.0);
  p = std::fma(p, z, -1.0 / 5040.0);
  p = std::fma(p, z, 1.0 / 120.0);
  p = std::fma(p, z, -1.0 / 6.0);
  return std::fma(p * z, r, r);
}

double CosSeries(double r) {
  const double z = r * r;
  double p = 1.0 / 20922789888000.0;  // 1/16!
  p = std::fma(p, z, -1.0 / 87178291200.0);
  p = std::fma(p, z, 1.0 / 479001600.0);
  p = std::fma(p, z, -1.0 / 3628800.0);
  p = std::fma(p, z, 1.0 / 40320.0);
  p = std::fma(p, z, -1.0 / 720.0);
  p = std::fma(p, z, 1.0 / 24.0);
  p = std::fma(p, z, -0.5);
  return std::fma(p, z, 1.0);
}

double Quadrant(double r, int64_t quadrant) {
  switch (quadrant & 3) {
    case 0:
      return SinSeries(r);
    case 1:
      return CosSeries(r);
    case 2:
      return -SinSeries(r);
    default:
      return -CosSeries(r);
  }
}

}  // namespace

double Sin(double x) {
  const Reduced reduced = ReduceHalfPi(x);
  return Quadrant(reduced.r, reduced.quadrant);
}

double Cos(double x) {
  const Reduced reduced = ReduceHalfPi(x);
  return Quadrant(reduced.r, reduced.quadrant + 1);
}

double Exp(double x) {
  const double n = std::fma(x, kLog2E, kRoundMagic) - kRoundMagic;
  const double r = std::fma(-n, kLn2Low, std::fma(-n, kLn2High, x));
  // Taylor to r^13 / 13!, |r| <= ln2 / 2.
  double p = 1.0 / 6227020800.0;
  for (const double factorial : {479001600.0, 39916800.0, 3628800.0, 362880.0, 40320.0, 5040.0,
                                 720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0}) {
    p = std::fma(p, r, 1.0 / factorial);
  }
  return p * std::bit_cast<double>(static_cast<uint64_t>(static_cast<int64_t>(n) + 1023) << 52);
}

double Log(double x) {
  // x = 2^k m, m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m - 1) / (m + 1).
  constexpr uint64_t kSqrtHalfBits = 0x3fe6a09e667f3bcd;
  const uint64_t bits = std::bit_cast<uint64_t>(x) - kSqrtHalfBits;
  const double k = static_cast<double>(static_cast<int64_t>(bits) >> 52);
  const double m = std::bit_cast<double>((bits & 0x000fffffffffffff) + kSqrtHalfBits);
  const double f = m - 1.0;
  const double s = f / (m + 1.0);
  const double z = s * s;
  double p = 1.0 / 23.0;
  for (const double odd : {21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0}) {
    p = std::fma(p, z, 1.0 / odd);
  }
  // 2 atanh(s) = f - s (f - 2 z p): f is exact, the correction is small.
  const double correction = s * std::fma(-2.0 * z, p, f);
  return std::fma(k, kLn2High, f - std::fma(-k, kLn2Low, correction));
}

double Pow(double base, double exponent) { return Exp(exponent * Log(base)); }

void RopeFrequencies(double base, size_t n_rot, double* frequencies) {
  CHECK(n_rot % 2 == 0);
  for (size_t i = 0; i < n_rot / 2; ++i) {
    frequencies[i] = Pow(base, -static_cast<double>(2 * i) / static_cast<double>(n_rot));
  }
}

void RopeTable(const double* frequencies, size_t num_frequencies, double magnitude, RopeRows rows,
               float* cosines, float* sines) {
  for (size_t row = 0; row < rows.num_positions; ++row) {
    const double position = static_cast<double>(rows.first_position + row);
    for (size_t i = 0; i < num_frequencies; ++i) {
      const double angle = position * frequencies[i];
      cosines[row * num_frequencies + i] = static_cast<float>(magnitude * Cos(angle));
      sines[row * num_frequencies + i] = static_cast<float>(magnitude * Sin(angle));
    }
  }
}

void RopeTable(double base, size_t n_rot, size_t num_positions, float* cosines, float* sines) {
  std::vector<double> frequencies(n_rot / 2);
  RopeFrequencies(base, n_rot, frequencies.data());
  RopeTable(frequencies.data(), frequencies.size(), 1.0, {0, num_positions}, cosines, sines);
}

double CosineDecay(double t) { return 0.5 * (1.0 + Cos(kPi * t)); }

}  // namespace cambium
