// SPDX-License-Identifier: Apache-2.0
#include "formats/hyper_parameters.h"

#include <cmath>

#include "base/error.h"

namespace cambium {
namespace {

// Far above any model, low enough that products of three of them fit 64 bits.
constexpr uint64_t kMaxSize = uint64_t{1} << 20;
constexpr uint64_t kMaxLayers = 4096;

void CheckSize(uint64_t value, uint64_t max, const char* what, const std::string& source_name) {
  if (value == 0 || value > max) {
    Fail(ErrorCode::kCorruptData, "{}: {} = {}; 1 to {} expected", source_name, what, value, max);
  }
}

void CheckConstant(float value, const char* what, const std::string& source_name) {
  if (!std::isfinite(value) || value <= 0) {
    Fail(ErrorCode::kCorruptData, "{}: {} = {}; a positive number expected", source_name, what,
         value);
  }
}

}  // namespace

void CheckHyperParameters(const HyperParameters& p, const std::string& source_name) {
  CheckSize(p.embedding_size, kMaxSize, "embedding size", source_name);
  CheckSize(p.num_layers, kMaxLayers, "number of layers", source_name);
  CheckSize(p.num_heads, kMaxSize, "number of heads", source_name);
  CheckSize(p.num_kv_heads, kMaxSize, "number of KV heads", source_name);
  CheckSize(p.head_dim, kMaxSize, "head dimension", source_name);
  CheckSize(p.ffn_size, kMaxSize, "feed-forward size", source_name);
  CheckSize(p.vocab_size, INT32_MAX, "vocabulary size", source_name);
  CheckSize(p.context_length, INT32_MAX, "context length", source_name);
  if (p.num_heads % p.num_kv_heads != 0) {
    Fail(ErrorCode::kCorruptData, "{}: {} heads cannot share {} KV heads", source_name, p.num_heads,
         p.num_kv_heads);
  }
  if (p.head_dim % 2 != 0) {
    Fail(ErrorCode::kCorruptData, "{}: the head dimension {} is odd; RoPE rotates pairs",
         source_name, p.head_dim);
  }
  CheckConstant(p.rms_norm_eps, "RMSNorm epsilon", source_name);
  CheckConstant(p.rope_theta, "RoPE base", source_name);
}

}  // namespace cambium
