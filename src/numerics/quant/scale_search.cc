// SPDX-License-Identifier: Apache-2.0
#include "numerics/quant/scale_search.h"

#include <algorithm>
#include <cmath>

namespace cambium {
namespace {

constexpr size_t kMaxGroup = 32;
constexpr int kDescentRounds = 5;

// Of a choice of codes c: the sums whose quotient is the best scale for them.
struct Fit {
  float xc = 0;  // sum of w x c
  float cc = 0;  // sum of w c c
};

void Add(Fit* fit, float w, float x, int code) {
  const float c = static_cast<float>(code);
  fit->xc += w * x * c;
  fit->cc += w * c * c;
}

}  // namespace

float LargestMagnitude(std::span<const float> x) {
  float largest = 0;
  float magnitude = 0;
  for (const float value : x) {
    if (std::fabs(value) > magnitude) {
      magnitude = std::fabs(value);
      largest = value;
    }
  }
  return largest;
}

float FitSymmetric(std::span<const float> x, std::span<const float> weights, int max,
                   std::span<int8_t> codes) {
  const float largest = LargestMagnitude(x);
  if (std::fabs(largest) < kZeroGroup) {
    std::fill(codes.begin(), codes.end(), int8_t{0});
    return 0.0f;
  }
  const auto code_of = [&](float inverse, size_t i) {
    return std::clamp(NearestInt(inverse * x[i]), -max, max - 1);
  };
  const auto fit_of = [&](float inverse) {
    Fit fit;
    for (size_t i = 0; i < x.size(); ++i) {
      Add(&fit, weights.empty() ? x[i] * x[i] : weights[i], x[i], code_of(inverse, i));
    }
    return fit;
  };
  const auto store = [&](float inverse) {
    for (size_t i = 0; i < x.size(); ++i) {
      codes[i] = static_cast<int8_t>(code_of(inverse, i) + max);
    }
  };
  float inverse = static_cast<float>(-max) / largest;
  Fit fit = fit_of(inverse);
  store(inverse);
  float scale = fit.cc != 0 ? fit.xc / fit.cc : 0.0f;
  float best = scale * fit.xc;
  for (int n = -9; n <= 9; ++n) {
    if (n == 0) continue;
    inverse = -(static_cast<float>(max) + 0.1f * static_cast<float>(n)) / largest;
    fit = fit_of(inverse);
    if (fit.cc > 0 && fit.xc * fit.xc > best * fit.cc) {
      store(inverse);
      scale = fit.xc / fit.cc;
      best = scale * fit.xc;
    }
  }
  return scale;
}

float FitSymmetricByDescent(std::span<const float> x, int max, std::span<int8_t> codes) {
  const float largest = LargestMagnitude(x);
  if (std::fabs(largest) < kZeroGroup) {
    std::fill(codes.begin(), codes.end(), int8_t{0});
    return 0.0f;
  }
  const float inverse = static_cast<float>(-max) / largest;
  Fit fit;
  for (size_t i = 0; i < x.size(); ++i) {
    const int code = std::clamp(NearestInt(inverse * x[i]), -max, max - 1);
    codes[i] = static_cast<int8_t>(code);
    Add(&fit, x[i] * x[i], x[i], code);
  }
  for (int round = 0; round < kDescentRounds; ++round) {
    bool changed = false;
    for (size_t i = 0; i < x.size(); ++i) {
      const float w = x[i] * x[i];
      const float old = static_cast<float>(codes[i]);
      // The sums without element i, then with its new code.
      Fit other = {fit.xc - w * x[i] * old, 0};
      if (!(other.xc > 0)) continue;
      other.cc = fit.cc - w * old * old;
      const int code = std::clamp(NearestInt(x[i] * other.cc / other.xc), -max, max - 1);
      if (code == codes[i]) continue;
      Add(&other, w, x[i], code);
      if (other.cc > 0 && other.xc * other.xc * fit.cc > fit.xc * fit.xc * other.cc) {
        codes[i] = static_cast<int8_t>(code);
        fit = other;
        changed = true;
      }
    }
    if (!changed) break;
  }
  for (int8_t& code : codes) code = static_cast<int8_t>(code + max);
  return fit.cc > 0.0f ? fit.xc / fit.cc : 0.0f;
}

AffineScale FitAffine(std::span<const float> x, std::span<const float> weights, int max,
                      const AffineSearch& search, std::span<uint8_t> codes) {
  float low = x[0], high = x[0];
  float sum_w = weights[0];
  float sum_x = sum_w * x[0];
  for (size_t i = 1; i < x.size(); ++i) {
    if (x[i] < low) low = x[i];
    if (x[i] > high) high = x[i];
    sum_w += weights[i];
    sum_x += weights[i] * x[i];
  }
  if (low > 0) low = 0;
  if (high == low) {
    std::fill(codes.begin(), codes.end(), uint8_t{0});
    return {.scale = 0.0f, .minimum = -low};
  }
  const auto code_of = [&](float inverse, float minimum, size_t i) {
    return static_cast<uint8_t>(std::clamp(NearestInt(inverse * (x[i] - minimum)), 0, max));
  };
  const auto error_of = [&](std::span<const uint8_t> tried, float scale, float minimum) {
    float error = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const float miss = scale * static_cast<float>(tried[i]) + minimum - x[i];
      error += weights[i] * (search.absolute ? std::fabs(miss) : miss * miss);
    }
    return error;
  };

