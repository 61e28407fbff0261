// SPDX-License-Identifier: Apache-2.0
// Matrix products of a Graph, and what ends in one: linear maps, logits, the loss.
#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/check.h"
#include "tensor/graph.h"
#include "tensor/ops/cross_entropy.h"
#include "tensor/ops/elementwise.h"
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
