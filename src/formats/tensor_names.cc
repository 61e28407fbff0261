// SPDX-License-Identifier: Apache-2.0
#include "formats/tensor_names.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "base/check.h"

namespace cambium {
namespace {

using Exists = std::function<bool(std::string_view)>;

// "blk.3.attn_q.weight": layer 3, part "attn_q", suffix "weight"; "blk.3.ffn_up.7.weight" is of
// expert 7. Outside of layers the part is the name without its suffix.
struct ParsedName {
  std::optional<uint64_t> layer;
  std::string_view part;
  std::optional<uint64_t> expert;
  std::string_view suffix;
};

uint64_t NumberOf(std::string_view digits) {
  uint64_t value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  CHECK(result.ec == std::errc() && result.ptr == digits.data() + digits.size());
  return value;
}

// Names are the model's own (model/parameters.cc), never a file's.
ParsedName Parse(std::string_view name) {
  ParsedName parsed;
  const size_t last = name.rfind('.');
  CHECK(last != std::string_view::npos);
  parsed.suffix = name.substr(last + 1);
  name = name.substr(0, last);
  if (name.starts_with("blk.")) {
    name.remove_prefix(4);
    const size_t dot = name.find('.');
    CHECK(dot != std::string_view::npos);
    parsed.layer = NumberOf(name.substr(0, dot));
    name.remove_prefix(dot + 1);
  }
  const size_t dot = name.rfind('.');
  if (dot != std::string_view::npos) {
    parsed.expert = NumberOf(name.substr(dot + 1));
    name = name.substr(0, dot);
  }
  parsed.part = name;
  return parsed;
}

TensorSlice Whole(std::string name, uint64_t rows, uint64_t cols) {
  TensorSlice slice;
  slice.name = std::move(name);
  slice.shape = rows == 1 ? std::vector<uint64_t>{cols} : std::vector<uint64_t>{rows, cols};
  slice.rows = rows;
  slice.cols = cols;
  slice.row_stride = cols;
  return slice;
}

// Rows [first, first + rows) of a tensor of `total` rows; of a vector, elements.
TensorSlice Rows(std::string name, uint64_t first, uint64_t total, uint64_t rows, uint64_t cols) {
  TensorSlice slice = Whole(std::move(name), rows, cols);
  if (rows == 1) {
    slice.shape = {total};
    slice.offset = first;
  } else {
    slice.shape = {total, cols};
    slice.offset = first * cols;
  }
  return slice;
}

// One of E matrices that lie behind each other; [E, rows, cols], or [E, cols] of vectors.
TensorSlice Stacked(std::string name, uint64_t index, uint64_t count, uint64_t rows,
                    uint64_t cols) {
  TensorSlice slice = Whole(std::move(name), rows, cols);
  slice.shape =
      rows == 1 ? std::vector<uint64_t>{count, cols} : std::vector<uint64_t>{count, rows, cols};
  slice.offset = index * rows * cols;
  return slice;
}

// The first of queries' rows, keys' and values' in a fused tensor, and how many there are.
struct FusedRows {
  uint64_t first = 0, total = 0;
};
FusedRows QkvRows(const HyperParameters& p, std::string_view part) {
  const uint64_t q = p.num_heads * p.head_dim, kv = p.num_kv_heads * p.head_dim;
  const uint64_t first = part == "attn_q" ? 0 : part == "attn_k" ? q : q + kv;
  return {first, q + 2 * kv};
}

bool IsQkv(std::string_view part) {
  return part == "attn_q" || part == "attn_k" || part == "attn_v";
}

uint64_t PairHeads(const HyperParameters& p, std::string_view part) {
  const bool is_llama = p.family == ModelFamily::kLlama || p.family == ModelFamily::kMistral ||
                        p.family == ModelFamily::kMixtral;
  if (!is_llama) return 0;
  return part == "attn_q" ? p.num_heads : part == "attn_k" ? p.num_kv_heads : 0;
}

struct NamePair {
  std::string_view part;
  std::string_view hf;
};

// Behind "model.layers.N."; what a family calls otherwise stands in its own table.
constexpr NamePair kHfParts[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.o_proj"},
    {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"},
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
    {"ffn_gate_inp", "mlp.gate"},
    {"post_ffw_norm", "post_feedforward_layernorm"},
    // Gemma 2 and 3, OLMo 2; ffn_norm is named after it where both exist.
    {"post_attention_norm", "post_attention_layernorm"},
};
constexpr NamePair kGpt2Parts[] = {
    {"attn_norm", "ln_1"},    {"attn_output", "attn.c_proj"}, {"ffn_norm", "ln_2"},
    {"ffn_up", "mlp.c_fc"},   {"ffn_down", "mlp.c_proj"},     {"token_embd", "wte"},
    {"position_embd", "wpe"}, {"output_norm", "ln_f"},
};

std::string_view Lookup(std::span<const NamePair> table, std::string_view part) {
  for (const NamePair& pair : table) {
    if (pair.part == part) return pair.hf;
  }
  return {};
}

// [in, out] in the file.
TensorSlice Transposed(std::string name, uint64_t first, uint64_t total, uint64_t rows,
                       uint64_t cols) {
  TensorSlice slice = Whole(std::move(name), rows, cols);
  slice.shape = {cols, total};
  slice.offset = first;
  slice.row_stride = 1;
  slice.col_stride = total;
  return slice;
}

TensorSlice Gpt2Slice(const HyperParameters& p, const ParsedName& name, uint64_t rows,
                      uint64_t cols, const Exists& exists) {
  if (name.part == "output") return Whole("lm_head.weight", rows, cols);
  const bool fused = IsQkv(name.part);
  const std::string_view part = fused ? "attn.c_attn" : Lookup(kGpt2Parts, name.part);
  CHECK(!part.empty());
  std::string full = name.layer ? fmt::format("h.{}.{}.{}", *name.layer, part, name.suffix)
                                : fmt::format("{}.{}", part, name.suffix);
  // The first files of the family have no prefix.
  if (!exists || !exists(full)) full = "transformer." + full;
  const FusedRows qkv = fused ? QkvRows(p, name.part) : FusedRows{0, rows};
  if (rows == 1) return fused ? Rows(full, qkv.first, qkv.total, rows, cols) : Whole(full, 1, cols);
  if (!name.layer) return Whole(full, rows, cols);
  return Transposed(full, qkv.first, qkv.total, rows, cols);
}

// gate_up_proj [E, C, 2F] holds gate and up in turns, down_proj [E, F, C]; biases [E, 2F], [E, C].
// Published folders have the matrices as MXFP4 blocks of rows: [E, 2F, C/32, 16], [E, C, F/32, 16].
TensorSlice GptOssExpert(const HyperParameters& p, const ParsedName& name, uint64_t rows,
                         uint64_t cols, const Exists& exists) {
  const std::string prefix = fmt::format("model.layers.{}.mlp.experts.", *name.layer);
  const uint64_t expert = *name.expert;
  const bool down = name.part == "ffn_down";
  const std::string full = prefix + (down ? "down_proj" : "gate_up_proj");
  const uint64_t turns = down ? 1 : 2;
  const uint64_t turn = name.part == "ffn_up" ? 1 : 0;
  if (rows == 1) {
    TensorSlice slice = Stacked(full + "_bias", expert, p.num_experts, 1, cols);
    slice.shape = {p.num_experts, turns * cols};
    slice.offset = expert * turns * cols + turn;
    slice.col_stride = turns;
    return slice;
  }
  TensorSlice slice = Whole(full, rows, cols);
  if (cols % 32 == 0 && exists && exists(full + "_blocks")) {
    slice.name = full + "_blocks";
    slice.scales = full + "_scales";
    slice.shape = {p.num_experts, turns * rows, cols / 32, 16};
    slice.offset = expert * turns * rows + turn;
    slice.row_stride = turns;
    return slice;
  }
  slice.shape = {p.num_experts, cols, turns * rows};
  slice.offset = expert * cols * turns * rows + turn;
  slice.row_stride = turns;
  slice.col_stride = turns * rows;
  return slice;
}

std::string HfLayerName(const HyperParameters& p, const ParsedName& name) {
  const std::string prefix = fmt::format("model.layers.{}.", *name.layer);
  const bool both_sides = p.family == ModelFamily::kGemma2 || p.family == ModelFamily::kGemma3;
  if (both_sides && name.part == "ffn_norm") return prefix + "pre_feedforward_layernorm.weight";
  if (p.family == ModelFamily::kMixtral && name.part == "ffn_gate_inp") {
    return prefix + "block_sparse_moe.gate.weight";
  }
  if (p.family == ModelFamily::kGptOss && name.part == "ffn_gate_inp") {
    return fmt::format("{}mlp.router.{}", prefix, name.suffix);
  }
  if (name.part == "attn_sinks") return prefix + "self_attn.sinks";
  if (name.expert) {
    const bool gate = name.part == "ffn_gate", up = name.part == "ffn_up";
    if (p.family == ModelFamily::kMixtral) {
      return fmt::format("{}block_sparse_moe.experts.{}.{}.weight", prefix, *name.expert,
                         gate ? "w1"
                         : up ? "w3"
                              : "w2");
    }
    return fmt::format("{}mlp.experts.{}.{}.weight", prefix, *name.expert,
                       gate ? "gate_proj"
                       : up ? "up_proj"
                            : "down_proj");
  }
  const std::string_view part = Lookup(kHfParts, name.part);
  CHECK(!part.empty());
  return fmt::format("{}{}.{}", prefix, part, name.suffix);
}

bool IsGemma(ModelFamily family) {
  return family == ModelFamily::kGemma || family == ModelFamily::kGemma2 ||
         family == ModelFamily::kGemma3;
}

// Row of the half order that row `pair_row` of a head in pair order holds.
uint64_t HalfRow(uint64_t pair_row, uint64_t head_dim) {
  return pair_row / 2 + (pair_row % 2) * (head_dim / 2);
}

// copy(row in half order, row in pair order) for all rows.
template <typename Fn>
void ForRopeRows(const TensorSlice& slice, const Fn& copy) {
  CHECK(slice.pair_heads > 0 && slice.rows % (2 * slice.pair_heads) == 0);
  const uint64_t head_dim = slice.rows / slice.pair_heads;
  for (uint64_t row = 0; row < slice.rows; ++row) {
    copy(row / head_dim * head_dim + HalfRow(row % head_dim, head_dim), row);
  }
}

}  // namespace

TensorSlice GgufSlice(const HyperParameters& p, std::string_view name, uint64_t rows, uint64_t cols,
                      const Exists& exists) {
  const ParsedName parsed = Parse(name);
  const auto has = [&](const std::string& other) { return exists && exists(other); };
  std::string full(name);
  if (!parsed.layer) return Whole(full, rows, cols);
  const std::string prefix = fmt::format("blk.{}.", *parsed.layer);
  if (parsed.expert) {
    if (has(full)) return Whole(full, rows, cols);  // files from before experts were stacked
    return Stacked(fmt::format("{}{}_exps.{}", prefix, parsed.part, parsed.suffix), *parsed.expert,
                   p.num_experts, rows, cols);
  }
  if (p.family == ModelFamily::kGptOss && parsed.part == "ffn_norm") {
    return Whole(prefix + "post_attention_norm.weight", rows, cols);
  }
  const bool gate = parsed.part == "ffn_gate";
  if (p.family == ModelFamily::kPhi3 && (gate || parsed.part == "ffn_up") &&
      !has(prefix + "ffn_gate.weight")) {
    return Rows(prefix + "ffn_up.weight", gate ? 0 : rows, 2 * rows, rows, cols);
  }
  const std::string fused = fmt::format("{}attn_qkv.{}", prefix, parsed.suffix);
  const bool fuses = p.family == ModelFamily::kPhi3 || p.family == ModelFamily::kGpt2;
  if (IsQkv(parsed.part) && (exists ? has(fused) : fuses)) {
    const FusedRows qkv = QkvRows(p, parsed.part);
    return Rows(fused, qkv.first, qkv.total, rows, cols);
  }
  TensorSlice slice = Whole(full, rows, cols);
  slice.pair_heads = PairHeads(p, parsed.part);
  return slice;
}

TensorSlice HfSlice(const HyperParameters& p, std::string_view name, uint64_t rows, uint64_t cols,
                    const Exists& exists) {
  const ParsedName parsed = Parse(name);
  if (p.family == ModelFamily::kGpt2) return Gpt2Slice(p, parsed, rows, cols, exists);
  if (!parsed.layer) {
    const std::string hf = parsed.part == "token_embd"    ? "model.embed_tokens.weight"
                           : parsed.part == "output_norm" ? "model.norm.weight"
                                                          : "lm_head.weight";
    TensorSlice slice = Whole(hf, rows, cols);
    if (IsGemma(p.family) && parsed.part == "output_norm") slice.add = 1;
    return slice;
  }
  if (p.family == ModelFamily::kPhi3) {
    const std::string prefix = fmt::format("model.layers.{}.", *parsed.layer);
    if (IsQkv(parsed.part)) {
      const FusedRows qkv = QkvRows(p, parsed.part);
      return Rows(prefix + "self_attn.qkv_proj.weight", qkv.first, qkv.total, rows, cols);
    }
    if (parsed.part == "ffn_gate" || parsed.part == "ffn_up") {
      return Rows(prefix + "mlp.gate_up_proj.weight", parsed.part == "ffn_gate" ? 0 : rows,
                  2 * rows, rows, cols);
    }
  }
  if (p.family == ModelFamily::kGptOss && parsed.expert) {
    return GptOssExpert(p, parsed, rows, cols, exists);
  }
  TensorSlice slice = Whole(HfLayerName(p, parsed), rows, cols);
  if (IsGemma(p.family) && parsed.part.ends_with("_norm")) slice.add = 1;
  return slice;
}

std::vector<uint32_t> RowsOfPairOrder(const TensorSlice& slice) {
  std::vector<uint32_t> rows(slice.rows);
  ForRopeRows(slice,
              [&](uint64_t half, uint64_t pair) { rows[half] = static_cast<uint32_t>(pair); });
  return rows;
}

void RopePairsToHalves(const TensorSlice& slice, std::span<const float> in, std::span<float> out) {
  const uint64_t cols = slice.cols;
  CHECK(in.size() == slice.rows * cols && out.size() == in.size());
  ForRopeRows(slice, [&](uint64_t half, uint64_t pair) {
    std::memcpy(&out[half * cols], &in[pair * cols], cols * sizeof(float));
  });
}

void RopeHalvesToPairs(const TensorSlice& slice, std::span<const float> in, std::span<float> out) {
  const uint64_t cols = slice.cols;
  CHECK(in.size() == slice.rows * cols && out.size() == in.size());
  ForRopeRows(slice, [&](uint64_t half, uint64_t pair) {
    std::memcpy(&out[pair * cols], &in[half * cols], cols * sizeof(float));
  });
}

void ScatterSlice(const TensorSlice& slice, std::span<const float> values,
                  std::span<float> tensor) {
  CHECK(values.size() == slice.rows * slice.cols && tensor.size() == slice.Size());
  std::vector<float> pairs;
  if (slice.pair_heads != 0) {
    pairs.resize(values.size());
    RopeHalvesToPairs(slice, values, pairs);
    values = pairs;
  }
  for (uint64_t r = 0; r < slice.rows; ++r) {
    const float* from = &values[r * slice.cols];
    float* to = &tensor[slice.offset + r * slice.row_stride];
    for (uint64_t c = 0; c < slice.cols; ++c) to[c * slice.col_stride] = from[c] - slice.add;
  }
}

}  // namespace cambium
