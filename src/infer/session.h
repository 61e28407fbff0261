// SPDX-License-Identifier: Apache-2.0
// Running a model: an Engine holds weights packed for inference and all working memory, a Sequence
// holds the tokens of one text with their keys and values.
//
// A sequence's logits depend on its tokens alone: not on the pieces in which they were fed, on
// other sequences of the batch, on threads or on the instruction set (tested with memcmp).
//
// Thread safety: an engine and its sequences belong to one thread at a time (the pool's owner).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/kv_cache.h"
#include "model/transformer.h"
#include "tensor/arena.h"

namespace cambium {

struct EngineOptions {
  DType compute = DType::kBF16;
  // What keys and values are held in: part of the compute type, it decides bits. nullopt: compute.
  std::optional<ops::KvType> kv_type = std::nullopt;
  // Positions of a sequence at most; 0: the model's context length.
  size_t max_context = 0;
  // Tokens of all sequences in one pass: working memory grows with it.
  size_t max_batch_tokens = 256;
  // Tokens of one sequence in one pass.
  size_t prefill_chunk = 256;
  // Whether the weights are packed once. Without, every pass packs what it needs: slow, but sees
  // weights that change between passes, and takes no memory for a second copy.
  bool pack_weights = true;
  // With pack_weights: gives back the f32 values that nothing but packing needs. The store is then
  // good for this engine only.
  bool release_values = false;
  // See Graph::Options.
  std::function<void(const Weight& weight, const Tensor& x)> on_product;
};

class Sequence {
 public:
  Sequence(const ModelConfig& config, DType compute, ops::KvType kv_type, size_t capacity)
      : cache_(config, compute, kv_type, capacity) {}

  // The tokens whose keys and values are there.
  const std::vector<int32_t>& tokens() const { return tokens_; }
  size_t capacity() const { return cache_.capacity(); }
  // Forgets all tokens from `length` on; what is kept need not be computed again.
  void Truncate(size_t length);

 private:
  friend class Engine;
  KvCache cache_;
  std::vector<int32_t> tokens_;
};

// Of which new tokens the next-token logits are wanted.
enum class LogitsOf { kNone, kLast, kAll };

struct ForwardRequest {
  Sequence* sequence = nullptr;
  std::span<const int32_t> tokens;  // appended to the sequence; not empty
  LogitsOf logits = LogitsOf::kLast;
};

class Engine {
 public:
  // Both must outlive the engine. Throws kInvalidArgument for options out of range, kUnsupported
  // for a type that cannot hold this model's keys, kResourceExhausted when memory does not hold it.
  Engine(ParameterStore& parameters, ThreadPool& pool, const EngineOptions& options);

  const ModelConfig& config() const { return model_.config(); }
  const EngineOptions& options() const { return options_; }
  ThreadPool& pool() { return pool_; }
  size_t max_context() const { return options_.max_context; }
  ops::KvType kv_type() const { return options_.kv_type.value_or(ops::KvTypeOf(options_.compute)); }
  // Keys and values of a sequence of that room.
  size_t CacheBytes(size_t capacity) const {
    return KvCache::SizeBytes(config(), options_.compute, kv_type(), capacity);
  }
  // Tables of that many positions, once for all sequences.
  size_t TableBytes(size_t num_positions) const {
    return ModelRopeTables::SizeBytes(config(), num_positions);
  }
  // Whether any weight is multiplied as integers (numerics/quant/quant_gemm.h).
  bool runs_integers() const { return runs_integers_; }
  // Of the weights as they are held now.
  size_t weight_bytes() const { return model_.parameters().memory_bytes(); }
  // Working memory of a pass.
  size_t activation_bytes() const { return activation_bytes_; }
  // Bytes of weights that a pass over `num_tokens` tokens reads, each once. Of a mixture's experts
  // as many as are expected when every token picks its K of E at random: E (1 - (1 - K/E)^n).
  double WeightBytesRead(size_t num_tokens) const;

  // An empty sequence with room for `capacity` positions. Throws kInvalidArgument when that is
  // above max_context(), kResourceExhausted when memory does not hold it; what holds several is
  // asked first (generation_memory.h).
  Sequence NewSequence(size_t capacity) const;

  // Appends the tokens of every request to its sequence, in as many passes as it takes. Returns the
  // wanted logits: rows of config().vocab_size, request after request, valid until the next call.
  // Throws kInvalidArgument, before anything is computed, for a token out of range, a sequence
  // without room, or one that is named twice.
  std::span<const float> Forward(std::span<const ForwardRequest> requests);

 private:
  // Some tokens of one request in one pass.
  struct Piece {
    size_t request = 0;
    size_t begin = 0;  // in the request's tokens
    size_t count = 0;
    size_t row = 0;        // in the pass
    size_t logit_row = 0;  // in the result, of the first wanted row
  };

  void Plan();
  void Check(std::span<const ForwardRequest> requests) const;
  void RunPass(std::span<const ForwardRequest> requests, std::span<const Piece> pieces,
               float* logits);

  ThreadPool& pool_;
  EngineOptions options_;
  Transformer model_;
  bool runs_integers_ = false;
  size_t shared_weight_bytes_ = 0;  // read for every token
  size_t expert_weight_bytes_ = 0;  // of all experts
  size_t activation_bytes_ = 0;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<Graph> graph_;
  Scratch logits_;
};

}  // namespace cambium
