// SPDX-License-Identifier: Apache-2.0
#include "tensor/graph.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/check.h"
#include "tensor/ops/cross_entropy.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/embedding.h"
#include "tensor/ops/rms_norm.h"
#include "tensor/ops/rope.h"
#include "tensor/ops/softcap.h"

namespace cambium {
namespace {

template <typename T>
const PackedB<T>& PackedOf(const Weight& w) {
  if constexpr (std::is_same_v<T, float>) {
    return w.packed_f32;
  } else {
    return w.packed_bf16;
  }
}

GemmOutput OutputTo(const Tensor& out) {
  return {.store = out.dtype == DType::kBF16 ? GemmStore::kBF16 : GemmStore::kF32,
          .data = out.data,
          .row_stride = out.cols()};
}

// Rows of logits computed at once. A chunk reads and writes the head's gradient once (8 V C bytes)
// and its logits several times (about 12 V bytes a row): with C rows the two cost alike. Even, so
// that the chain over tokens is cut between pairs.
size_t LogitRows(size_t width, size_t num_rows) {
  const size_t rows = std::clamp<size_t>(RoundUp(width, 48), 192, 576);
  return std::min(rows, RoundUp(num_rows, 2));
}

}  // namespace

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

template <typename Fn>
void Graph::DispatchCompute(const Fn& fn) {
  if (options_.compute == DType::kF32) {
    fn(float{});
  } else {
    fn(BFloat16{});
  }
}

template <typename T>
T* Graph::ScratchB(size_t size) {
  scratch_b_bytes_ = std::max(scratch_b_bytes_, size * sizeof(T));
  return planning() ? nullptr : scratch_b_.Get<T>(size);
}

template <typename T>
T* Graph::ScratchX(size_t size) {
  scratch_x_bytes_ = std::max(scratch_x_bytes_, size * sizeof(T));
  if (planning()) return nullptr;
  // Growing moves the buffer.
  if (size * sizeof(T) > scratch_x_.capacity_bytes()) packed_input_ = nullptr;
  return scratch_x_.Get<T>(size);
}

template <typename T>
T* Graph::ScratchA(size_t size) {
  scratch_a_bytes_ = std::max(scratch_a_bytes_, size * sizeof(T));
  return planning() ? nullptr : scratch_a_.Get<T>(size);
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

template <typename T>
PackedB<T> Graph::PackedForward(Weight& w) {
  if (PackedOf<T>(w).data != nullptr) return PackedOf<T>(w);
  Weight::PackCache& cache = w.forward_cache;
  if (cache.cached) return {static_cast<const T*>(cache.data), w.rows, w.cols};
  T* packed =
      cache.data != nullptr ? static_cast<T*>(cache.data) : ScratchB<T>(PackedSize(w.rows, w.cols));
  if (planning()) return {};
  cache.cached = cache.data != nullptr;
  return PackRows(w.value.f32(), w.rows, w.cols, w.cols, packed, pool_);
}

template <typename T>
void Graph::Product(const Tensor& x, const PackedB<T>& w, const GemmOutput& out) {
  if (planning()) return;
  Gemm(x.rows(), RowMajorA(x.ptr<T>(), x.cols()), w, out, pool_);
}

template <typename T>
PackedB<T> Graph::PackedBackward(Weight& w) {
  Weight::PackCache& cache = w.backward_cache;
  if (cache.cached) return {static_cast<const T*>(cache.data), w.cols, w.rows};
  T* packed =
      cache.data != nullptr ? static_cast<T*>(cache.data) : ScratchB<T>(PackedSize(w.cols, w.rows));
  if (planning()) return {};
  cache.cached = cache.data != nullptr;
  return PackColumns(w.value.f32(), w.rows, w.cols, w.cols, packed, pool_);
}

// out = dy W, reduced over the rows of W.
template <typename T>
void Graph::InputGradient(const Tensor& dy, Weight& w, const GemmOutput& out) {
  Product(dy, PackedBackward<T>(w), out);
}

// grad (+)= dy^T x, reduced over tokens.
template <typename T>
void Graph::WeightGradient(const Tensor& dy, const Tensor& x, Weight& w) {
  if (w.grad.empty()) return;
  const size_t tokens = x.rows();
  T* packed_x = ScratchX<T>(PackedSize(w.cols, tokens));
  T* packed_dy = ScratchA<T>(TransposedSize(w.rows, tokens));
  const bool load = !w.grad_is_zero;
  w.grad_is_zero = false;
  if (planning()) return;
  // Queries, keys and values have one input; so have gate and up.
  if (packed_input_ != x.data) {
    PackColumns(x.ptr<T>(), tokens, w.cols, x.cols(), packed_x, pool_);
    packed_input_ = x.data;
  }
  const PackedB<T> b = {packed_x, w.cols, tokens};
  const OperandA a = PackTransposedA(dy.ptr<T>(), tokens, w.rows, dy.cols(), packed_dy, pool_);
  Gemm(
      w.rows, a, b,
      {.init = load ? GemmInit::kLoad : GemmInit::kZero, .data = w.grad.data, .row_stride = w.cols},
      pool_);
}

void Graph::ProductBackward(const Tensor& dy, Value x, Weight& w) {
  DispatchCompute([&](auto element) {
    using T = decltype(element);
    Node& node = nodes_[x.id];
    WeightGradient<T>(dy, node.value, w);
    Trace("weight_gradient", w.grad);
    const bool exists = !node.grad.empty();
    if (!exists) node.grad = arena_.Allocate(node.grad_dtype, {dy.rows(), w.cols});
    GemmOutput out = OutputTo(node.grad);
    if (exists) out.init = GemmInit::kLoad;
    InputGradient<T>(dy, w, out);
    Trace("input_gradient", node.grad);
  });
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

void Graph::Apply(const Tensor& x, size_t id, Weight& w, const GemmOutput& out) {
  if (options_.on_product && !planning()) options_.on_product(w, x);
  if (w.packed_quant.data != nullptr) return ApplyQuantized(x, id, w.packed_quant, out);
  if (w.packed_f16.data != nullptr) {
    if (!planning()) Gemm(x.rows(), RowMajorA(x.f32(), x.cols()), w.packed_f16, out, pool_);
    return;
  }
  DispatchCompute([&](auto element) { Product(x, PackedForward<decltype(element)>(w), out); });
}

void Graph::Multiply(const Tensor& x, Weight& w, const Tensor& y) {
  Apply(x, kNoValue, w, OutputTo(y));
}

Graph::Value Graph::Linear(Value x, Weight& w) {
  const Tensor in = value(x);
  const Tensor y = arena_.Allocate(options_.compute, {in.rows(), w.rows});
  Apply(in, x.id, w, OutputTo(y));
  Trace("linear", y);
  const Value out = NewValue(y, options_.compute);
  Push([this, x, out, &w] {
    const Tensor dy = TakeGrad(out);
    ProductBackward(dy, x, w);
    FreeGrad(dy);
  });
  return out;
}

Graph::Value Graph::LinearResidual(Value x, Weight& w, Value residual) {
  const Tensor in = value(x), base = value(residual);
  const Tensor y = ResidualResult(residual);
  Apply(in, x.id, w,
        {.store = GemmStore::kResidual,
         .data = y.data,
         .row_stride = w.rows,
         .residual = static_cast<const float*>(base.data)});
  Trace("linear_residual", y);
  ForgetResidual(residual);
  const Value out = NewValue(y, DType::kF32);
  Push([this, x, out, residual, &w] {
    const Tensor dy = TakeGrad(out);
    nodes_[residual.id].grad = dy;
    if (options_.compute == DType::kF32) {
      ProductBackward(dy, x, w);
      return;
    }
    const Tensor rounded = arena_.Allocate(options_.compute, {dy.rows(), dy.cols()});
    if (!planning()) ops::Cast(dy, rounded, pool_);
    ProductBackward(rounded, x, w);
    arena_.Free(rounded);
  });
  return out;
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

void Graph::Logits(Value x, Weight& head, std::span<const size_t> rows, float softcap, float* out) {
  const Tensor in = value(x);
  const Tensor picked = arena_.Allocate(in.dtype, {rows.size(), in.cols()});
  const Tensor logits(out, DType::kF32, {rows.size(), head.rows});
  if (!planning()) {
    const size_t row_bytes = in.cols() * DTypeBytes(in.dtype);
    for (size_t i = 0; i < rows.size(); ++i) {
      CHECK(rows[i] < in.rows());
      std::memcpy(static_cast<char*>(picked.data) + i * row_bytes,
                  static_cast<const char*>(in.data) + rows[i] * row_bytes, row_bytes);
    }
  }
  Apply(picked, kNoValue, head, OutputTo(logits));
  if (!planning()) {
    if (softcap > 0) ops::SoftcapForward(logits, softcap, logits, pool_);
    Trace("logits", logits);
  }
  arena_.Free(picked);
}

template <typename T>
void Graph::CrossEntropyChunks(const Tensor& x, Weight& head, std::span<const int32_t> targets,
                               float softcap, float grad_scale, float* losses, const Tensor& dx) {
  const size_t num_rows = x.rows(), V = head.rows, C = head.cols;
  const size_t chunk = LogitRows(C, num_rows);
  const bool learn = !dx.empty();
  const Tensor logits = arena_.Allocate(DType::kF32, {chunk, V});
  Tensor dlogits, packed_rows, packed_columns;
  // Both forms of the head are needed for every chunk: without a cache they live in the arena.
  PackedB<T> forward, backward;
  // Held in a form that only inference has.
  const bool as_stored = head.packed_quant.data != nullptr || head.packed_f16.data != nullptr;
  if (as_stored) {
    // Nothing to pack.
  } else if (PackedOf<T>(head).data == nullptr && head.forward_cache.data == nullptr) {
    packed_rows = arena_.Allocate(options_.compute, {PackedSize(V, C)});
    if (!planning()) {
      forward = PackRows(head.value.f32(), V, C, C, packed_rows.ptr<T>(), pool_);
    }
  } else {
    forward = PackedForward<T>(head);
  }
  if (learn) dlogits = arena_.Allocate(options_.compute, {chunk, V});
  if (learn && head.backward_cache.data == nullptr) {
    packed_columns = arena_.Allocate(options_.compute, {PackedSize(C, V)});
    if (!planning()) {
      backward = PackColumns(head.value.f32(), V, C, C, packed_columns.ptr<T>(), pool_);
    }
  } else if (learn) {
    backward = PackedBackward<T>(head);
  }
  for (size_t row = 0; row < num_rows; row += chunk) {
    const size_t n = std::min(chunk, num_rows - row);
    const Tensor x_chunk(static_cast<char*>(x.data) + row * C * DTypeBytes(x.dtype), x.dtype,
                         {n, C});
    const Tensor logits_chunk(logits.data, DType::kF32, {n, V});
    const Tensor dlogits_chunk = learn ? Tensor(dlogits.data, dlogits.dtype, {n, V}) : Tensor();
    if (as_stored) Apply(x_chunk, kNoValue, head, OutputTo(logits_chunk));
    if (!planning()) {
      if (!as_stored) Product(x_chunk, forward, OutputTo(logits_chunk));
      Trace("logits", logits_chunk);
      ops::CrossEntropy(logits_chunk, targets.subspan(row, n),
                        Tensor(losses + row, DType::kF32, {n}), dlogits_chunk, pool_,
                        {.softcap = softcap, .scale = grad_scale});
      Trace("cross_entropy", Tensor(losses + row, DType::kF32, {n}));
    }
    if (!learn) continue;
    Trace("cross_entropy_gradient", dlogits_chunk);
    WeightGradient<T>(dlogits_chunk, x_chunk, head);
    Trace("head_weight_gradient", head.grad);
    const Tensor dx_chunk(static_cast<char*>(dx.data) + row * C * DTypeBytes(dx.dtype), dx.dtype,
                          {n, C});
    Product(dlogits_chunk, backward, OutputTo(dx_chunk));
    Trace("head_input_gradient", dx_chunk);
  }
  if (learn) {
    if (!packed_columns.empty()) arena_.Free(packed_columns);
    arena_.Free(dlogits);
  }
  if (!packed_rows.empty()) arena_.Free(packed_rows);
  arena_.Free(logits);
}

void Graph::CrossEntropy(Value x, Weight& head, std::span<const int32_t> targets, float softcap,
                         float grad_scale, float* losses) {
  Node& node = nodes_[x.id];
  CHECK(targets.size() == node.value.rows());
  if (options_.recording) {
    node.grad = arena_.Allocate(node.grad_dtype, {node.value.rows(), node.value.cols()});
  }
  DispatchCompute([&](auto element) {
    using T = decltype(element);
    CrossEntropyChunks<T>(node.value, head, targets, softcap, grad_scale, losses, node.grad);
  });
}

}  // namespace cambium
