// SPDX-License-Identifier: Apache-2.0
// Elementary functions in double precision without libm, so that tables and schedules have the same
// bits on every machine: plain C++, std::fma where written, IEEE division and square root.
// For set-up code (RoPE tables, learning-rate schedules, initial weights), not for kernels.
// Thread-safe: pure functions. Test: trig_test.cc (errors below against long double libm).
#pragma once

#include <cstddef>

namespace cambium {

// |x| <= 1e6 (the reduction uses three parts of pi/2). Error below 2e-16 absolute.
double Sin(double x);
double Cos(double x);
// |x| <= 700; relative error below 4e-16.
double Exp(double x);
// x normal and positive; relative error below 4e-16 (absolute 2e-16 near 1).
double Log(double x);
// base > 0; Exp(exponent * Log(base)): relative error below 4e-16 * (1 + |exponent * Log(base)|).
double Pow(double base, double exponent);

// frequencies[i] = base^(-2i / n_rot) for i < n_rot / 2. Source: Su et al. 2021, arXiv:2104.09864,
// equation 15. n_rot: the number of rotated dimensions of a head, even.
void RopeFrequencies(double base, size_t n_rot, double* frequencies);

struct RopeRows {
  size_t first_position = 0;
  size_t num_positions = 0;
};
// cosines, sines: [num_positions, num_frequencies] f32, magnitude times those of position *
// frequency, each rounded once, from first_position on. position * frequency must stay within the
// range of Sin.
void RopeTable(const double* frequencies, size_t num_frequencies, double magnitude, RopeRows rows,
               float* cosines, float* sines);
// Of the first positions, with RopeFrequencies(base, n_rot) and magnitude 1.
void RopeTable(double base, size_t n_rot, size_t num_positions, float* cosines, float* sines);

// 1 at t = 0, 0 at t = 1: (1 + cos(pi t)) / 2, t in [0, 1].
double CosineDecay(double t);

}  // namespace cambium
