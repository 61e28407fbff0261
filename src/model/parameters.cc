// SPDX-License-Identifier: Apache-2.0
#include "model/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <span>

#include "base/check.h"
#include "numerics/random_fill.h"

namespace cambium {
namespace {

// Not null, which would mean that there is no tensor.
constexpr uintptr_t kNowhere = uintptr_t{1} << 12;

// A stored matrix as floats, in scratch.
const float* ReadStored(const Weight& w, Scratch& scratch, ThreadPool& pool) {
  float* values = scratch.Get<float>(w.rows * w.cols);
  pool.ParallelRanges(w.rows, 1, [&](size_t begin, size_t end, size_t) {
    w.stored.ReadRows(begin, w.cols, std::span(values + begin * w.cols, (end - begin) * w.cols));
  });
  return values;
}

}  // namespace

ParameterStore::ParameterStore(const ModelConfig& config, bool with_gradients)
    : ParameterStore(config, with_gradients ? Memory::kValuesAndGradients : Memory::kValues, {},
                     nullptr) {}

ParameterStore::ParameterStore(const ModelConfig& config, std::vector<StoredMatrix> stored,
                               std::shared_ptr<const void> file)
    : ParameterStore(config, Memory::kValues, std::move(stored), std::move(file)) {}

std::unique_ptr<ParameterStore> ParameterStore::ShapesOnly(const ModelConfig& config) {
  return std::unique_ptr<ParameterStore>(
      new ParameterStore(config, Memory::kShapesOnly, {}, nullptr));
}

ParameterStore::ParameterStore(const ModelConfig& config, Memory memory,
                               std::vector<StoredMatrix> stored, std::shared_ptr<const void> file)
    : config_(config), memory_(memory), file_(std::move(file)) {
  config.Validate();
  specs_ = DescribeParameters(config);
  CHECK(stored.empty() || stored.size() == specs_.size());
  weights_.resize(specs_.size());
  for (size_t i = 0; i < stored.size(); ++i) weights_[i].stored = std::move(stored[i]);
  // Parameters start on cache lines, for the kernels.
  for (size_t i = 0; i < specs_.size(); ++i) {
    offsets_.push_back(size_);
    if (has_value(i)) size_ += RoundUp(specs_[i].size(), 16);
  }
  auto* values = reinterpret_cast<float*>(kNowhere);
  float* gradients = values;
  if (memory_ != Memory::kShapesOnly) {
    values = values_.Get<float>(size_);
    std::fill_n(values, size_, 0.0f);
  }
  if (memory_ == Memory::kValuesAndGradients) {
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
    if (memory_ != Memory::kValues) weight.grad = view(gradients);
    weight.rows = spec.rows;
    weight.cols = spec.cols;
  }
  Wire();
}

void ParameterStore::Wire() {
  std::map<std::string_view, Weight*> by_name;
  for (size_t i = 0; i < specs_.size(); ++i) by_name[specs_[i].name] = &weights_[i];
  size_t num_found = 0;
  const auto find = [&](const std::string& name) -> Weight* {
    const auto found = by_name.find(name);
    if (found == by_name.end()) return nullptr;
    ++num_found;
    return found->second;
  };
  CHECK(find("token_embd.weight") == &weights_[0]);
  position_embedding_ = find("position_embd.weight");
  for (size_t l = 0; l < config_.num_layers; ++l) {
    const auto weight = [&](const std::string& part) {
      return find(fmt::format("blk.{}.{}.weight", l, part));
    };
    const auto bias = [&](const std::string& part) {
      return find(fmt::format("blk.{}.{}.bias", l, part));
    };
    const auto ffn = [&](const std::string& expert) -> FfnWeights {
      return {.gate = weight("ffn_gate" + expert),
              .up = weight("ffn_up" + expert),
              .down = weight("ffn_down" + expert),
              .gate_bias = bias("ffn_gate" + expert),
              .up_bias = bias("ffn_up" + expert),
              .down_bias = bias("ffn_down" + expert)};
    };
    layers_.push_back({.attn_norm = weight("attn_norm"),
                       .attn_norm_bias = bias("attn_norm"),
                       .attn_q = weight("attn_q"),
                       .attn_k = weight("attn_k"),
                       .attn_v = weight("attn_v"),
                       .attn_output = weight("attn_output"),
                       .attn_q_bias = bias("attn_q"),
                       .attn_k_bias = bias("attn_k"),
                       .attn_v_bias = bias("attn_v"),
                       .attn_output_bias = bias("attn_output"),
                       .attn_q_norm = weight("attn_q_norm"),
                       .attn_k_norm = weight("attn_k_norm"),
                       .attn_sinks = weight("attn_sinks"),
                       .post_attention_norm = weight("post_attention_norm"),
                       .ffn_norm = weight("ffn_norm"),
                       .ffn_norm_bias = bias("ffn_norm"),
                       .ffn = ffn(""),
                       .router = weight("ffn_gate_inp"),
                       .router_bias = bias("ffn_gate_inp"),
                       .experts = {},
                       .post_ffw_norm = weight("post_ffw_norm")});
    for (size_t e = 0; e < config_.num_experts; ++e) {
      layers_.back().experts.push_back(ffn(fmt::format(".{}", e)));
    }
  }
  output_norm_ = find("output_norm.weight");
  output_norm_bias_ = find("output_norm.bias");
  output_head_ = config_.tied_embeddings ? &weights_[0] : find("output.weight");
  CHECK(num_found == specs_.size());
}

void ParameterStore::Initialize(uint64_t seed, ThreadPool& pool) {
  const Philox random(seed, RandomPurpose::kInit);
  for (size_t i = 0; i < specs_.size(); ++i) {
    float* values = weights_[i].value.f32();
    if (specs_[i].init != InitKind::kNormal) {
      std::fill_n(values, specs_[i].size(), specs_[i].init == InitKind::kOnes ? 1.0f : 0.0f);
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
  size_t total = 0;
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (is_product(i)) total += forward_bytes(weights_[i]) + backward_bytes(weights_[i]);
  }
  pack_cache_bytes_ = total;
  char* memory = memory_ == Memory::kShapesOnly ? reinterpret_cast<char*>(kNowhere)
                                                : static_cast<char*>(caches_.Bytes(total));
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

bool ParameterStore::is_quantized(size_t index) const {
  return !has_value(index) && HasIntegerKernel(weights_[index].stored.blocks.type);
}

bool ParameterStore::is_half(size_t index, DType compute) const {
  return compute == DType::kF32 && !has_value(index) &&
         weights_[index].stored.blocks.type == GgmlType::kF16;
}

size_t ParameterStore::PackedBytes(size_t index, DType compute) const {
  if (!is_product(index)) return 0;
  const ParameterSpec& spec = specs_[index];
  if (is_quantized(index)) {
    return PackedQuantBytes(weights_[index].stored.blocks.type, spec.rows, spec.cols);
  }
  const size_t element_bytes = is_half(index, compute) ? sizeof(Float16) : DTypeBytes(compute);
  return PackedSize(spec.rows, spec.cols) * element_bytes;
}

size_t ParameterStore::PaddedPackedBytes(size_t index, DType compute) const {
  return RoundUp(PackedBytes(index, compute), 64);
}

size_t ParameterStore::NumKeptValues() const {
  size_t total = 0;
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (keeps_value(i)) total += RoundUp(specs_[i].size(), 16);
  }
  return total;
}

size_t ParameterStore::InferenceBytes(DType compute) const {
  size_t total = NumKeptValues() * sizeof(float);
  for (size_t i = 0; i < specs_.size(); ++i) total += PaddedPackedBytes(i, compute);
  return total;
}

void ParameterStore::PackForInference(DType compute, ThreadPool& pool) {
  size_t total = 0;
  for (size_t i = 0; i < specs_.size(); ++i) total += PaddedPackedBytes(i, compute);
  auto* memory = packed_.Get<uint8_t>(total);
  Scratch floats;
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (!is_product(i)) continue;
    Weight& w = weights_[i];
    if (is_quantized(i)) {
      w.packed_quant = PackQuant(w.stored.blocks.type, w.stored.blocks.bytes.data(), w.rows, w.cols,
                                 w.stored.row_order, memory, pool);
    } else if (is_half(i, compute)) {
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
    memory += PaddedPackedBytes(i, compute);
  }
}

void ParameterStore::ReleasePackedValues() {
  Scratch kept;
  float* memory = kept.Get<float>(NumKeptValues());
  for (size_t i = 0; i < specs_.size(); ++i) {
    Tensor& value = weights_[i].value;
    if (!has_value(i)) continue;
    if (!keeps_value(i)) {
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
