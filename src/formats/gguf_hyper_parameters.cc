// SPDX-License-Identifier: Apache-2.0
#include "formats/gguf_hyper_parameters.h"

#include "base/error.h"
#include "formats/quote.h"

namespace cambium {
namespace {

const char* ArchitectureOf(ModelFamily family) {
  return family == ModelFamily::kQwen3 ? "qwen3" : "llama";
}

// general.file_type, as other tools print it.
uint32_t FileTypeOf(GgmlType type) {
  return type == GgmlType::kF32 ? 0 : type == GgmlType::kF16 ? 1 : 32;
}

[[noreturn]] void FailUnsupported(const GgufFile& file, const std::string& what) {
  Fail(ErrorCode::kUnsupported, "{}: {} is not supported", file.name(), what);
}

void RefuseWhatIsNotComputed(const GgufFile& file, const std::string& prefix) {
  const auto scaling = file.GetString(prefix + "rope.scaling.type");
  if (scaling && *scaling != "none")
    FailUnsupported(file, "scaled RoPE of type " + Quote(*scaling));
  if (file.GetFloat(prefix + "rope.scale_linear").value_or(1) != 1 ||
      file.FindTensor("rope_freqs.weight") != nullptr) {
    FailUnsupported(file, "scaled RoPE");
  }
  if (file.GetUint(prefix + "expert_count").value_or(0) != 0) {
    FailUnsupported(file, "a mixture of experts");
  }
  if (file.GetUint(prefix + "attention.sliding_window").value_or(0) != 0) {
    FailUnsupported(file, "sliding-window attention");
  }
  for (const char* key :
       {"attention.head_count", "attention.head_count_kv", "feed_forward_length"}) {
    const GgufValue* value = file.Find(prefix + key);
    if (value != nullptr && value->is_array()) {
      FailUnsupported(file, fmt::format("{} that differs between layers", key));
    }
  }
}

}  // namespace

HyperParameters ReadGgufHyperParameters(const GgufFile& file) {
  const std::string_view architecture = file.RequireString("general.architecture");
  HyperParameters p;
  if (architecture == "qwen3") {
    p.family = ModelFamily::kQwen3;
  } else if (architecture != "llama") {
    Fail(ErrorCode::kUnsupported, "{}: architecture {}; 'llama' and 'qwen3' are supported",
         file.name(), Quote(architecture));
  }
  const std::string prefix = std::string(architecture) + ".";
  RefuseWhatIsNotComputed(file, prefix);
  p.embedding_size = file.RequireUint(prefix + "embedding_length");
  p.num_layers = file.RequireUint(prefix + "block_count");
  p.num_heads = file.RequireUint(prefix + "attention.head_count");
  p.num_kv_heads = file.GetUint(prefix + "attention.head_count_kv").value_or(p.num_heads);
  p.ffn_size = file.RequireUint(prefix + "feed_forward_length");
  p.context_length = file.RequireUint(prefix + "context_length");
  p.rms_norm_eps = file.RequireFloat(prefix + "attention.layer_norm_rms_epsilon");
  p.rope_theta = file.GetFloat(prefix + "rope.freq_base").value_or(10000.0f);
  if (const auto key_length = file.GetUint(prefix + "attention.key_length")) {
    p.head_dim = *key_length;
  } else if (p.num_heads != 0 && p.embedding_size % p.num_heads == 0) {
    p.head_dim = p.embedding_size / p.num_heads;
  }
  for (const char* key : {"attention.value_length", "rope.dimension_count"}) {
    const uint64_t size = file.GetUint(prefix + key).value_or(p.head_dim);
    if (size != p.head_dim) {
      FailUnsupported(file,
                      fmt::format("{} = {} beside a head dimension of {}", key, size, p.head_dim));
    }
  }
  if (const auto vocab_size = file.GetUint(prefix + "vocab_size")) {
    p.vocab_size = *vocab_size;
  } else if (const GgufTensor* embedding = file.FindTensor("token_embd.weight")) {
    p.vocab_size = embedding->shape[0];
  } else if (const GgufValue* tokens = file.Find("tokenizer.ggml.tokens")) {
    p.vocab_size = tokens->count;
  }
  p.tie_embeddings = file.FindTensor("output.weight") == nullptr;
  CheckHyperParameters(p, file.name());
  return p;
}

void WriteGgufHyperParameters(const HyperParameters& p, const std::string& model_name,
                              GgmlType type, GgufWriter* writer) {
  const std::string architecture = ArchitectureOf(p.family);
  writer->AddString("general.architecture", architecture);
  writer->AddString("general.type", "model");
  writer->AddString("general.name", model_name);
  writer->AddUint32("general.file_type", FileTypeOf(type));
  const auto add = [&](const char* key, uint64_t value) {
    writer->AddUint32(architecture + "." + key, static_cast<uint32_t>(value));
  };
  add("context_length", p.context_length);
  add("embedding_length", p.embedding_size);
  add("block_count", p.num_layers);
  add("feed_forward_length", p.ffn_size);
  add("attention.head_count", p.num_heads);
  add("attention.head_count_kv", p.num_kv_heads);
  add("attention.key_length", p.head_dim);
  add("attention.value_length", p.head_dim);
  add("rope.dimension_count", p.head_dim);
  add("vocab_size", p.vocab_size);
  writer->AddFloat32(architecture + ".attention.layer_norm_rms_epsilon", p.rms_norm_eps);
  writer->AddFloat32(architecture + ".rope.freq_base", p.rope_theta);
}

}  // namespace cambium
