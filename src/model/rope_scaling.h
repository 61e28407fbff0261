// SPDX-License-Identifier: Apache-2.0
// Scaled RoPE: what a file's settings make of the frequencies, and the tables that a model with
// such frequencies rotates by. All in double precision without libm (numerics/trig.h), so that
// tables have the same bits everywhere.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "formats/hyper_parameters.h"
#include "model/model_config.h"
#include "tensor/ops/rope.h"

namespace cambium {

// Sets the rope_* fields of config from the file's, which CheckHyperParameters has accepted.
// Sources: transformers 5.23, modeling_rope_utils.py (linear, Llama 3, LongRoPE); Peng et al. 2023,
// arXiv:2309.00071 (YaRN).
void ApplyRopeScaling(const HyperParameters& parameters, ModelConfig* config);

// Llama 3's divisors rounded to f32, as GGUF keeps them in rope_freqs.weight.
std::vector<float> Llama3Factors(const RopeScaling& scaling, double base, size_t rope_dim);
// The settings whose factors these are: the same bits, or but for rounding where another program
// computed them in f32. Tried are the frequency factors that all published models have (1 and 4)
// and contexts that are powers of two. nullopt: none.
std::optional<RopeScaling> Llama3ScalingOf(std::span<const float> factors, double base,
                                           size_t rope_dim);

// Sines and cosines of positions, for layers that see everything and for those with a window. Rows
// are made when they are first needed: most texts are far shorter than the context of a model.
class ModelRopeTables {
 public:
  // max_positions also chooses between LongRoPE's two sets of factors: what a position is rotated
  // by depends on it, as in llama.cpp. (transformers chooses by the length of the sequence so far,
  // and forgets what the cache was computed with.)
  ModelRopeTables(const ModelConfig& config, size_t max_positions);
  // Views point into the object.
  ModelRopeTables(const ModelRopeTables&) = delete;
  ModelRopeTables& operator=(const ModelRopeTables&) = delete;

  // Bytes that Extend(num_positions) takes in all.
  static size_t SizeBytes(const ModelConfig& config, size_t num_positions);

  // Makes the rows of all positions below num_positions <= max_positions. Older views lose their
  // tables.
  void Extend(size_t num_positions);

  const ops::RopeTables& For(size_t layer) const {
    return config_.rope_base_window != 0 && config_.HasWindow(layer) ? window_.view : full_.view;
  }

 private:
  struct Table {
    std::vector<double> frequencies;
    double magnitude = 1;
    std::vector<float> cosines, sines;
    ops::RopeTables view = {};
  };

  void Init(double base, const std::vector<double>& divisors, double magnitude, Table* table);
  void Extend(size_t num_positions, Table* table);

  const ModelConfig& config_;
  size_t max_positions_;
  Table full_, window_;
};

}  // namespace cambium
