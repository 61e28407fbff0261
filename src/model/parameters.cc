// SPDX-License-Identifier: Apache-2.0
#include "model/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "base/check.h"
#include "numerics/random_fill.h"

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

// A stored matrix as floats, in scratch.
const float* ReadStored(const Weight& w, Scratch& scratch, ThreadPool& pool) {
  float* values = scratch.Get<float>(w.rows * w.cols);
  pool.ParallelRanges(w.rows, 1, [&](size_t begin, size_t end, size_t) {
    w.stored.ReadRows(begin, w.cols, std::span(values + begin * w.cols, (end - begin) * w.cols));
  });
  return values;
}

}  // namespace

std::vector<ParameterSpec> DescribeParameters(const ModelConfig& config) {
  const size_t C = config.width, D = config.head_dim, F = config.ffn_width;
  const size_t q_size = config.num_heads * D, kv_size = config.num_kv_heads * D;
  // Variance 1/fan_in keeps activations at the scale of their inputs (LeCun et al. 1998); what is
  // added to the residual stream shrinks with the number of additions (GPT-2, section 2.3).
  const double gain = 0.5;
  const double residual_gain = gain / std::sqrt(2.0 * static_cast<double>(config.num_layers));

  std::vector<ParameterSpec> specs;
  specs.push_back(EmbeddingMatrix("token_embd.weight", config.vocab_size, C));
  for (size_t l = 0; l < config.num_layers; ++l) {
    const auto name = [l](const char* part) { return fmt::format("blk.{}.{}.weight", l, part); };
    specs.push_back(Norm(name("attn_norm"), C));
    specs.push_back(Matrix(name("attn_q"), q_size, C, gain));
    specs.push_back(Matrix(name("attn_k"), kv_size, C, gain));
    specs.push_back(Matrix(name("attn_v"), kv_size, C, gain));
    if (config.qk_norm) {
      specs.push_back(Norm(name("attn_q_norm"), D));
      specs.push_back(Norm(name("attn_k_norm"), D));
    }
    specs.push_back(Matrix(name("attn_output"), C, q_size, residual_gain));
    specs.push_back(Norm(name("ffn_norm"), C));
    if (IsGated(config.ffn)) specs.push_back(Matrix(name("ffn_gate"), F, C, gain));
    specs.push_back(Matrix(name("ffn_up"), F, C, gain));
    specs.push_back(Matrix(name("ffn_down"), C, F, residual_gain));
  }
  specs.push_back(Norm("output_norm.weight", C));
  if (!config.tied_embeddings) {
    specs.push_back(EmbeddingMatrix("output.weight", config.vocab_size, C));
  }
  return specs;
}

ParameterStore::ParameterStore(const ModelConfig& config, bool with_gradients)
    : ParameterStore(config, with_gradients, {}, nullptr) {}

ParameterStore::ParameterStore(const ModelConfig& config, std::vector<StoredMatrix> stored,
                               std::shared_ptr<const void> file)
    : ParameterStore(config, false, std::move(stored), std::move(file)) {}

ParameterStore::ParameterStore(const ModelConfig& config, bool with_gradients,
                               std::vector<StoredMatrix> stored, std::shared_ptr<const void> file)
    : config_(config), file_(std::move(file)), specs_(DescribeParameters(config)) {
  config.Validate();
  CHECK(stored.empty() || stored.size() == specs_.size());
  weights_.resize(specs_.size());
  for (size_t i = 0; i < stored.size(); ++i) weights_[i].stored = std::move(stored[i]);
  // Parameters start on cache lines, for the kernels.
  for (size_t i = 0; i < specs_.size(); ++i) {
    offsets_.push_back(size_);
    if (has_value(i)) size_ += RoundUp(specs_[i].size(), 16);
  }
  float* values = values_.Get<float>(size_);
  std::fill_n(values, size_, 0.0f);
  float* gradients = nullptr;
  if (with_gradients) {
    gradients = gradients_.Get<float>(size_);
    std::fill_n(gradients, size_, 0.0f);
  }
  for (size_t i = 0; i < specs_.size(); ++i) {
    const ParameterSpec& spec = specs_[i];
    Weight& weight = weights_[i];
    const auto view = [&](float* base) {
      return spec.rows == 1 ? Tensor(base + offsets_[i], DType::kF32, {spec.cols})
                            : Tensor(base + offsets_[i], DType::kF32, {spec.rows, spec.cols});
    };
    if (has_value(i)) weight.value = view(values);
    if (with_gradients) weight.grad = view(gradients);
    weight.rows = spec.rows;
    weight.cols = spec.cols;
  }
  size_t next = 1;
  const auto take = [&](bool present) { return present ? &weights_[next++] : nullptr; };
  for (size_t l = 0; l < config.num_layers; ++l) {
    LayerWeights layer;
    layer.attn_norm = take(true);
    layer.attn_q = take(true);
    layer.attn_k = take(true);
    layer.attn_v = take(true);
    layer.attn_q_norm = take(config.qk_norm);
    layer.attn_k_norm = take(config.qk_norm);
    layer.attn_output = take(true);
    layer.ffn_norm = take(true);
    layer.ffn_gate = take(IsGated(config.ffn));
    layer.ffn_up = take(true);
    layer.ffn_down = take(true);
    layers_.push_back(layer);
  }
  output_norm_ = take(true);
  output_head_ = config.tied_embeddings ? &weights_[0] : take(true);
  CHECK(next == weights_.size());
}

