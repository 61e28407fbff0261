// SPDX-License-Identifier: Apache-2.0
// Rows of the operation table for layer_norm.h. A shape is {N, C}.
#include <algorithm>

#include "tensor/ops/dispatch.h"
#include "tensor/ops/layer_norm.h"
#include "tensor/ops/layer_norm_ref.h"
#include "tensor/ops/op_table.h"

namespace cambium::ops {
namespace {

constexpr float kEps = 1e-5f;

OpCase ForwardCase(const Shape& shape, DType dtype) {
  const size_t N = shape[0], C = shape[1];
  return {.buffers = {{"x", ElementType::kF32, N * C, Role::kInput},
                      {"w", ElementType::kF32, C, Role::kInput},
                      {"b", ElementType::kF32, C, Role::kInput},
                      {"y", ElementOf(dtype), N * C, Role::kOutput},
                      {"stats", ElementType::kF32, 2 * N, Role::kOutput}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                LayerNormForward(m.View(0, DType::kF32, {N, C}), m.View(1, DType::kF32, {C}),
                                 m.View(2, DType::kF32, {C}), kEps, m.View(3, dtype, {N, C}),
                                 m.View(4, DType::kF32, {N, 2}), pool);
              },
          .reference =
              [=](const Buffers& m) {
                WithType(dtype, [&](auto* ty) {
                  auto* y = static_cast<decltype(ty)>(m.View(3, dtype, {N, C}).data);
                  for (size_t n = 0; n < N; ++n) {
                    ref::LayerNormForwardRow(C, m.F32(0) + n * C, m.F32(1), m.F32(2), kEps,
                                             y + n * C, m.F32(4) + 2 * n);
                  }
                });
              },
          .bytes = static_cast<double>(N * C * (4 + DTypeBytes(dtype))),
          .flops = 8.0 * static_cast<double>(N * C)};
}

OpCase BackwardCase(const Shape& shape, DType dtype) {
  const size_t N = shape[0], C = shape[1];
  return {.buffers = {{"dy", ElementOf(dtype), N * C, Role::kInput},
                      {"x", ElementType::kF32, N * C, Role::kInput},
                      {"w", ElementType::kF32, C, Role::kInput},
                      {"stats", ElementType::kF32, 2 * N, Role::kInput, 0.5, 1.5},
                      {"dx", ElementType::kF32, N * C, Role::kInOut},
                      {"dw", ElementType::kF32, C, Role::kInOut},
                      {"db", ElementType::kF32, C, Role::kInOut}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                LayerNormBackward(m.View(0, dtype, {N, C}), m.View(1, DType::kF32, {N, C}),
                                  m.View(2, DType::kF32, {C}), m.View(3, DType::kF32, {N, 2}),
                                  m.View(4, DType::kF32, {N, C}), m.View(5, DType::kF32, {C}),
                                  m.View(6, DType::kF32, {C}), pool);
              },
          .reference =
              [=](const Buffers& m) {
                WithType(dtype, [&](auto* ty) {
                  const auto* dy = static_cast<decltype(ty)>(m.View(0, dtype, {N, C}).data);
                  std::vector<float> dw(C), db(C);
                  for (size_t n = 0; n < N; ++n) {
                    const float* x = m.F32(1) + n * C;
                    const float* stats = m.F32(3) + 2 * n;
                    ref::LayerNormWeightRow(C, dy + n * C, x, stats, dw.data(), db.data());
                    ref::LayerNormBackwardRow(C, dy + n * C, x, m.F32(2), stats, m.F32(4) + n * C);
                    if ((n + 1) % kLayerNormRowBlock != 0 && n + 1 != N) continue;
                    for (size_t i = 0; i < C; ++i) {
                      m.F32(5)[i] += dw[i];
                      m.F32(6)[i] += db[i];
                    }
                    std::fill(dw.begin(), dw.end(), 0.0f);
                    std::fill(db.begin(), db.end(), 0.0f);
                  }
                });
              },
          .bytes = static_cast<double>(N * C * (12 + DTypeBytes(dtype))),
          .flops = 16.0 * static_cast<double>(N * C)};
}

// Inputs: x [N, C], w [C], b [C].
GradientCase Gradient(const Shape& shape) {
  const size_t N = shape[0], C = shape[1];
  constexpr double kDoubleEps = 1e-3;
  const auto forward = [=](const std::vector<Vector>& in, Vector& y) {
    double stats[2];
    for (size_t n = 0; n < N; ++n) {
      ref::LayerNormForwardRow(C, &in[0][n * C], in[1].data(), in[2].data(), kDoubleEps, &y[n * C],
                               stats);
    }
  };
  const auto backward = [=](const std::vector<Vector>& in, const Vector& dy,
                            std::vector<Vector>& din) {
    Vector y(C);
    double stats[2];
    for (size_t n = 0; n < N; ++n) {
      const double* x = &in[0][n * C];
      ref::LayerNormForwardRow(C, x, in[1].data(), in[2].data(), kDoubleEps, y.data(), stats);
      ref::LayerNormBackwardRow(C, &dy[n * C], x, in[1].data(), stats, &din[0][n * C]);
      ref::LayerNormWeightRow(C, &dy[n * C], x, stats, din[1].data(), din[2].data());
    }
  };
  return {{N * C, C, C}, N * C, forward, backward};
}

}  // namespace

OpRows LayerNormRows() {
  return {{"layer_norm_forward", RowShapes(), {{{8192, 256}}}, AllDTypes(), ForwardCase},
          {"layer_norm_backward",
           RowShapes(),
           {{{8192, 256}}},
           AllDTypes(),
           BackwardCase,
           {{3, 5}, {2, 17}},
           Gradient}};
}

}  // namespace cambium::ops
