// SPDX-License-Identifier: Apache-2.0
// Loss of a model on text it was not trained on, forward only. LossEvaluator takes memory for one
// forward pass and, for texts longer than one, their keys and values: no gradients, no optimizer.
// Thread safety: none; work inside is spread over the pool.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/kv_cache.h"
#include "model/transformer.h"
#include "train/data_loader.h"
#include "train/trainer.h"

namespace cambium {

struct Evaluation {
  double nats_per_token = 0;
  double bits_per_byte = 0;  // of text; independent of the tokenizer
  uint64_t num_tokens = 0;
  uint64_t num_bytes = 0;
  uint64_t num_rows = 0;    // of the loader's, which may be a sample
  uint64_t total_rows = 0;  // of all validation documents
};

// All batches of the loader, in order.
Evaluation Evaluate(Trainer& trainer, const ValidationLoader& loader);

class LossEvaluator {
 public:
  struct Options {
    DType compute = DType::kBF16;
    size_t max_segment = 0;  // tokens of a segment at most
    // What keys and values are held in; nullopt: in `compute`.
    std::optional<ops::KvType> kv_type = std::nullopt;
    // Computed at once: decides speed and memory, not the losses. Longer segments are computed
    // piece by piece, with their keys and values kept.
    size_t pass_tokens = 512;
  };
  // Told of every pass, in the order of what was added: losses[i], in nats, of targets[i]; 0 where
  // that is -1.
  using Consumer =
      std::function<void(std::span<const int32_t> targets, std::span<const float> losses)>;

  // parameters: with f32 values, or packed for `compute` (PackForInference).
  LossEvaluator(ParameterStore& parameters, const Options& options, ThreadPool& pool,
                Consumer consumer);

  // A text that begins anew. targets[i]: the token that comes after tokens[i], or -1: not scored.
  // What comes after the last target is not computed. Throws kResourceExhausted where memory does
  // not hold the keys and values of a long segment.
  void Add(std::span<const int32_t> tokens, std::span<const int32_t> targets);
  // Computes what still waits for a full pass.
  void Finish();

  size_t activations_bytes() const { return activations_bytes_; }

 private:
  void AddLong(std::span<const int32_t> tokens, std::span<const int32_t> targets);
  void AppendPiece(std::span<const int32_t> tokens, std::span<const int32_t> targets, size_t past);
  // Computes the pass that waits; with a cache it is one piece of a long segment.
  void RunPass(KvCache* cache);
  void Compute(Graph& graph, std::span<KvCache* const> caches, float* losses);

  ParameterStore& parameters_;
  const Options options_;
  const Consumer consumer_;
  Transformer model_;
  size_t activations_bytes_ = 0;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<Graph> graph_;
  std::unique_ptr<KvCache> cache_;  // of long segments, made for the first of them
  // The pass that waits.
  std::vector<int32_t> tokens_, targets_, positions_;
  std::vector<ops::AttentionSegment> segments_;
  std::vector<float> losses_;
};

}  // namespace cambium
