// SPDX-License-Identifier: Apache-2.0
#include "formats/tensor_names.h"

#include <fmt/format.h>

#include <cstring>

#include "base/check.h"

namespace cambium {
namespace {

struct NamePair {
  std::string_view gguf;
  std::string_view hf;
};

constexpr NamePair kModelNames[] = {
    {"token_embd.weight", "model.embed_tokens.weight"},
    {"output_norm.weight", "model.norm.weight"},
    {"output.weight", "lm_head.weight"},
};

// Behind "blk.N." and "model.layers.N.".
constexpr NamePair kLayerNames[] = {
    {"attn_norm.weight", "input_layernorm.weight"},
    {"attn_q.weight", "self_attn.q_proj.weight"},
    {"attn_k.weight", "self_attn.k_proj.weight"},
    {"attn_v.weight", "self_attn.v_proj.weight"},
    {"attn_output.weight", "self_attn.o_proj.weight"},
    {"attn_q_norm.weight", "self_attn.q_norm.weight"},
    {"attn_k_norm.weight", "self_attn.k_norm.weight"},
    {"ffn_norm.weight", "post_attention_layernorm.weight"},
    {"ffn_gate.weight", "mlp.gate_proj.weight"},
    {"ffn_up.weight", "mlp.up_proj.weight"},
    {"ffn_down.weight", "mlp.down_proj.weight"},
};

constexpr NamePair kLayerPrefix = {"blk.", "model.layers."};

std::optional<std::string> Translate(std::string_view name, std::string_view NamePair::*from,
                                     std::string_view NamePair::*to) {
  for (const NamePair& pair : kModelNames) {
    if (pair.*from == name) return std::string(pair.*to);
  }
  if (!name.starts_with(kLayerPrefix.*from)) return std::nullopt;
  name.remove_prefix((kLayerPrefix.*from).size());
  const size_t num_digits = name.find('.');
  // Digits only (no sign), no leading zero, so that each tensor has one name.
  if (num_digits == 0 || num_digits > 4 || (name[0] == '0' && num_digits > 1)) return std::nullopt;
  const std::string_view layer = name.substr(0, num_digits);
  if (layer.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  name.remove_prefix(num_digits + 1);
  for (const NamePair& pair : kLayerNames) {
    if (pair.*from == name) return fmt::format("{}{}.{}", kLayerPrefix.*to, layer, pair.*to);
  }
  return std::nullopt;
}

// Row of the half order that row `pair_row` of a head in pair order holds.
uint64_t HalfRow(uint64_t pair_row, uint64_t head_dim) {
  return pair_row / 2 + (pair_row % 2) * (head_dim / 2);
}

void CheckRopeArguments(std::span<const float> in, std::span<float> out, uint64_t num_heads,
                        uint64_t head_dim) {
  CHECK(head_dim % 2 == 0 && head_dim > 0 && num_heads > 0);
  CHECK(in.size() == out.size() && in.size() % (num_heads * head_dim) == 0);
}

}  // namespace

std::optional<std::string> GgufToHfName(std::string_view gguf_name) {
  return Translate(gguf_name, &NamePair::gguf, &NamePair::hf);
}

std::optional<std::string> HfToGgufName(std::string_view hf_name) {
  return Translate(hf_name, &NamePair::hf, &NamePair::gguf);
}

uint64_t HeadsInPairOrder(const HyperParameters& parameters, std::string_view gguf_name) {
  if (parameters.family != ModelFamily::kLlama || !gguf_name.starts_with("blk.")) return 0;
  if (gguf_name.ends_with(".attn_q.weight")) return parameters.num_heads;
  if (gguf_name.ends_with(".attn_k.weight")) return parameters.num_kv_heads;
  return 0;
}

std::vector<uint32_t> RowsOfPairOrder(uint64_t num_heads, uint64_t head_dim) {
  std::vector<uint32_t> rows(num_heads * head_dim);
  for (uint64_t i = 0; i < rows.size(); ++i) {
    const uint64_t head = i / head_dim, j = i % head_dim, half = head_dim / 2;
    rows[i] = static_cast<uint32_t>(head * head_dim + (j < half ? 2 * j : 2 * (j - half) + 1));
  }
  return rows;
}

void RopeHalvesToPairs(std::span<const float> in, std::span<float> out, uint64_t num_heads,
                       uint64_t head_dim) {
  CheckRopeArguments(in, out, num_heads, head_dim);
  const uint64_t columns = in.size() / (num_heads * head_dim);
  for (uint64_t row = 0; row < num_heads * head_dim; ++row) {
    const uint64_t head_begin = row / head_dim * head_dim;
    const uint64_t from = head_begin + HalfRow(row - head_begin, head_dim);
    std::memcpy(&out[row * columns], &in[from * columns], columns * sizeof(float));
  }
}

void RopePairsToHalves(std::span<const float> in, std::span<float> out, uint64_t num_heads,
                       uint64_t head_dim) {
  CheckRopeArguments(in, out, num_heads, head_dim);
  const uint64_t columns = in.size() / (num_heads * head_dim);
  for (uint64_t row = 0; row < num_heads * head_dim; ++row) {
    const uint64_t head_begin = row / head_dim * head_dim;
    const uint64_t to = head_begin + HalfRow(row - head_begin, head_dim);
    std::memcpy(&out[to * columns], &in[row * columns], columns * sizeof(float));
  }
}

}  // namespace cambium
