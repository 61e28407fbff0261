// SPDX-License-Identifier: Apache-2.0
// Scaled RoPE: what a file's settings make of the frequencies, and the tables that a model with
// such frequencies rotates by. All in double precision without libm (numerics/trig.h), so that
// tables have the same bits everywhere.
#pragma once

#include <cstddef>
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

// Sines and cosines of all positions, for layers that see everything and for those with a window.
// Immutable after construction.
class ModelRopeTables {
 public:
  // max_positions also chooses between LongRoPE's two sets of factors: what a position is rotated
  // by depends on it, as in llama.cpp. (transformers chooses by the length of the sequence so far,
  // and forgets what the cache was computed with.)
  ModelRopeTables(const ModelConfig& config, size_t max_positions);
  // Views point into the object.
  ModelRopeTables(const ModelRopeTables&) = delete;
  ModelRopeTables& operator=(const ModelRopeTables&) = delete;

  const ops::RopeTables& For(size_t layer) const {
    return config_.rope_base_window != 0 && config_.HasWindow(layer) ? window_ : full_;
  }

 private:
  ops::RopeTables Make(double base, const std::vector<double>& divisors, double magnitude,
                       size_t max_positions, std::vector<float>* storage) const;

  const ModelConfig& config_;
  std::vector<float> full_storage_, window_storage_;
  ops::RopeTables full_ = {}, window_ = {};
};

}  // namespace cambium