void ParameterStore::Initialize(uint64_t seed, ThreadPool& pool) {
  const Philox random(seed, RandomPurpose::kInit);
  for (size_t i = 0; i < specs_.size(); ++i) {
    float* values = weights_[i].value.f32();
    if (specs_[i].init == InitKind::kOnes) {
      std::fill_n(values, specs_[i].size(), 1.0f);
      continue;
    }
    pool.ParallelRanges(specs_[i].size(), 4096, [&](size_t begin, size_t end, size_t) {
      FillNormal(random, i, specs_[i].init_stddev, std::span<float>(values + begin, end - begin),
                 begin);
    });
  }
}

void ParameterStore::ZeroGradients() {
  for (Weight& weight : weights_) weight.grad_is_zero = true;
}

void ParameterStore::MakePackCaches(DType compute) {
  const auto forward_bytes = [&](const Weight& w) {
    return RoundUp(PackedSize(w.rows, w.cols) * DTypeBytes(compute), 64);
  };
  const auto backward_bytes = [&](const Weight& w) {
    return RoundUp(PackedSize(w.cols, w.rows) * DTypeBytes(compute), 64);
  };
  // An untied embedding is only looked up.
  const auto is_product = [&](size_t i) {
    return specs_[i].rows > 1 && (i != 0 || config_.tied_embeddings);
  };
  size_t total = 0;
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (is_product(i)) total += forward_bytes(weights_[i]) + backward_bytes(weights_[i]);
  }
  char* memory = static_cast<char*>(caches_.Bytes(total));
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (!is_product(i)) continue;
    Weight& w = weights_[i];
    w.forward_cache = {memory, false};
    memory += forward_bytes(w);
    w.backward_cache = {memory, false};
    memory += backward_bytes(w);
  }
}

void ParameterStore::DropPackCaches() {
  for (Weight& weight : weights_) {
    weight.forward_cache.cached = false;
    weight.backward_cache.cached = false;
  }
}

void ParameterStore::PackForInference(DType compute, ThreadPool& pool) {
  // An untied embedding is only looked up.
  const auto is_product = [&](size_t i) {
    return specs_[i].rows > 1 && (i != 0 || config_.tied_embeddings);
  };
  const auto is_quantized = [&](size_t i) {
    return !has_value(i) && HasIntegerKernel(weights_[i].stored.blocks.type);
  };
  const auto is_half = [&](size_t i) {
    return compute == DType::kF32 && !has_value(i) &&
           weights_[i].stored.blocks.type == GgmlType::kF16;
  };
  const auto packed_bytes = [&](size_t i) {
    const ParameterSpec& spec = specs_[i];
    const size_t element_bytes = is_half(i) ? sizeof(Float16) : DTypeBytes(compute);
    const size_t bytes =
        is_quantized(i) ? PackedQuantBytes(weights_[i].stored.blocks.type, spec.rows, spec.cols)
                        : PackedSize(spec.rows, spec.cols) * element_bytes;
    return RoundUp(bytes, 64);
  };
  size_t total = 0;
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (is_product(i)) total += packed_bytes(i);
  }
  auto* memory = packed_.Get<uint8_t>(total);
  Scratch floats;
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (!is_product(i)) continue;
    Weight& w = weights_[i];
    if (is_quantized(i)) {
      w.packed_quant = PackQuant(w.stored.blocks.type, w.stored.blocks.bytes.data(), w.rows, w.cols,
                                 w.stored.row_order, memory, pool);
    } else if (is_half(i)) {
      w.packed_f16 = PackHalfRows(w.stored.blocks.bytes.data(), w.rows, w.cols, w.stored.row_order,
                                  reinterpret_cast<Float16*>(memory), pool);
    } else {
      const float* values = has_value(i) ? w.value.f32() : ReadStored(w, floats, pool);
      if (compute == DType::kF32) {
        w.packed_f32 =
            PackRows(values, w.rows, w.cols, w.cols, reinterpret_cast<float*>(memory), pool);
      } else {
        w.packed_bf16 =
            PackRows(values, w.rows, w.cols, w.cols, reinterpret_cast<BFloat16*>(memory), pool);
      }
    }
    memory += packed_bytes(i);
  }
}

void ParameterStore::ReleasePackedValues() {
  const auto keeps = [&](size_t i) { return specs_[i].rows == 1 || i == 0; };
  size_t total = 0;
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (keeps(i) && has_value(i)) total += RoundUp(specs_[i].size(), 16);
  }
  Scratch kept;
  float* memory = kept.Get<float>(total);
  for (size_t i = 0; i < specs_.size(); ++i) {
    Tensor& value = weights_[i].value;
    if (!has_value(i)) continue;
    if (!keeps(i)) {
      CHECK(weights_[i].packed_f32.data != nullptr || weights_[i].packed_bf16.data != nullptr);
      value = Tensor();
      continue;
    }
    std::memcpy(memory, value.data, value.size_bytes());
    value.data = memory;
    memory += RoundUp(specs_[i].size(), 16);
  }
  values_ = std::move(kept);
}

size_t ParameterStore::memory_bytes() const {
  return values_.capacity_bytes() + gradients_.capacity_bytes() + packed_.capacity_bytes() +
         caches_.capacity_bytes();
}

Sha256Digest ParameterStore::Fingerprint() const {
  Sha256 hash;
  for (size_t i = 0; i < specs_.size(); ++i) {
    const ParameterSpec& spec = specs_[i];
    hash.Update(fmt::format("{} {} {}\n", spec.name, spec.rows, spec.cols));
    if (has_value(i)) {
      CHECK(!weights_[i].value.empty());
      hash.Update(weights_[i].value.data, spec.size() * sizeof(float));
      continue;
    }
    std::vector<float> row(spec.cols);
    for (size_t r = 0; r < spec.rows; ++r) {
      weights_[i].stored.ReadRows(r, spec.cols, row);
      hash.Update(row.data(), row.size() * sizeof(float));
    }
  }
  return hash.Finish();
}

}  // namespace cambium
