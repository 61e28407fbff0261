// SPDX-License-Identifier: Apache-2.0
#include "model/rope_scaling.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "numerics/trig.h"

namespace cambium {
namespace {

constexpr double kTwoPi = 0x1.921fb54442d18p+2;

std::vector<double> Frequencies(double base, size_t rope_dim) {
  std::vector<double> frequencies(rope_dim / 2);
  RopeFrequencies(base, rope_dim, frequencies.data());
  return frequencies;
}

std::vector<double> Widen(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

// Dimensions that turn more than beta_fast times within the original context keep their frequency,
// those that turn less than beta_slow times are divided by factor, with a ramp between (equation 23
// and section 3.2 of the paper; truncate: bounds rounded outwards).
std::vector<double> YarnDivisors(const RopeScaling& s, double base, size_t rope_dim) {
  const double dims = static_cast<double>(rope_dim);
  const auto dimension_of = [&](double rotations) {
    const double context = static_cast<double>(s.original_context);
    return dims * Log(context / (rotations * kTwoPi)) / (2 * Log(base));
  };
  double low = dimension_of(s.beta_fast), high = dimension_of(s.beta_slow);
  if (s.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, dims - 1);
  if (low == high) high += 0.001;  // no division by 0
  std::vector<double> divisors;
  for (size_t i = 0; i < rope_dim / 2; ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    // frequency * ((1 - ramp) + ramp / factor)
    divisors.push_back(1 / ((1 - ramp) + ramp / s.factor));
  }
  return divisors;
}

// How much longer the context is than the one trained for: LongRoPE's sqrt(1 + ln f / ln context).
// Rounded to f32, as GGUF keeps it, so that a model is the same from either file.
double LongRopeMagnitude(const RopeScaling& s) {
  if (s.factor <= 1 || s.original_context <= 1) return 1;
  const double magnitude =
      std::sqrt(1 + Log(s.factor) / Log(static_cast<double>(s.original_context)));
  return static_cast<double>(static_cast<float>(magnitude));
}

double YarnMagnitude(const RopeScaling& s) { return s.factor <= 1 ? 1 : 0.1 * Log(s.factor) + 1; }

}  // namespace

std::vector<float> Llama3Factors(const RopeScaling& s, double base, size_t rope_dim) {
  const double context = static_cast<double>(s.original_context);
  std::vector<float> factors;
  for (const double frequency : Frequencies(base, rope_dim)) {
    const double wave_length = kTwoPi / frequency;
    double divisor = 1;
    if (wave_length > context / s.low_freq_factor) {
      divisor = s.factor;
    } else if (wave_length >= context / s.high_freq_factor) {
      const double smooth =
          (context / wave_length - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
      divisor = 1 / ((1 - smooth) / s.factor + smooth);
    }
    factors.push_back(static_cast<float>(divisor));
  }
  return factors;
}

std::optional<RopeScaling> Llama3ScalingOf(std::span<const float> factors, double base,
                                           size_t rope_dim) {
  if (factors.empty() || factors.size() != rope_dim / 2) return std::nullopt;
  RopeScaling scaling = {.kind = RopeScalingKind::kLlama3,
                         .factor = static_cast<double>(factors.back()),
                         .low_freq_factor = 1,
                         .high_freq_factor = 4};
  // Relative; f32 arithmetic on the way stays below it.
  constexpr float kRounding = 1e-5f;
  for (const float allowed : {0.0f, kRounding}) {
    for (scaling.original_context = 16; scaling.original_context <= size_t{1} << 22;
         scaling.original_context *= 2) {
      const std::vector<float> made = Llama3Factors(scaling, base, rope_dim);
      if (std::ranges::equal(factors, made, [&](float stored, float computed) {
            return std::abs(stored - computed) <= allowed * std::abs(computed);
          })) {
        return scaling;
      }
    }
  }
  return std::nullopt;
}

void ApplyRopeScaling(const HyperParameters& p, ModelConfig* config) {
  const RopeScaling& s = p.rope_scaling;
  config->rope_base = static_cast<double>(p.rope_theta);
  config->rope_base_window = static_cast<double>(p.rope_theta_window);
  config->rope_dim = p.rope_dim;
  const size_t dims = config->rotated_dims();
  switch (s.kind) {
    case RopeScalingKind::kNone:
      break;
    case RopeScalingKind::kLinear:
      config->rope_divisors.assign(dims / 2, s.factor);
      break;
    case RopeScalingKind::kLlama3:
      config->rope_divisors = Widen(Llama3Factors(s, config->rope_base, dims));
      break;
    case RopeScalingKind::kYarn:
      config->rope_divisors = YarnDivisors(s, config->rope_base, dims);
      config->rope_magnitude = s.attention_factor != 0 ? s.attention_factor : YarnMagnitude(s);
      break;
    case RopeScalingKind::kLongRope:
      config->rope_divisors = Widen(s.factors);
      config->rope_long_divisors = Widen(s.long_factors);
      config->rope_short_context = s.original_context;
      config->rope_magnitude = s.attention_factor != 0 ? s.attention_factor : LongRopeMagnitude(s);
      break;
    case RopeScalingKind::kFactors:
      config->rope_divisors = Widen(s.factors);
      break;
  }
}

ModelRopeTables::ModelRopeTables(const ModelConfig& config, size_t max_positions)
    : config_(config), max_positions_(max_positions) {
  if (config.learned_positions) return;
  const bool is_long =
      !config.rope_long_divisors.empty() && max_positions > config.rope_short_context;
  Init(config.rope_base, is_long ? config.rope_long_divisors : config.rope_divisors,
       config.rope_magnitude, &full_);
  if (config.rope_base_window != 0) Init(config.rope_base_window, {}, 1, &window_);
}

size_t ModelRopeTables::SizeBytes(const ModelConfig& config, size_t num_positions) {
  if (config.learned_positions) return 0;
  const size_t tables = config.rope_base_window != 0 ? 2 : 1;
  return tables * num_positions * config.rotated_dims() * sizeof(float);
}

void ModelRopeTables::Init(double base, const std::vector<double>& divisors, double magnitude,
                           Table* table) {
  const size_t dims = config_.rotated_dims();
  table->frequencies = Frequencies(base, dims);
  for (size_t i = 0; i < divisors.size(); ++i) table->frequencies[i] /= divisors[i];
  table->magnitude = magnitude;
  table->view.n_rot = dims;
}

void ModelRopeTables::Extend(size_t num_positions) {
  CHECK(num_positions <= max_positions_);
  if (config_.learned_positions) return;
  Extend(num_positions, &full_);
  if (config_.rope_base_window != 0) Extend(num_positions, &window_);
}

void ModelRopeTables::Extend(size_t num_positions, Table* table) {
  ops::RopeTables& view = table->view;
  if (num_positions <= view.num_positions) return;
  const size_t row = table->frequencies.size();
  table->cosines.resize(num_positions * row);
  table->sines.resize(num_positions * row);
  const size_t done = view.num_positions;
  RopeTable(table->frequencies.data(), row, table->magnitude, {done, num_positions - done},
            table->cosines.data() + done * row, table->sines.data() + done * row);
  view.cosines = table->cosines.data();
  view.sines = table->sines.data();
  view.num_positions = num_positions;
}

}  // namespace cambium
