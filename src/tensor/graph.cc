// SPDX-License-Identifier: Apache-2.0
// The tape itself and the larger nodes: embedding, norms, rotation, attention, activations.
#include "tensor/graph.h"

#include <algorithm>

#include "base/check.h"
#include "tensor/ops/embedding.h"
#include "tensor/ops/rms_norm.h"
#include "tensor/ops/rope.h"

namespace cambium {

Graph::Graph(Arena& arena, ThreadPool& pool, Options options)
    : arena_(arena), pool_(pool), options_(std::move(options)) {}

void Graph::Begin(bool recording) {
  options_.recording = recording;
  backward_.clear();
  nodes_.clear();
  packed_input_ = nullptr;
  bytes_id_ = kNoValue;
  arena_.Reset();
}

Graph::Value Graph::NewValue(Tensor tensor, DType grad_dtype) {
  nodes_.push_back({tensor, Tensor(), grad_dtype});
  return {nodes_.size() - 1};
}

void Graph::Push(std::function<void()> backward) {
  if (options_.recording) backward_.push_back(std::move(backward));
}

void Graph::Trace(std::string_view name, const Tensor& result) {
  if (options_.trace && !planning()) options_.trace(name, result);
}

Tensor Graph::TakeGrad(Value v) {
  Tensor grad = nodes_[v.id].grad;
  CHECK(!grad.empty());
  nodes_[v.id].grad = Tensor();
  return grad;
}

void Graph::Release(Value v) {
  if (options_.recording) return;
  arena_.Free(nodes_[v.id].value);
  nodes_[v.id].value = Tensor();
}

void Graph::Backward() {
  CHECK(options_.recording);
  while (!backward_.empty()) {
    const std::function<void()> step = std::move(backward_.back());
    backward_.pop_back();
    step();
  }
}

Graph::Value Graph::Embedding(std::span<const int32_t> tokens, Weight& table, float scale) {
  const Tensor x = arena_.Allocate(DType::kF32, {tokens.size(), table.cols});
  if (!planning()) ReadTableRows(table, tokens, scale, x);
  Trace("embedding", x);
  const Value out = NewValue(x, DType::kF32);
  Push([this, out, tokens, scale, &table] {
    const Tensor dx = TakeGrad(out);
    if (!table.grad.empty() && !planning()) {
      if (table.grad_is_zero) std::fill_n(table.grad.f32(), table.grad.size(), 0.0f);
      ops::EmbeddingBackward(dx, tokens, scale, table.grad, pool_);
      Trace("embedding_gradient", table.grad);
    }
    table.grad_is_zero = false;
    FreeGrad(dx);
  });
  return out;
}

Graph::Value Graph::RmsNorm(Value x, Weight& w, float epsilon, DType grad_dtype) {
  const Tensor in = value(x);
  const Tensor y = arena_.Allocate(options_.compute, {in.rows(), in.cols()});
  const Tensor r = arena_.Allocate(DType::kF32, {in.rows()});
  if (!planning()) ops::RmsNormForward(in, w.value, epsilon, y, r, pool_);
  Trace("rms_norm", y);
  if (!options_.recording) arena_.Free(r);
  const Value out = NewValue(y, grad_dtype);
  Push([this, x, out, r, &w] {
    const Tensor dy = TakeGrad(out);
    Node& node = nodes_[x.id];
    const bool exists = !node.grad.empty();
    if (!exists) node.grad = arena_.Allocate(node.value.dtype, {dy.rows(), dy.cols()});
    if (!planning()) {
      if (w.grad_is_zero && !w.grad.empty()) std::fill_n(w.grad.f32(), w.grad.size(), 0.0f);
      ops::RmsNormBackward(dy, node.value, w.value, r, node.grad,
                           exists ? ops::GradientMode::kAccumulate : ops::GradientMode::kOverwrite,
                           w.grad, pool_);
    }
    w.grad_is_zero = false;
    Trace("rms_norm_gradient", node.grad);
    FreeGrad(dy);
  });
  return out;
}

Graph::Value Graph::HeadNorm(Value x, Weight& w, size_t num_heads, float epsilon) {
  const Tensor in = value(x);
  const size_t T = in.rows(), D = in.cols() / num_heads;
  const Tensor y = arena_.Allocate(in.dtype, {T, in.cols()});
  const Tensor r = arena_.Allocate(DType::kF32, {T * num_heads});
  const auto heads = [T, num_heads, D](const Tensor& t) {
    return Tensor(t.data, t.dtype, {T, num_heads, D});
  };
  if (!planning()) ops::RmsNormForward(heads(in), w.value, epsilon, heads(y), r, pool_);
  Trace("head_norm", y);
  if (!options_.recording) arena_.Free(r);
  const Value out = NewValue(y, in.dtype);
  Push([this, x, out, r, heads, &w] {
    const Tensor dy = TakeGrad(out);
    if (!planning()) {
      if (w.grad_is_zero && !w.grad.empty()) std::fill_n(w.grad.f32(), w.grad.size(), 0.0f);
      ops::RmsNormBackward(heads(dy), heads(value(x)), w.value, r, heads(dy),
                           ops::GradientMode::kOverwrite, w.grad, pool_);
    }
    w.grad_is_zero = false;
    Trace("head_norm_gradient", dy);
    nodes_[x.id].grad = dy;  // computed in place
  });
  return out;
}

void Graph::Rope(Value x, size_t num_heads, std::span<const int32_t> positions,
                 const ops::RopeTables& tables, ops::RopePairs pairs) {
  const auto heads = [num_heads](const Tensor& t) {
    return Tensor(t.data, t.dtype, {t.rows(), num_heads, t.cols() / num_heads});
  };
  if (!planning()) ops::RopeForward(heads(value(x)), positions, tables, pairs, pool_);
  Trace("rope", value(x));
  Push([this, x, heads, positions, tables, pairs] {
    const Tensor dx = nodes_[x.id].grad;
    if (!planning()) ops::RopeBackward(heads(dx), positions, tables, pairs, pool_);
    Trace("rope_gradient", dx);
  });
}

Graph::Value Graph::Attention(Value q, Value k, Value v, ops::AttentionParams params,
                              std::span<const ops::AttentionSegment> segments) {
  if (params.sinks != nullptr) RefuseRecording("attention with sinks");
  params.kv_type = options_.kv_type.value_or(ops::KvTypeOf(options_.compute));
  if (params.kv_type != ops::KvTypeOf(options_.compute)) {
    RefuseRecording("attention to keys that are held in another type");
  }
  const Tensor queries = value(q);
  const size_t T = queries.rows();
  const Tensor y = arena_.Allocate(options_.compute, {T, queries.cols()});
  const Tensor stats = options_.recording
                           ? arena_.Allocate(DType::kF32, {T, params.num_heads, size_t{2}})
                           : Tensor();
  if (!planning()) {
    ops::AttentionForward(params, segments, queries, value(k), value(v), y, stats, pool_);
  }
  Trace("attention", y);
  const Value out = NewValue(y, options_.compute);
  Push([this, q, k, v, out, stats, params, segments] {
    const Tensor dy = TakeGrad(out);
    for (const Value input : {q, k, v}) {
      const Tensor& in = value(input);
      nodes_[input.id].grad = arena_.Allocate(in.dtype, {in.rows(), in.cols()});
    }
    if (!planning()) {
      ops::AttentionBackward(params, segments, value(q), value(k), value(v), value(out), stats, dy,
                             nodes_[q.id].grad, nodes_[k.id].grad, nodes_[v.id].grad, pool_);
    }
    Trace("attention_dq", nodes_[q.id].grad);
    Trace("attention_dk", nodes_[k.id].grad);
    Trace("attention_dv", nodes_[v.id].grad);
    FreeGrad(dy);
  });
  return out;
}

Graph::Value Graph::Activation(ops::Activation act, Value gate, const Value* up) {
  const Tensor g = value(gate);
  const Tensor y = arena_.Allocate(options_.compute, {g.rows(), g.cols()});
  if (!planning()) {
    if (up != nullptr) {
      ops::GatedForward(act, g, value(*up), y, pool_);
    } else {
      ops::ActivationForward(act, g, y, pool_);
    }
  }
  Trace("activation", y);
  const Value out = NewValue(y, options_.compute);
  const bool gated = up != nullptr;
  const Value up_value = gated ? *up : Value{};
  Push([this, act, gate, gated, up_value, out] {
    const Tensor dy = TakeGrad(out);
    // The gradients take the places of the inputs, which nothing reads any more.
    const Tensor g_in = value(gate);
    nodes_[gate.id].grad = g_in;
    if (gated) {
      const Tensor u_in = value(up_value);
      nodes_[up_value.id].grad = u_in;
      if (!planning()) ops::GatedBackward(act, dy, g_in, u_in, g_in, u_in, pool_);
      Trace("activation_gradient_up", u_in);
    } else if (!planning()) {
      ops::ActivationBackward(act, dy, g_in, g_in, pool_);
    }
    Trace("activation_gradient", g_in);
    FreeGrad(dy);
  });
  return out;
}

}  // namespace cambium
