// SPDX-License-Identifier: Apache-2.0
// Rows of the operation table for rms_norm.h. Shapes: {N, C}, or {T, H, D} with tokens that lie in
// a buffer of H D + 8 elements per token.
#include <algorithm>

#include "tensor/ops/dispatch.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/rms_norm.h"
#include "tensor/ops/rms_norm_ref.h"
#include "tensor/ops/row_view.h"

namespace cambium::ops {
namespace {

constexpr float kEps = 1e-5f;
constexpr size_t kGap = 8;

struct Dims {
  size_t outer, inner, C, stride;
  explicit Dims(const Shape& shape)
      : outer(shape[0]),
        inner(shape.size() == 3 ? shape[1] : 1),
        C(shape.back()),
        stride(inner * C + (shape.size() == 3 ? kGap : 0)) {}
  size_t rows() const { return outer * inner; }
  double size() const { return static_cast<double>(rows() * C); }
};

// Rank 2 has weights, rank 3 (heads) has none.
Tensor Weights(const Buffers& m, size_t i, const Dims& d) {
  return d.stride == d.inner * d.C ? m.View(i, DType::kF32, {d.C}) : Tensor();
}
Tensor Rows(const Buffers& m, size_t i, DType dtype, const Dims& d) {
  return m.View(i, dtype, {d.outer, d.inner, d.C});
}

// x of the activation type for heads, f32 (the residual stream) for rows.
DType InputType(const Dims& d, DType dtype) {
  return d.stride == d.inner * d.C ? DType::kF32 : dtype;
}

OpCase ForwardCase(const Shape& shape, DType dtype) {
  const Dims d(shape);
  const DType x_type = InputType(d, dtype);
  return {.buffers = {{"x", ElementOf(x_type), d.outer * d.stride, Role::kInput},
                      {"w", ElementType::kF32, d.C, Role::kInput},
                      {"y", ElementOf(dtype), d.outer * d.stride, Role::kOutput},
                      {"r", ElementType::kF32, d.rows(), Role::kOutput}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                RmsNormForward(Rows(m, 0, x_type, d), Weights(m, 1, d), kEps, Rows(m, 2, dtype, d),
                               m.View(3, DType::kF32, {d.rows()}), pool,
                               {.x = d.stride, .y = d.stride});
              },
          .reference =
              [=](const Buffers& m) {
                const RowView x(Rows(m, 0, x_type, d), d.stride);
                const RowView y(Rows(m, 2, dtype, d), d.stride);
                const Tensor w = Weights(m, 1, d);
                WithTypes(x_type, dtype, [&](auto* tx, auto* ty) {
                  for (size_t n = 0; n < d.rows(); ++n) {
                    m.F32(3)[n] =
                        ref::RmsNormForwardRow(d.C, x.Row<std::remove_pointer_t<decltype(tx)>>(n),
                                               static_cast<const float*>(w.data), kEps,
                                               y.Row<std::remove_pointer_t<decltype(ty)>>(n));
                  }
                });
              },
          .bytes = d.size() * static_cast<double>(DTypeBytes(x_type) + DTypeBytes(dtype)),
          .flops = 4 * d.size()};
}

// dx: f32 and accumulated for rows (the residual stream), overwritten in `dtype` for heads.
OpCase BackwardCase(const Shape& shape, DType dtype) {
  const Dims d(shape);
  const DType x_type = InputType(d, dtype);
  const bool heads = x_type == dtype && d.stride != d.inner * d.C;
  const GradientMode mode = heads ? GradientMode::kOverwrite : GradientMode::kAccumulate;
  return {.buffers = {{"dy", ElementOf(dtype), d.outer * d.stride, Role::kInput},
                      {"x", ElementOf(x_type), d.outer * d.stride, Role::kInput},
                      {"w", ElementType::kF32, d.C, Role::kInput},
                      {"r", ElementType::kF32, d.rows(), Role::kInput, 0.5, 1.5},
                      {"dx", ElementOf(x_type), d.outer * d.stride,
                       heads ? Role::kOutput : Role::kInOut},
                      {"dw", ElementType::kF32, d.C, Role::kInOut}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                RmsNormBackward(Rows(m, 0, dtype, d), Rows(m, 1, x_type, d), Weights(m, 2, d),
                                m.View(3, DType::kF32, {d.rows()}), Rows(m, 4, x_type, d), mode,
                                Weights(m, 5, d), pool,
                                {.x = d.stride, .y = d.stride, .dx = d.stride});
              },
          .reference =
              [=](const Buffers& m) {
                const RowView dy(Rows(m, 0, dtype, d), d.stride);
                const RowView x(Rows(m, 1, x_type, d), d.stride);
                const RowView dx(Rows(m, 4, x_type, d), d.stride);
                const auto* w = static_cast<const float*>(Weights(m, 2, d).data);
                WithTypes(x_type, dtype, [&](auto* tx, auto* tdy) {
                  using X = std::remove_pointer_t<decltype(tx)>;
                  using DY = std::remove_pointer_t<decltype(tdy)>;
                  std::vector<float> sum(d.C);
                  for (size_t n = 0; n < d.rows(); ++n) {
                    const float r = m.F32(3)[n];
                    ref::RmsNormWeightRow(d.C, dy.Row<DY>(n), x.Row<X>(n), r, sum.data());
                    ref::RmsNormBackwardRow(d.C, dy.Row<DY>(n), x.Row<X>(n), w, r, !heads,
                                            dx.Row<X>(n));
                    if ((n + 1) % kRmsNormRowBlock != 0 && n + 1 != d.rows()) continue;
                    for (size_t i = 0; i < d.C && w != nullptr; ++i) m.F32(5)[i] += sum[i];
                    std::fill(sum.begin(), sum.end(), 0.0f);
                  }
                });
              },
          .bytes = d.size() * static_cast<double>(DTypeBytes(dtype) + 3 * DTypeBytes(x_type)),
          .flops = 11 * d.size()};
}

// Inputs: x [N, C], w [C].
GradientCase Gradient(const Shape& shape) {
  const size_t N = shape[0], C = shape[1];
  constexpr double kDoubleEps = 1e-3;
  const auto forward = [=](const std::vector<Vector>& in, Vector& y) {
    for (size_t n = 0; n < N; ++n) {
      ref::RmsNormForwardRow(C, &in[0][n * C], in[1].data(), kDoubleEps, &y[n * C]);
    }
  };
  const auto backward = [=](const std::vector<Vector>& in, const Vector& dy,
                            std::vector<Vector>& din) {
    Vector y(C);
    for (size_t n = 0; n < N; ++n) {
      const double r = ref::RmsNormForwardRow(C, &in[0][n * C], in[1].data(), kDoubleEps, y.data());
      ref::RmsNormBackwardRow(C, &dy[n * C], &in[0][n * C], in[1].data(), r, false, &din[0][n * C]);
      ref::RmsNormWeightRow(C, &dy[n * C], &in[0][n * C], r, din[1].data());
    }
  };
  return {{N * C, C}, N * C, forward, backward};
}

}  // namespace

OpRows RmsNormRows() {
  const std::vector<Shape> heads = {{3, 2, 16}, {5, 3, 33}, {33, 4, 32}, {1, 1, 7}};
  return {
      {"rms_norm_forward", RowShapes(), {{{8192, 256}}}, AllDTypes(), ForwardCase},
      {"rms_norm_backward",
       RowShapes(),
       {{{8192, 256}}},
       AllDTypes(),
       BackwardCase,
       {{3, 5}, {2, 17}},
       Gradient},
      {"rms_norm_heads_forward", heads, {{{8192, 8, 32}}}, AllDTypes(), ForwardCase},
      {"rms_norm_heads_backward", heads, {{{8192, 8, 32}}}, AllDTypes(), BackwardCase},
  };
}

}  // namespace cambium::ops
