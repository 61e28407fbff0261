// SPDX-License-Identifier: Apache-2.0
#include "model/transformer.h"

#include <cmath>

#include "base/check.h"
#include "numerics/trig.h"

namespace cambium {
namespace {

ops::Activation ActivationOf(FfnKind kind) {
  switch (kind) {
    case FfnKind::kSwiGlu:
    case FfnKind::kSilu:
      return ops::Activation::kSilu;
    case FfnKind::kGeGlu:
    case FfnKind::kGelu:
      return ops::Activation::kGelu;
    case FfnKind::kRelu2:
      return ops::Activation::kRelu2;
  }
  return ops::Activation::kSilu;
}

}  // namespace

Transformer::Transformer(ParameterStore& parameters, size_t max_positions)
    : parameters_(parameters), max_positions_(max_positions) {
  const size_t frequencies = config().head_dim / 2;
  cosines_.resize(max_positions * frequencies);
  sines_.resize(max_positions * frequencies);
  RopeTable(config().rope_base, config().head_dim, max_positions, cosines_.data(), sines_.data());
  rope_ = {.cosines = cosines_.data(),
           .sines = sines_.data(),
           .num_positions = max_positions,
           .n_rot = config().head_dim};
}

Graph::Value Transformer::AttentionBlock(Graph& graph, size_t layer, Graph::Value x,
                                         const ModelBatch& batch,
                                         std::span<const ops::AttentionSegment> segments) {
  const ModelConfig& c = config();
  LayerWeights& w = parameters_.layer(layer);
  const Graph::Value h = graph.RmsNorm(x, *w.attn_norm, c.norm_epsilon, DType::kF32);
  Graph::Value q = graph.Linear(h, *w.attn_q);
  Graph::Value k = graph.Linear(h, *w.attn_k);
  const Graph::Value v = graph.Linear(h, *w.attn_v);
  graph.Release(h);
  if (c.qk_norm) {
    const Graph::Value raw_q = q, raw_k = k;
    q = graph.HeadNorm(raw_q, *w.attn_q_norm, c.num_heads, c.norm_epsilon);
    k = graph.HeadNorm(raw_k, *w.attn_k_norm, c.num_kv_heads, c.norm_epsilon);
    graph.Release(raw_q);
    graph.Release(raw_k);
  }
  const ops::RopePairs pairs =
      c.rope_interleaved ? ops::RopePairs::kInterleaved : ops::RopePairs::kHalfSplit;
  graph.Rope(q, c.num_heads, batch.positions, rope_, pairs);
  graph.Rope(k, c.num_kv_heads, batch.positions, rope_, pairs);
  const ops::AttentionParams params = {.num_heads = c.num_heads,
                                       .num_kv_heads = c.num_kv_heads,
                                       .head_dim = c.head_dim,
                                       .scale = 1.0f / std::sqrt(static_cast<float>(c.head_dim)),
                                       .window = c.window,
                                       .softcap = c.attention_softcap};
  const Graph::Value o = graph.Attention(q, k, v, params, segments);
  graph.Release(q);
  graph.Release(k);
  graph.Release(v);
  const Graph::Value out = graph.LinearResidual(o, *w.attn_output, x);
  graph.Release(o);
  return out;
}

Graph::Value Transformer::FfnBlock(Graph& graph, size_t layer, Graph::Value x) {
  const ModelConfig& c = config();
  LayerWeights& w = parameters_.layer(layer);
  const Graph::Value h = graph.RmsNorm(x, *w.ffn_norm, c.norm_epsilon, DType::kF32);
  const ops::Activation kind = ActivationOf(c.ffn);
  Graph::Value a;
  if (w.ffn_gate != nullptr) {
    const Graph::Value gate = graph.Linear(h, *w.ffn_gate);
    const Graph::Value up = graph.Linear(h, *w.ffn_up);
    graph.Release(h);
    a = graph.Activation(kind, gate, &up);
    graph.Release(gate);
    graph.Release(up);
  } else {
    const Graph::Value up = graph.Linear(h, *w.ffn_up);
    graph.Release(h);
    a = graph.Activation(kind, up, nullptr);
    graph.Release(up);
  }
  const Graph::Value out = graph.LinearResidual(a, *w.ffn_down, x);
  graph.Release(a);
  return out;
}

Graph::Value Transformer::Hidden(Graph& graph, const ModelBatch& batch) {
  CHECK(batch.tokens.size() == batch.positions.size());
  CHECK(batch.caches.empty() || batch.caches.size() == batch.segments.size());
  Graph::Value x = graph.Embedding(batch.tokens, parameters_.token_embedding());
  std::vector<ops::AttentionSegment> cached(batch.caches.size());
  for (size_t layer = 0; layer < config().num_layers; ++layer) {
    std::span<const ops::AttentionSegment> segments = batch.segments;
    if (!batch.caches.empty()) {
      for (size_t i = 0; i < cached.size(); ++i) {
        cached[i] =
            batch.caches[i]->Segment(layer, batch.segments[i].row, batch.segments[i].num_rows);
      }
      segments = cached;
    }
    x = AttentionBlock(graph, layer, x, batch, segments);
    x = FfnBlock(graph, layer, x);
  }
  for (size_t i = 0; i < batch.caches.size(); ++i) {
    batch.caches[i]->Advance(batch.segments[i].num_rows);
  }
  const Graph::Value hidden =
      graph.RmsNorm(x, parameters_.output_norm(), config().norm_epsilon, graph.compute());
  graph.Release(x);
  return hidden;
}

}  // namespace cambium
