// SPDX-License-Identifier: Apache-2.0
#include "model/transformer.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/error.h"

namespace cambium {
namespace {

ops::Activation ActivationOf(FfnKind kind) {
  switch (kind) {
    case FfnKind::kSwiGlu:
    case FfnKind::kSilu:
    case FfnKind::kClampedSwiGlu:
      return ops::Activation::kSilu;
    case FfnKind::kGeGlu:
    case FfnKind::kGelu:
      return ops::Activation::kGelu;
    case FfnKind::kRelu2:
      return ops::Activation::kRelu2;
  }
  return ops::Activation::kSilu;
}

// x W^T + bias.
Graph::Value Linear(Graph& graph, Graph::Value x, Weight& w, Weight* bias) {
  const Graph::Value y = graph.Linear(x, w);
  if (bias != nullptr) graph.AddBias(y, *bias);
  return y;
}

}  // namespace

Transformer::Transformer(ParameterStore& parameters, size_t max_positions)
    : parameters_(parameters), max_positions_(max_positions), rope_(config(), max_positions) {
  if (config().learned_positions && max_positions > config().context_length) {
    Fail(ErrorCode::kInvalidArgument,
         "a context of {} tokens is asked for, but the model has learned positions for {} only",
         max_positions, config().context_length);
  }
}

Graph::Value Transformer::BlockInput(Graph& graph, Graph::Value x, Weight* norm,
                                     Weight* norm_bias) {
  const float epsilon = config().norm_epsilon;
  if (norm == nullptr) return graph.Narrow(x);
  if (norm_bias != nullptr) return graph.LayerNorm(x, *norm, *norm_bias, epsilon, DType::kF32);
  return graph.RmsNorm(x, *norm, epsilon, DType::kF32);
}

Graph::Value Transformer::BlockOutput(Graph& graph, Graph::Value y, Weight& w, Weight* bias,
                                      Weight* post_norm, Graph::Value x) {
  if (post_norm == nullptr) {
    const Graph::Value out = graph.LinearResidual(y, w, x);
    if (bias != nullptr) graph.AddBias(out, *bias);
    graph.Release(y);
    return out;
  }
  const Graph::Value projected = Linear(graph, y, w, bias);
  graph.Release(y);
  const Graph::Value out = graph.NormResidual(projected, *post_norm, config().norm_epsilon, x);
  graph.Release(projected);
  return out;
}

Graph::Value Transformer::AttentionBlock(Graph& graph, size_t layer, Graph::Value x,
                                         const ModelBatch& batch,
                                         std::span<const ops::AttentionSegment> segments) {
  const ModelConfig& c = config();
  LayerWeights& w = parameters_.layer(layer);
  const Graph::Value h = BlockInput(graph, x, w.attn_norm, w.attn_norm_bias);
  Graph::Value q = Linear(graph, h, *w.attn_q, w.attn_q_bias);
  Graph::Value k = Linear(graph, h, *w.attn_k, w.attn_k_bias);
  const Graph::Value v = Linear(graph, h, *w.attn_v, w.attn_v_bias);
  graph.Release(h);
  if (c.qk_norm) {
    const Graph::Value raw_q = q, raw_k = k;
    q = graph.HeadNorm(raw_q, *w.attn_q_norm, c.qk_norm_row ? 1 : c.num_heads, c.norm_epsilon);
    k = graph.HeadNorm(raw_k, *w.attn_k_norm, c.qk_norm_row ? 1 : c.num_kv_heads, c.norm_epsilon);
    graph.Release(raw_q);
    graph.Release(raw_k);
  }
  if (!c.learned_positions) {
    const ops::RopePairs pairs =
        c.rope_interleaved ? ops::RopePairs::kInterleaved : ops::RopePairs::kHalfSplit;
    graph.Rope(q, c.num_heads, batch.positions, rope_.For(layer), pairs);
    graph.Rope(k, c.num_kv_heads, batch.positions, rope_.For(layer), pairs);
  }
  const float default_scale = 1.0f / std::sqrt(static_cast<float>(c.head_dim));
  const ops::AttentionParams params = {
      .num_heads = c.num_heads,
      .num_kv_heads = c.num_kv_heads,
      .head_dim = c.head_dim,
      .scale = c.attention_scale != 0 ? c.attention_scale : default_scale,
      .window = c.HasWindow(layer) ? c.window : 0,
      .softcap = c.attention_softcap,
      .sinks = w.attn_sinks == nullptr ? nullptr : w.attn_sinks->value.f32()};
  const Graph::Value o = graph.Attention(q, k, v, params, segments);
  graph.Release(q);
  graph.Release(k);
  graph.Release(v);
  return BlockOutput(graph, o, *w.attn_output, w.attn_output_bias, w.post_attention_norm, x);
}

Graph::Value Transformer::ExpertsBlock(Graph& graph, LayerWeights& w, Graph::Value h,
                                       Graph::Value x) {
  const ModelConfig& c = config();
  std::vector<Graph::ExpertMatrices> experts;
  for (const FfnWeights& e : w.experts) {
    experts.push_back({e.gate, e.up, e.down, e.gate_bias, e.up_bias, e.down_bias});
  }
  const Graph::Value out = graph.Experts(h, *w.router, w.router_bias, experts,
                                         {.per_token = c.experts_per_token,
                                          .normalize = c.normalize_experts,
                                          .clamped = c.ffn == FfnKind::kClampedSwiGlu,
                                          .activation = ActivationOf(c.ffn)},
                                         x);
  graph.Release(h);
  return out;
}

Graph::Value Transformer::FfnBlock(Graph& graph, size_t layer, Graph::Value x) {
  const ModelConfig& c = config();
  LayerWeights& w = parameters_.layer(layer);
  const Graph::Value h = BlockInput(graph, x, w.ffn_norm, w.ffn_norm_bias);
  if (c.num_experts != 0) return ExpertsBlock(graph, w, h, x);
  const FfnWeights& ffn = w.ffn;
  Graph::Value a;
  if (ffn.gate != nullptr) {
    const Graph::Value gate = Linear(graph, h, *ffn.gate, ffn.gate_bias);
    const Graph::Value up = Linear(graph, h, *ffn.up, ffn.up_bias);
    graph.Release(h);
    a = c.ffn == FfnKind::kClampedSwiGlu ? graph.ClampedSwiGlu(gate, up)
                                         : graph.Activation(ActivationOf(c.ffn), gate, &up);
    graph.Release(gate);
    graph.Release(up);
  } else {
    const Graph::Value up = Linear(graph, h, *ffn.up, ffn.up_bias);
    graph.Release(h);
    a = graph.Activation(ActivationOf(c.ffn), up, nullptr);
    graph.Release(up);
  }
  return BlockOutput(graph, a, *ffn.down, ffn.down_bias, w.post_ffw_norm, x);
}

Graph::Value Transformer::Hidden(Graph& graph, const ModelBatch& batch) {
  CHECK(batch.tokens.size() == batch.positions.size());
  CHECK(batch.caches.empty() || batch.caches.size() == batch.segments.size());
  if (!batch.positions.empty()) {
    rope_.Extend(1 + static_cast<size_t>(*std::ranges::max_element(batch.positions)));
  }
  Graph::Value x =
      graph.Embedding(batch.tokens, parameters_.token_embedding(), config().embedding_scale);
  if (Weight* table = parameters_.position_embedding()) graph.AddRows(x, batch.positions, *table);
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
  Weight* bias = parameters_.output_norm_bias();
  const float epsilon = config().norm_epsilon;
  const Graph::Value hidden =
      bias != nullptr
          ? graph.LayerNorm(x, parameters_.output_norm(), *bias, epsilon, graph.compute())
          : graph.RmsNorm(x, parameters_.output_norm(), epsilon, graph.compute());
  graph.Release(x);
  return hidden;
}

}  // namespace cambium
