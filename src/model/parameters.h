// SPDX-License-Identifier: Apache-2.0
// The parameters of a model: described once (name, shape, initial values, weight decay, optimizer
// group), and the memory that holds them. Allocation, files, optimizers and fingerprints all follow
// this one list, in its order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "model/model_config.h"
#include "tensor/weight.h"

namespace cambium {

enum class InitKind { kZeros, kOnes, kNormal };

struct ParameterSpec {
  std::string name;  // as GGUF names it, every expert's by itself (formats/tensor_names.h)
  size_t rows = 0;   // out; 1 for a vector
  size_t cols = 0;   // in
  InitKind init = InitKind::kNormal;
  double init_stddev = 0;
  bool decay = false;          // weight decay: matrices only
  bool hidden_matrix = false;  // Muon: matrices between hidden states, not embeddings or heads
  bool looked_up = false;      // a matrix whose rows are picked, never multiplied
  bool of_expert = false;      // read only for the tokens that chose its expert

  size_t size() const { return rows * cols; }
};

// Token embedding, then layer by layer, final norm, output head (if untied).
std::vector<ParameterSpec> DescribeParameters(const ModelConfig& config);

struct FfnWeights {
  Weight *gate, *up, *down;  // gate null when not gated
  Weight *gate_bias, *up_bias, *down_bias;
};

// What the configuration does not have is null.
struct LayerWeights {
  Weight *attn_norm, *attn_norm_bias;
  Weight *attn_q, *attn_k, *attn_v, *attn_output;
  Weight *attn_q_bias, *attn_k_bias, *attn_v_bias, *attn_output_bias;
  Weight *attn_q_norm, *attn_k_norm;
  Weight* attn_sinks;           // [H]
  Weight* post_attention_norm;  // of the block's output
  Weight *ffn_norm, *ffn_norm_bias;
  FfnWeights ffn;
  Weight *router, *router_bias;     // [E, C], [E]
  std::vector<FfnWeights> experts;  // [E]
  Weight* post_ffw_norm;
};

// f32 values, and gradients when training, in one block each, parameter after parameter; or, for
// inference, matrices as their file holds them.
class ParameterStore {
 public:
  ParameterStore(const ModelConfig& config, bool with_gradients);
  // stored: one entry for each parameter of DescribeParameters(config), empty for those that get
  // f32 values. file: keeps their memory alive.
  ParameterStore(const ModelConfig& config, std::vector<StoredMatrix> stored,
                 std::shared_ptr<const void> file);
  // For planning passes (tensor/arena.h): a store for training with everything but memory. Its
  // tensors have shapes and addresses that must not be touched.
  static std::unique_ptr<ParameterStore> ShapesOnly(const ModelConfig& config);
  ParameterStore(const ParameterStore&) = delete;
  ParameterStore& operator=(const ParameterStore&) = delete;

  const ModelConfig& config() const { return config_; }
  const std::vector<ParameterSpec>& specs() const { return specs_; }
  Weight& weight(size_t index) { return weights_[index]; }
  const Weight& weight(size_t index) const { return weights_[index]; }
  // Elements of all parameters, and where one starts.
  size_t size() const { return size_; }
  size_t offset(size_t index) const { return offsets_[index]; }

  Weight& token_embedding() { return weights_[0]; }
  Weight* position_embedding() { return position_embedding_; }  // null with RoPE
  Weight& output_norm() { return *output_norm_; }
  Weight* output_norm_bias() { return output_norm_bias_; }  // null without
  Weight& output_head() { return *output_head_; }
  LayerWeights& layer(size_t index) { return layers_[index]; }

  // Initial weights: a function of (config, seed) alone.
  void Initialize(uint64_t seed, ThreadPool& pool);
  void ZeroGradients();
  // Room for both packed forms of every matrix (Weight::PackCache); what they hold is dropped
  // whenever the values have changed.
  void MakePackCaches(DType compute);
  void DropPackCaches();
  size_t pack_cache_bytes() const { return pack_cache_bytes_; }

  // Packs every matrix for inference: stored ones of an integer format (quant_gemm.h) as integers,
  // all others in the given compute type.
  void PackForInference(DType compute, ThreadPool& pool);
  // Bytes of a parameter in the form that PackForInference gives it; 0 if it is no factor of a
  // product (vectors, tables).
  size_t PackedBytes(size_t index, DType compute) const;
  // Of all of them once they are packed and their values released: what running the model holds,
  // but for the rounding to whole pages.
  size_t InferenceBytes(DType compute) const;
  // Gives back the f32 values of packed matrices, but for the token embedding. What needs values
  // (Fingerprint, Initialize, packing again, files) is over then.
  void ReleasePackedValues();
  // Of values, gradients and packed forms; stored matrices lie in their file's mapping.
  size_t memory_bytes() const;

  // SHA-256 over (name, shape, f32 bytes) of every parameter in order: a model's identity.
  Sha256Digest Fingerprint() const;

 private:
  enum class Memory { kShapesOnly, kValues, kValuesAndGradients };
  ParameterStore(const ModelConfig& config, Memory memory, std::vector<StoredMatrix> stored,
                 std::shared_ptr<const void> file);
  bool has_value(size_t index) const { return weights_[index].stored.empty(); }
  bool is_product(size_t index) const { return specs_[index].rows > 1 && !specs_[index].looked_up; }
  // Multiplied as integers, and as the halves that are stored: without f32 values in either case.
  bool is_quantized(size_t index) const;
  bool is_half(size_t index, DType compute) const;
  // With a value that running the model needs beside, or without, its packed form.
  bool keeps_value(size_t index) const {
    return has_value(index) && (specs_[index].rows == 1 || index == 0 || specs_[index].looked_up);
  }
  size_t PaddedPackedBytes(size_t index, DType compute) const;
  size_t NumKeptValues() const;
  void Wire();

  ModelConfig config_;
  Memory memory_;
  std::shared_ptr<const void> file_;
  std::vector<ParameterSpec> specs_;
  std::vector<Weight> weights_;
  std::vector<size_t> offsets_;
  std::vector<LayerWeights> layers_;
  Weight* position_embedding_ = nullptr;
  Weight* output_norm_ = nullptr;
  Weight* output_norm_bias_ = nullptr;
  Weight* output_head_ = nullptr;
  size_t size_ = 0, pack_cache_bytes_ = 0;
  Scratch values_, gradients_, packed_, caches_;
};

}  // namespace cambium
