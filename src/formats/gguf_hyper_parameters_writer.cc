// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "base/error.h"
#include "formats/gguf_hyper_parameters.h"

namespace cambium {
namespace {

// general.file_type, as other tools print it.
uint32_t FileTypeOf(GgmlType type) {
  return type == GgmlType::kF32 ? 0 : type == GgmlType::kF16 ? 1 : 32;
}

void WriteRopeScaling(const RopeScaling& s, const std::string& prefix, GgufWriter* writer) {
  const auto add = [&](const char* key, double value) {
    writer->AddFloat32(prefix + "rope.scaling." + key, static_cast<float>(value));
  };
  if (s.kind == RopeScalingKind::kNone || s.kind == RopeScalingKind::kFactors) return;
  CHECK(s.kind != RopeScalingKind::kLlama3);  // the caller makes factors of it
  writer->AddString(prefix + "rope.scaling.type", RopeScalingName(s.kind));
  if (s.kind != RopeScalingKind::kLongRope) add("factor", s.factor);
  if (s.kind == RopeScalingKind::kLinear) return;
  writer->AddUint32(prefix + "rope.scaling.original_context_length",
                    static_cast<uint32_t>(s.original_context));
  if (s.kind == RopeScalingKind::kLongRope) {
    if (s.attention_factor != 0) add("attn_factor", s.attention_factor);
    return;
  }
  add("yarn_beta_fast", s.beta_fast);
  add("yarn_beta_slow", s.beta_slow);
  if (s.attention_factor != 0) add("yarn_attn_factor", s.attention_factor);
}

void WriteWindow(const HyperParameters& p, const std::string& prefix, GgufWriter* writer) {
  if (p.sliding_window == 0) return;
  writer->AddUint32(prefix + "attention.sliding_window", static_cast<uint32_t>(p.sliding_window));
  if (p.full_attention_every != 0) {
    writer->AddUint32(prefix + "attention.sliding_window_pattern",
                      static_cast<uint32_t>(p.full_attention_every));
  }
  if (p.rope_theta_window != 0) {
    writer->AddFloat32(prefix + "rope.freq_base_swa", p.rope_theta_window);
  }
}

void WriteExperts(const HyperParameters& p, const std::string& prefix, GgufWriter* writer) {
  if (p.num_experts == 0) return;
  writer->AddUint32(prefix + "expert_count", static_cast<uint32_t>(p.num_experts));
  writer->AddUint32(prefix + "expert_used_count", static_cast<uint32_t>(p.experts_per_token));
  writer->AddUint32(prefix + "expert_feed_forward_length", static_cast<uint32_t>(p.ffn_size));
  if (p.normalize_experts != (p.family != ModelFamily::kOlmoe)) {
    writer->AddBool(prefix + "expert_weights_norm", p.normalize_experts);
  }
}

}  // namespace

void WriteGgufHyperParameters(const HyperParameters& p, const std::string& model_name,
                              GgmlType type, GgufWriter* writer) {
  const std::string architecture = NamesOf(p.family).gguf;
  const std::string prefix = architecture + ".";
  if (p.attention_scale != GgufAttentionScale(p)) {
    Fail(ErrorCode::kUnsupported, "GGUF has no key for the attention scale {} of this {} model",
         p.attention_scale, architecture);
  }
  writer->AddString("general.architecture", architecture);
  writer->AddString("general.type", "model");
  writer->AddString("general.name", model_name);
  writer->AddUint32("general.file_type", FileTypeOf(type));
  const auto add = [&](const char* key, uint64_t value) {
    writer->AddUint32(prefix + key, static_cast<uint32_t>(value));
  };
  add("context_length", p.context_length);
  add("embedding_length", p.embedding_size);
  add("block_count", p.num_layers);
  add("feed_forward_length", p.ffn_size);
  add("attention.head_count", p.num_heads);
  add("attention.head_count_kv", p.num_kv_heads);
  add("attention.key_length", p.head_dim);
  add("attention.value_length", p.head_dim);
  add("vocab_size", p.vocab_size);
  if (p.family == ModelFamily::kGpt2) {
    writer->AddFloat32(prefix + "attention.layer_norm_epsilon", p.rms_norm_eps);
    return;
  }
  add("rope.dimension_count", p.rope_dim == 0 ? p.head_dim : p.rope_dim);
  writer->AddFloat32(prefix + "attention.layer_norm_rms_epsilon", p.rms_norm_eps);
  writer->AddFloat32(prefix + "rope.freq_base", p.rope_theta);
  WriteRopeScaling(p.rope_scaling, prefix, writer);
  WriteWindow(p, prefix, writer);
  WriteExperts(p, prefix, writer);
  if (p.attention_softcap != 0) {
    writer->AddFloat32(prefix + "attn_logit_softcapping", p.attention_softcap);
  }
  if (p.logit_softcap != 0 || p.family == ModelFamily::kGemma2) {
    writer->AddFloat32(prefix + "final_logit_softcapping", p.logit_softcap);
  }
}

}  // namespace cambium
