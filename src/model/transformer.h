// SPDX-License-Identifier: Apache-2.0
// The one decoder-only transformer: training, evaluation and inference all run this forward pass
// through a Graph.
//   x = E[tokens] * scale (+ P[positions])
//   per layer: h = norm(x); q, k, v = h Wq, h Wk, h Wv; q, k = rope(head_norm(q)),
//   rope(head_norm(k))
//              x = x + attention(q, k, v) Wo
//              h = norm(x); x = x + (act(h Wgate) * (h Wup)) Wdown, or a mixture of such experts
//   hidden = norm(x); logits = hidden Whead
// with biases where the model has them; a block's output may be normed before it is added, instead
// of its input or besides; RoPE may be of two kinds, by layer. ModelConfig says which.
// Sources: Touvron et al. 2023 (arXiv:2302.13971); Qwen3 (arXiv:2505.09388) for QK-norm; Gemma 2
// (arXiv:2408.00118) and OLMo 2 (arXiv:2501.00656) for norms behind blocks.
#pragma once

#include <span>
#include <vector>

#include "model/kv_cache.h"
#include "model/parameters.h"
#include "model/rope_scaling.h"
#include "tensor/graph.h"

namespace cambium {

// Tokens of one pass. Either segments without cache (training), or one cache per segment.
struct ModelBatch {
  std::span<const int32_t> tokens;     // [T]
  std::span<const int32_t> positions;  // [T], from the start of each token's segment or sequence
  std::span<const ops::AttentionSegment> segments;
  // Same length as segments, or empty. The pass appends to them; Advance is called by Hidden.
  std::span<KvCache* const> caches;
};

class Transformer {
 public:
  // max_positions: positions of a batch must be below.
  Transformer(ParameterStore& parameters, size_t max_positions);

  const ModelConfig& config() const { return parameters_.config(); }
  ParameterStore& parameters() { return parameters_; }
  const ParameterStore& parameters() const { return parameters_; }
  size_t max_positions() const { return max_positions_; }

  // The final normed hidden states [T, C]. The batch's spans must live until Backward has run.
  Graph::Value Hidden(Graph& graph, const ModelBatch& batch);
  Weight& head() { return parameters_.output_head(); }

 private:
  Graph::Value AttentionBlock(Graph& graph, size_t layer, Graph::Value x, const ModelBatch& batch,
                              std::span<const ops::AttentionSegment> segments);
  Graph::Value FfnBlock(Graph& graph, size_t layer, Graph::Value x);
  Graph::Value ExpertsBlock(Graph& graph, LayerWeights& w, Graph::Value h, Graph::Value x);
  // The input of a block: x normed, or as it is.
  Graph::Value BlockInput(Graph& graph, Graph::Value x, Weight* norm, Weight* norm_bias);
  // x + y W^T (+ bias), or x + norm(y W^T + bias).
  Graph::Value BlockOutput(Graph& graph, Graph::Value y, Weight& w, Weight* bias, Weight* post_norm,
                           Graph::Value x);

  ParameterStore& parameters_;
  size_t max_positions_;
  ModelRopeTables rope_;
};

}  // namespace cambium
