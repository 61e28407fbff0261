// SPDX-License-Identifier: Apache-2.0
// Rows of the operation table for bias.h. A shape is {N, C}.
#include "tensor/ops/bias.h"
#include "tensor/ops/bias_ref.h"
#include "tensor/ops/dispatch.h"
#include "tensor/ops/op_table.h"

namespace cambium::ops {
namespace {

OpCase ForwardCase(const Shape& shape, DType dtype) {
  const size_t N = shape[0], C = shape[1];
  return {.buffers = {{"y", ElementOf(dtype), N * C, Role::kInOut},
                      {"b", ElementType::kF32, C, Role::kInput}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                BiasForward(m.View(0, dtype, {N, C}), m.View(1, DType::kF32, {C}), pool);
              },
          .reference =
              [=](const Buffers& m) {
                WithType(dtype, [&](auto* ty) {
                  ref::BiasForward(N, C, static_cast<decltype(ty)>(m.View(0, dtype, {N, C}).data),
                                   m.F32(1));
                });
              },
          .bytes = 2.0 * static_cast<double>(N * C * DTypeBytes(dtype)),
          .flops = static_cast<double>(N * C)};
}

OpCase BackwardCase(const Shape& shape, DType dtype) {
  const size_t N = shape[0], C = shape[1];
  return {.buffers = {{"dy", ElementOf(dtype), N * C, Role::kInput},
                      {"db", ElementType::kF32, C, Role::kInOut}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                BiasBackward(m.View(0, dtype, {N, C}), m.View(1, DType::kF32, {C}), pool);
              },
          .reference =
              [=](const Buffers& m) {
                WithType(dtype, [&](auto* ty) {
                  ref::BiasBackward(N, C, static_cast<decltype(ty)>(m.View(0, dtype, {N, C}).data),
                                    m.F32(1));
                });
              },
          .bytes = static_cast<double>(N * C * DTypeBytes(dtype)),
          .flops = static_cast<double>(N * C)};
}

// Inputs: y [N, C], b [C].
GradientCase Gradient(const Shape& shape) {
  const size_t N = shape[0], C = shape[1];
  return {{N * C, C},
          N * C,
          [=](const std::vector<Vector>& in, Vector& y) {
            y = in[0];
            ref::BiasForward(N, C, y.data(), in[1].data());
          },
          [=](const std::vector<Vector>&, const Vector& dy, std::vector<Vector>& din) {
            din[0] = dy;
            ref::BiasBackward(N, C, dy.data(), din[1].data());
          }};
}

}  // namespace

OpRows BiasRows() {
  return {{"bias_forward", RowShapes(), {{{8192, 256}}}, AllDTypes(), ForwardCase},
          {"bias_backward",
           RowShapes(),
           {{{8192, 256}}},
           AllDTypes(),
           BackwardCase,
           {{3, 5}},
           Gradient}};
}

}  // namespace cambium::ops
