// SPDX-License-Identifier: Apache-2.0
// Mixtures of experts in a Graph: rows are sorted by expert, each expert is an ordinary
// feed-forward block over its rows, and every token adds up what its experts made in ascending
// order of experts. A row's result does not depend on the other rows of a product, so batch and
// chunks change nothing.
#include <algorithm>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "tensor/graph.h"
#include "tensor/ops/bias.h"
#include "tensor/ops/experts.h"

namespace cambium {
namespace {

Tensor RowsOf(const Tensor& t, size_t first, size_t count) {
  const size_t row_bytes = t.cols() * DTypeBytes(t.dtype);
  return Tensor(static_cast<char*>(t.data) + first * row_bytes, t.dtype, {count, t.cols()});
}

}  // namespace

Graph::Value Graph::ClampedSwiGlu(Value gate, Value up) {
  RefuseRecording("a clamped SwiGLU");
  const Tensor g = value(gate);
  const Tensor y = arena_.Allocate(options_.compute, {g.rows(), g.cols()});
  if (!planning()) ops::ClampedSwiGlu(g, value(up), y, pool_);
  Trace("clamped_swiglu", y);
  return NewValue(y, options_.compute);
}

Graph::Value Graph::Experts(Value x, Weight& router, Weight* router_bias,
                            std::span<const ExpertMatrices> experts, const ExpertsParams& params,
                            Value residual) {
  RefuseRecording("a mixture of experts");
  const Tensor in = value(x);
  const size_t T = in.rows(), C = in.cols(), E = experts.size(), K = params.per_token;
  const size_t F = experts[0].up->rows, num_slots = T * K;
  const Tensor logits = arena_.Allocate(DType::kF32, {T, E});
  Multiply(in, router, logits);
  std::vector<int32_t> picked(num_slots, 0), slots(num_slots);
  std::vector<float> weights(num_slots);
  if (!planning()) {
    if (router_bias != nullptr) ops::BiasForward(logits, router_bias->value, pool_);
    ops::RouteExperts(logits, K, params.normalize, picked, weights, pool_);
  }
  Trace("router", logits);
  arena_.Free(logits);

  // begin[e]: the first slot of expert e. Slots of an expert follow its tokens.
  std::vector<size_t> begin(E + 1, 0);
  for (const int32_t expert : picked) ++begin[static_cast<size_t>(expert) + 1];
  for (size_t e = 0; e < E; ++e) begin[e + 1] += begin[e];
  std::vector<size_t> next(begin.begin(), begin.end() - 1);
  for (size_t i = 0; i < num_slots; ++i) {
    slots[i] = static_cast<int32_t>(next[static_cast<size_t>(picked[i])]++);
  }
  const Tensor gathered = arena_.Allocate(in.dtype, {num_slots, C});
  const Tensor gate = arena_.Allocate(options_.compute, {num_slots, F});
  const Tensor up = arena_.Allocate(options_.compute, {num_slots, F});
  const Tensor down = arena_.Allocate(DType::kF32, {num_slots, C});
  if (!planning()) {
    const size_t row_bytes = C * DTypeBytes(in.dtype);
    for (size_t i = 0; i < num_slots; ++i) {
      std::memcpy(static_cast<char*>(gathered.data) + static_cast<size_t>(slots[i]) * row_bytes,
                  static_cast<const char*>(in.data) + i / K * row_bytes, row_bytes);
    }
  }
  const auto multiply = [&](const Tensor& from, Weight& w, Weight* bias, const Tensor& to) {
    Multiply(from, w, to);
    if (bias != nullptr && !planning()) ops::BiasForward(to, bias->value, pool_);
  };
  for (size_t e = 0; e < E; ++e) {
    const size_t first = begin[e], count = begin[e + 1] - first;
    if (count == 0) continue;
    const ExpertMatrices& w = experts[e];
    const Tensor rows = RowsOf(gathered, first, count), g = RowsOf(gate, first, count),
                 u = RowsOf(up, first, count);
    multiply(rows, *w.gate, w.gate_bias, g);
    multiply(rows, *w.up, w.up_bias, u);
    if (!planning()) {
      if (params.clamped) {
        ops::ClampedSwiGlu(g, u, g, pool_);
      } else {
        ops::GatedForward(params.activation, g, u, g, pool_);
      }
    }
    multiply(g, *w.down, w.down_bias, RowsOf(down, first, count));
  }
  const Tensor base = value(residual);
  const Tensor y = ResidualResult(residual);
  if (!planning()) ops::CombineExperts(down, slots, weights, K, base, y, pool_);
  Trace("experts", y);
  for (const Tensor& t : {gathered, gate, up, down}) arena_.Free(t);
  ForgetResidual(residual);
  return NewValue(y, DType::kF32);
}

}  // namespace cambium
