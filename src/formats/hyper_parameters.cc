// SPDX-License-Identifier: Apache-2.0
#include "formats/hyper_parameters.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace cambium {
namespace {

// Far above any model, low enough that products of three of them fit 64 bits.
constexpr uint64_t kMaxSize = uint64_t{1} << 20;
constexpr uint64_t kMaxLayers = 4096;
constexpr uint64_t kMaxExperts = 4096;
// Choosing them takes quadratic time in this.
constexpr uint64_t kMaxExpertsPerToken = 256;
// Angles stay within 64-bit integers: positions are below 2^31.
constexpr float kMinRopeFactor = 1e-6f, kMaxRopeFactor = 1e9f;

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

// What is 0 for "none" or "the default".
void CheckOptional(float value, const char* what, const std::string& source_name) {
  if (value != 0) CheckConstant(value, what, source_name);
}

void CheckRopeFactor(double value, const char* what, const std::string& source_name) {
  if (!(value >= kMinRopeFactor && value <= kMaxRopeFactor)) {
    Fail(ErrorCode::kCorruptData, "{}: {} = {}; {} to {} expected", source_name, what, value,
         kMinRopeFactor, kMaxRopeFactor);
  }
}

void CheckFactors(const std::vector<float>& factors, uint64_t rope_dim, const char* what,
                  const std::string& source_name) {
  if (factors.size() != rope_dim / 2) {
    Fail(ErrorCode::kCorruptData, "{}: {} {}; {} expected, one for each rotated pair", source_name,
         factors.size(), what, rope_dim / 2);
  }
  for (const float factor : factors) CheckRopeFactor(factor, what, source_name);
}

void CheckRopeScaling(const HyperParameters& p, const std::string& source_name) {
  const RopeScaling& s = p.rope_scaling;
  const uint64_t rope_dim = p.rope_dim == 0 ? p.head_dim : p.rope_dim;
  const auto check = [&](double value, const char* what) {
    CheckConstant(static_cast<float>(value), what, source_name);
  };
  CheckRopeFactor(s.factor, "RoPE scaling factor", source_name);
  if (s.attention_factor != 0) check(s.attention_factor, "RoPE attention factor");
  const bool needs_context = s.kind == RopeScalingKind::kLlama3 ||
                             s.kind == RopeScalingKind::kYarn ||
                             s.kind == RopeScalingKind::kLongRope;
  if (needs_context) {
    CheckSize(s.original_context, INT32_MAX, "original context length of scaled RoPE", source_name);
  }
  if (s.kind == RopeScalingKind::kLlama3) {
    check(s.low_freq_factor, "low_freq_factor of scaled RoPE");
    check(s.high_freq_factor - s.low_freq_factor, "high_freq_factor - low_freq_factor");
  }
  if (s.kind == RopeScalingKind::kYarn) {
    check(s.beta_slow, "beta_slow of YaRN");
    check(s.beta_fast - s.beta_slow, "beta_fast - beta_slow of YaRN");
    if (p.rope_theta <= 1) {
      Fail(ErrorCode::kCorruptData, "{}: a RoPE base of {}; YaRN needs one above 1", source_name,
           p.rope_theta);
    }
  }
  if (s.kind == RopeScalingKind::kLongRope || s.kind == RopeScalingKind::kFactors) {
    CheckFactors(s.factors, rope_dim, "RoPE factors", source_name);
  }
  if (s.kind == RopeScalingKind::kLongRope) {
    CheckFactors(s.long_factors, rope_dim, "long RoPE factors", source_name);
  }
}

void CheckExperts(const HyperParameters& p, const std::string& source_name) {
  if (HasExperts(p.family) != (p.num_experts != 0)) {
    Fail(ErrorCode::kUnsupported, "{}: {} experts are not supported for the architecture {}",
         source_name, p.num_experts, NamesOf(p.family).gguf);
  }
  if (p.num_experts == 0) return;
  CheckSize(p.num_experts, kMaxExperts, "number of experts", source_name);
  CheckSize(p.experts_per_token, std::min(p.num_experts, kMaxExpertsPerToken),
            "number of experts per token", source_name);
}

}  // namespace

const char* RopeScalingName(RopeScalingKind kind) {
  switch (kind) {
    case RopeScalingKind::kNone:
      return "none";
    case RopeScalingKind::kLinear:
      return "linear";
    case RopeScalingKind::kLlama3:
      return "llama3";
    case RopeScalingKind::kYarn:
      return "yarn";
    case RopeScalingKind::kLongRope:
      return "longrope";
    case RopeScalingKind::kFactors:
      return "factors";
  }
  return "none";
}

const char* ActivationOfFamily(ModelFamily family) {
  switch (family) {
    case ModelFamily::kGemma:
    case ModelFamily::kGemma2:
    case ModelFamily::kGemma3:
      return "gelu_pytorch_tanh";
    case ModelFamily::kGpt2:
      return "gelu_new";
    default:
      return "silu";
  }
}

bool HasExperts(ModelFamily family) {
  return family == ModelFamily::kMixtral || family == ModelFamily::kQwen3Moe ||
         family == ModelFamily::kOlmoe || family == ModelFamily::kGptOss;
}

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
  if (p.rope_dim % 2 != 0 || p.rope_dim > p.head_dim) {
    Fail(ErrorCode::kCorruptData, "{}: {} rotated dimensions of {}; an even number expected",
         source_name, p.rope_dim, p.head_dim);
  }
  CheckConstant(p.rms_norm_eps, "norm epsilon", source_name);
  CheckConstant(p.rope_theta, "RoPE base", source_name);
  CheckOptional(p.rope_theta_window, "RoPE base of layers with a window", source_name);
  CheckOptional(p.attention_scale, "attention scale", source_name);
  CheckOptional(p.attention_softcap, "attention soft cap", source_name);
  CheckOptional(p.logit_softcap, "logit soft cap", source_name);
  if (p.sliding_window > INT32_MAX || p.full_attention_every > kMaxLayers) {
    Fail(ErrorCode::kCorruptData, "{}: a sliding window of {} in all but each {}. layer",
         source_name, p.sliding_window, p.full_attention_every);
  }
  CheckRopeScaling(p, source_name);
  CheckExperts(p, source_name);
}

}  // namespace cambium
