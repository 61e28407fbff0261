// SPDX-License-Identifier: Apache-2.0
// The list of a model's parameters (parameters.h).
#include <fmt/format.h>

#include <cmath>

#include "model/parameters.h"

namespace cambium {
namespace {

// Embeddings start small, so that the first logits of a tied head are near zero.
constexpr double kEmbeddingStddev = 0.02;

ParameterSpec Norm(std::string name, size_t size) {
  return {.name = std::move(name), .rows = 1, .cols = size, .init = InitKind::kOnes};
}

ParameterSpec Matrix(std::string name, size_t rows, size_t cols, double gain) {
  return {.name = std::move(name),
          .rows = rows,
          .cols = cols,
          .init_stddev = gain / std::sqrt(static_cast<double>(cols)),
          .decay = true,
          .hidden_matrix = true};
}

ParameterSpec EmbeddingMatrix(std::string name, size_t rows, size_t cols) {
  return {.name = std::move(name), .rows = rows, .cols = cols, .init_stddev = kEmbeddingStddev};
}

ParameterSpec Zeros(std::string name, size_t size) {
  return {.name = std::move(name), .rows = 1, .cols = size, .init = InitKind::kZeros};
}

// The specs of one model, one after the other.
class Describer {
 public:
  explicit Describer(const ModelConfig& config) : c_(config) {}

  std::vector<ParameterSpec> Describe() {
    const size_t C = c_.width;
    Add(EmbeddingMatrix("token_embd.weight", c_.vocab_size, C)).looked_up = !c_.tied_embeddings;
    if (c_.learned_positions) {
      Add(EmbeddingMatrix("position_embd.weight", c_.context_length, C)).looked_up = true;
    }
    for (size_t l = 0; l < c_.num_layers; ++l) {
      prefix_ = fmt::format("blk.{}.", l);
      AddAttention();
      AddFeedForward();
    }
    prefix_ = "";
    AddNorm("output_norm", C);
    if (!c_.tied_embeddings) Add(EmbeddingMatrix("output.weight", c_.vocab_size, C));
    return std::move(specs_);
  }

 private:
  ParameterSpec& Add(ParameterSpec spec) {
    specs_.push_back(std::move(spec));
    return specs_.back();
  }
  std::string Name(const char* part, const char* suffix) const {
    return fmt::format("{}{}.{}", prefix_, part, suffix);
  }
  void AddNorm(const char* part, size_t size) {
    Add(Norm(Name(part, "weight"), size));
    if (c_.norm == NormKind::kLayer) Add(Zeros(Name(part, "bias"), size));
  }
  void AddLinear(const std::string& part, size_t rows, size_t cols, double gain, bool bias) {
    Add(Matrix(Name(part.c_str(), "weight"), rows, cols, gain));
    if (bias) Add(Zeros(Name(part.c_str(), "bias"), rows));
  }

  void AddAttention() {
    const size_t C = c_.width, D = c_.head_dim;
    const size_t q_size = c_.num_heads * D, kv_size = c_.num_kv_heads * D;
    if (c_.pre_norm) AddNorm("attn_norm", C);
    AddLinear("attn_q", q_size, C, kGain, c_.qkv_bias);
    AddLinear("attn_k", kv_size, C, kGain, c_.qkv_bias);
    AddLinear("attn_v", kv_size, C, kGain, c_.qkv_bias);
    if (c_.qk_norm) {
      Add(Norm(Name("attn_q_norm", "weight"), c_.qk_norm_row ? q_size : D));
      Add(Norm(Name("attn_k_norm", "weight"), c_.qk_norm_row ? kv_size : D));
    }
    if (c_.attention_sinks) Add(Zeros(Name("attn_sinks", "weight"), c_.num_heads));
    AddLinear("attn_output", C, q_size, ResidualGain(), c_.output_bias);
    if (c_.post_norm) Add(Norm(Name("post_attention_norm", "weight"), C));
  }

  void AddFeedForward() {
    if (c_.pre_norm) AddNorm("ffn_norm", c_.width);
    if (c_.num_experts == 0) {
      AddMatrices("");
    } else {
      AddLinear("ffn_gate_inp", c_.num_experts, c_.width, kGain, c_.ffn_bias);
      const size_t first = specs_.size();
      for (size_t e = 0; e < c_.num_experts; ++e) AddMatrices(fmt::format(".{}", e));
      for (size_t i = first; i < specs_.size(); ++i) specs_[i].of_expert = true;
    }
    if (c_.post_norm) Add(Norm(Name("post_ffw_norm", "weight"), c_.width));
  }
  void AddMatrices(const std::string& expert) {
    const size_t C = c_.width, F = c_.ffn_width;
    if (IsGated(c_.ffn)) AddLinear("ffn_gate" + expert, F, C, kGain, c_.ffn_bias);
    AddLinear("ffn_up" + expert, F, C, kGain, c_.ffn_bias);
    AddLinear("ffn_down" + expert, C, F, ResidualGain(), c_.ffn_bias);
  }

  // Variance 1/fan_in keeps activations at the scale of their inputs (LeCun et al. 1998); what is
  // added to the residual stream shrinks with the number of additions (GPT-2, section 2.3).
  static constexpr double kGain = 0.5;
  double ResidualGain() const {
    return kGain / std::sqrt(2.0 * static_cast<double>(c_.num_layers));
  }

  const ModelConfig& c_;
  std::string prefix_;
  std::vector<ParameterSpec> specs_;
};

}  // namespace

std::vector<ParameterSpec> DescribeParameters(const ModelConfig& config) {
  return Describer(config).Describe();
}

size_t ModelConfig::NumParameters() const {
  size_t sum = 0;
  for (const ParameterSpec& spec : DescribeParameters(*this)) sum += spec.size();
  return sum;
}

}  // namespace cambium
