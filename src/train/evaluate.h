// SPDX-License-Identifier: Apache-2.0
// Loss of a model on text it was not trained on, forward only. LossEvaluator takes memory for one
// forward pass and nothing else: no gradients, no optimizer.
// Thread safety: none; work inside is spread over the pool.
#pragma once

#include <memory>
#include <optional>
#include <vector>

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
  // parameters: with f32 values, or packed for `compute` (PackForInference). micro_batch_rows rows
  // of row_tokens tokens are computed at once; losses do not depend on how many. kv_type: what
  // attention sees of keys and values (tensor/ops/kv_blocks.h); nullopt: all that `compute` holds.
  LossEvaluator(ParameterStore& parameters, DType compute, uint32_t micro_batch_rows,
                uint32_t row_tokens, ThreadPool& pool,
                std::optional<ops::KvType> kv_type = std::nullopt);

  // losses[i], in nats, of every place of the batch; 0 where the target is -1. The batch has any
  // number of rows that is a multiple of micro_batch_rows.
  void Losses(const Batch& batch, std::vector<float>& losses);

  size_t activations_bytes() const { return activations_bytes_; }

 private:
  void Run(Graph& graph, const Batch& batch, uint32_t first_row, float* losses);

  const uint32_t micro_batch_rows_, row_tokens_;
  Transformer model_;
  size_t activations_bytes_ = 0;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<Graph> graph_;
};

}  // namespace cambium
