// SPDX-License-Identifier: Apache-2.0
// The smaller nodes of a Graph: biases, LayerNorm, norms behind blocks, learned positions.
#include <algorithm>

#include "base/error.h"
#include "tensor/graph.h"
#include "tensor/ops/bias.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/embedding.h"
#include "tensor/ops/layer_norm.h"
#include "tensor/ops/rms_norm.h"

namespace cambium {
namespace {

// The gradient of a weight is about to be added to.
void StartGradient(Weight& w, bool planning) {
  if (w.grad_is_zero && !w.grad.empty() && !planning) {
    std::fill_n(w.grad.f32(), w.grad.size(), 0.0f);
  }
  w.grad_is_zero = false;
}

}  // namespace

void Graph::RefuseRecording(const char* what) const {
  if (!options_.recording) return;
  Fail(ErrorCode::kUnsupported, "{} cannot be trained by this build; it can only be run", what);
}

Tensor Graph::ResidualResult(Value residual) {
  const Tensor base = value(residual);
  return options_.recording ? arena_.Allocate(DType::kF32, {base.rows(), base.cols()}) : base;
}

void Graph::ForgetResidual(Value residual) {
  if (!options_.recording) nodes_[residual.id].value = Tensor();
}

void Graph::ReadTableRows(const Weight& table, std::span<const int32_t> rows, float scale,
                          const Tensor& x) {
  if (!table.value.empty()) return ops::EmbeddingForward(table.value, rows, scale, x, pool_);
  const size_t C = table.cols;
  pool_.ParallelRanges(rows.size(), 4, [&](size_t begin, size_t end, size_t) {
    for (size_t i = begin; i < end; ++i) {
      table.stored.ReadRows(static_cast<size_t>(rows[i]), C, std::span(x.f32() + i * C, C));
    }
  });
  if (scale != 1.0f) ops::Scale(x, scale, x, pool_);
}

void Graph::AddBias(Value x, Weight& b) {
  if (!planning()) ops::BiasForward(value(x), b.value, pool_);
  Trace("bias", value(x));
  Push([this, x, &b] {
    if (!b.grad.empty()) {
      StartGradient(b, planning());
      if (!planning()) ops::BiasBackward(nodes_[x.id].grad, b.grad, pool_);
      Trace("bias_gradient", b.grad);
    }
  });
}

void Graph::AddRows(Value x, std::span<const int32_t> rows, Weight& table) {
  const Tensor to = value(x);
  const Tensor picked = arena_.Allocate(DType::kF32, {to.rows(), to.cols()});
  if (!planning()) {
    ReadTableRows(table, rows, 1.0f, picked);
    ops::Accumulate(picked, to, pool_);
  }
  arena_.Free(picked);
  Trace("add_rows", to);
  Push([this, x, rows, &table] {
    if (!table.grad.empty()) {
      StartGradient(table, planning());
      if (!planning()) {
        ops::EmbeddingBackward(nodes_[x.id].grad, rows, 1.0f, table.grad, pool_);
      }
      Trace("add_rows_gradient", table.grad);
    }
  });
}

Graph::Value Graph::LayerNorm(Value x, Weight& w, Weight& b, float epsilon, DType grad_dtype) {
  const Tensor in = value(x);
  const Tensor y = arena_.Allocate(options_.compute, {in.rows(), in.cols()});
  const Tensor stats = arena_.Allocate(DType::kF32, {in.rows(), size_t{2}});
  if (!planning()) ops::LayerNormForward(in, w.value, b.value, epsilon, y, stats, pool_);
  Trace("layer_norm", y);
  if (!options_.recording) arena_.Free(stats);
  const Value out = NewValue(y, grad_dtype);
  Push([this, x, out, stats, &w, &b] {
    const Tensor dy = TakeGrad(out);
    Node& node = nodes_[x.id];
    if (node.grad.empty()) {
      node.grad = arena_.Allocate(DType::kF32, {dy.rows(), dy.cols()});
      if (!planning()) std::fill_n(node.grad.f32(), node.grad.size(), 0.0f);
    }
    StartGradient(w, planning());
    StartGradient(b, planning());
    if (!planning()) {
      ops::LayerNormBackward(dy, node.value, w.value, stats, node.grad, w.grad, b.grad, pool_);
    }
    Trace("layer_norm_gradient", node.grad);
    FreeGrad(dy);
  });
  return out;
}

Graph::Value Graph::NormResidual(Value x, Weight& w, float epsilon, Value residual) {
  const Tensor in = value(x), base = value(residual);
  const Tensor normed = arena_.Allocate(DType::kF32, {in.rows(), in.cols()});
  const Tensor r = arena_.Allocate(DType::kF32, {in.rows()});
  const Tensor y = ResidualResult(residual);
  if (!planning()) {
    ops::RmsNormForward(in, w.value, epsilon, normed, r, pool_);
    ops::Add(base, normed, y, pool_);
  }
  arena_.Free(normed);
  if (!options_.recording) arena_.Free(r);
  Trace("norm_residual", y);
  ForgetResidual(residual);
  const Value out = NewValue(y, DType::kF32);
  Push([this, x, out, residual, r, &w] {
    const Tensor dy = TakeGrad(out);
    nodes_[residual.id].grad = dy;
    Node& node = nodes_[x.id];
    node.grad = arena_.Allocate(node.value.dtype, {dy.rows(), dy.cols()});
    StartGradient(w, planning());
    if (!planning()) {
      ops::RmsNormBackward(dy, node.value, w.value, r, node.grad, ops::GradientMode::kOverwrite,
                           w.grad, pool_);
    }
    Trace("norm_residual_gradient", node.grad);
  });
  return out;
}

Graph::Value Graph::Narrow(Value x) {
  const Tensor in = value(x);
  const Tensor y = arena_.Allocate(options_.compute, {in.rows(), in.cols()});
  if (!planning()) ops::Cast(in, y, pool_);
  Trace("narrow", y);
  const Value out = NewValue(y, DType::kF32);
  Push([this, x, out] {
    const Tensor dy = TakeGrad(out);
    Node& node = nodes_[x.id];
    if (node.grad.empty()) {
      node.grad = dy;
      return;
    }
    if (!planning()) ops::Accumulate(dy, node.grad, pool_);
    Trace("narrow_gradient", node.grad);
    FreeGrad(dy);
  });
  return out;
}

}  // namespace cambium