  float inverse = static_cast<float>(max) / (high - low);
  float scale = 1 / inverse;
  for (size_t i = 0; i < x.size(); ++i) codes[i] = code_of(inverse, low, i);
  float best = error_of(codes, scale, low);

  uint8_t tried_codes[kMaxGroup];
  const std::span<uint8_t> tried = std::span(tried_codes).first(x.size());
  for (int n = 0; n <= search.count; ++n) {
    // Over the range from the best minimum so far, as the reference has it.
    inverse = (search.first + search.step * static_cast<float>(n) + static_cast<float>(max)) /
              (high - low);
    float sum_c = 0, sum_cc = 0, sum_xc = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      tried[i] = code_of(inverse, low, i);
      const float c = static_cast<float>(tried[i]);
      const float w = weights[i];
      sum_c += w * c;
      sum_cc += w * c * c;
      sum_xc += w * c * x[i];
    }
    const float determinant = sum_w * sum_cc - sum_c * sum_c;
    if (!(determinant > 0)) continue;
    float this_scale = (sum_w * sum_xc - sum_x * sum_c) / determinant;
    float this_low = (sum_cc * sum_x - sum_c * sum_xc) / determinant;
    if (this_low > 0) {
      this_low = 0;
      this_scale = sum_xc / sum_cc;
    }
    const float error = error_of(tried, this_scale, this_low);
    if (error < best) {
      std::copy(tried.begin(), tried.end(), codes.begin());
      best = error;
      scale = this_scale;
      low = this_low;
    }
  }
  return {.scale = scale, .minimum = -low};
}

float FitPositive(std::span<const float> x, std::span<const float> weights, int max,
                  std::span<uint8_t> codes) {
  float largest = 0;
  for (const float value : x) largest = largest > value ? largest : value;
  if (largest < kZeroGroup) {
    std::fill(codes.begin(), codes.end(), uint8_t{0});
    return 0.0f;
  }
  const auto error_of = [&](float inverse, bool clamp) {
    const float scale = 1 / inverse;
    float error = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      // The first codes are bytes; those of the trials are only bounded from above.
      int code = NearestInt(inverse * x[i]);
      code = clamp ? std::min(code, max) : static_cast<uint8_t>(code);
      const float miss = x[i] - scale * static_cast<float>(code);
      error += weights[i] * miss * miss;
    }
    return error;
  };
  float inverse = static_cast<float>(max) / largest;
  float best = error_of(inverse, false);
  for (int n = -4; n <= 4; ++n) {
    if (n == 0) continue;
    const float tried = (0.1f * static_cast<float>(n) + static_cast<float>(max)) / largest;
    const float error = error_of(tried, true);
    if (error < best) {
      best = error;
      inverse = tried;
    }
  }
  Fit fit;
  for (size_t i = 0; i < x.size(); ++i) {
    const int code = std::min(NearestInt(inverse * x[i]), max);
    codes[i] = static_cast<uint8_t>(code);
    Add(&fit, weights[i], x[i], code);
  }
  for (int round = 0; round < kDescentRounds; ++round) {
    bool changed = false;
    for (size_t i = 0; i < x.size(); ++i) {
      const float w = weights[i];
      const float old = static_cast<float>(codes[i]);
      Fit other = {fit.xc - w * x[i] * old, fit.cc - w * old * old};
      if (!(other.xc > 0 && other.cc > 0)) continue;
      const int code = std::min(NearestInt(x[i] * other.cc / other.xc), max);
      if (code == codes[i]) continue;
      Add(&other, w, x[i], code);
      if (other.xc * other.xc * fit.cc > fit.xc * fit.xc * other.cc) {
        codes[i] = static_cast<uint8_t>(code);
        fit = other;
        changed = true;
      }
    }
    if (!changed) break;
  }
  return fit.cc > 0.0f ? fit.xc / fit.cc : 0.0f;
}

}  // namespace cambium
