// SPDX-License-Identifier: Apache-2.0
// Rows of the operation table for activation.h. A shape is {N, F}; g and u (dg and du) lie side by
// side in rows of 2F elements. Values reach the range where sigmoid is 0.
#include "tensor/ops/activation.h"
#include "tensor/ops/activation_ref.h"
#include "tensor/ops/dispatch.h"
#include "tensor/ops/op_table.h"

namespace cambium::ops {
namespace {

constexpr double kRange = 90;

template <typename T>
T* Offset(const Buffers& m, size_t buffer, size_t elements) {
  return reinterpret_cast<T*>(m.F32(buffer)) + elements;
}

template <Activation kAct>
OpCase ForwardCase(const Shape& shape, DType dtype) {
  const size_t N = shape[0], F = shape[1];
  const double size = static_cast<double>(N * F);
  return {.buffers = {{"x", ElementOf(dtype), N * F, Role::kInput, -kRange, kRange},
                      {"a", ElementOf(dtype), N * F, Role::kOutput}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                ActivationForward(kAct, m.View(0, dtype, {N, F}), m.View(1, dtype, {N, F}), pool);
              },
          .reference =
              [=](const Buffers& m) {
                WithType(dtype, [&]<typename A>(A*) {
                  ref::ActivationForward(kAct, N * F, Offset<A>(m, 0, 0), Offset<A>(m, 1, 0));
                });
              },
          .bytes = 2 * size * static_cast<double>(DTypeBytes(dtype)),
          .flops = 25 * size};
}

// In place: dx is x.
template <Activation kAct>
OpCase BackwardCase(const Shape& shape, DType dtype) {
  const size_t N = shape[0], F = shape[1];
  const double size = static_cast<double>(N * F);
  return {.buffers = {{"da", ElementOf(dtype), N * F, Role::kInput},
                      {"x, dx", ElementOf(dtype), N * F, Role::kInOut, -kRange, kRange}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                const Tensor x = m.View(1, dtype, {N, F});
                ActivationBackward(kAct, m.View(0, dtype, {N, F}), x, x, pool);
              },
          .reference =
              [=](const Buffers& m) {
                WithType(dtype, [&]<typename A>(A*) {
                  ref::ActivationBackward(kAct, N * F, Offset<A>(m, 0, 0), Offset<A>(m, 1, 0),
                                          Offset<A>(m, 1, 0));
                });
              },
          .bytes = 3 * size * static_cast<double>(DTypeBytes(dtype)),
          .flops = 30 * size};
}

Tensor Half(const Buffers& m, size_t buffer, DType dtype, const Shape& shape, size_t half) {
  const size_t offset_bytes = half * shape[1] * DTypeBytes(dtype);
  return Tensor(reinterpret_cast<std::byte*>(m.F32(buffer)) + offset_bytes, dtype,
                {shape[0], shape[1]});
}

template <Activation kAct>
OpCase GatedForwardCase(const Shape& shape, DType dtype) {
  const size_t N = shape[0], F = shape[1];
  const double size = static_cast<double>(N * F);
  return {.buffers = {{"g, u", ElementOf(dtype), 2 * N * F, Role::kInput, -9, 9},
                      {"a", ElementOf(dtype), N * F, Role::kOutput}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                GatedForward(kAct, Half(m, 0, dtype, shape, 0), Half(m, 0, dtype, shape, 1),
                             m.View(1, dtype, {N, F}), pool, {.input = 2 * F});
              },
          .reference =
              [=](const Buffers& m) {
                WithType(dtype, [&]<typename A>(A*) {
                  for (size_t n = 0; n < N; ++n) {
                    const A* g = Offset<A>(m, 0, 2 * n * F);
                    ref::GatedForward(kAct, F, g, g + F, Offset<A>(m, 1, n * F));
                  }
                });
              },
          .bytes = 3 * size * static_cast<double>(DTypeBytes(dtype)),
          .flops = 26 * size};
}

// In place: dg and du overwrite g and u.
template <Activation kAct>
OpCase GatedBackwardCase(const Shape& shape, DType dtype) {
  const size_t N = shape[0], F = shape[1];
  const double size = static_cast<double>(N * F);
  return {.buffers = {{"da", ElementOf(dtype), N * F, Role::kInput},
                      {"g, u", ElementOf(dtype), 2 * N * F, Role::kInOut, -9, 9}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                const Tensor g = Half(m, 1, dtype, shape, 0);
                const Tensor u = Half(m, 1, dtype, shape, 1);
                GatedBackward(kAct, m.View(0, dtype, {N, F}), g, u, g, u, pool, {.input = 2 * F});
              },
          .reference =
              [=](const Buffers& m) {
                WithType(dtype, [&]<typename A>(A*) {
                  for (size_t n = 0; n < N; ++n) {
                    A* g = Offset<A>(m, 1, 2 * n * F);
                    ref::GatedBackward(kAct, F, Offset<A>(m, 0, n * F), g, g + F, g, g + F);
                  }
                });
              },
          .bytes = 5 * size * static_cast<double>(DTypeBytes(dtype)),
          .flops = 34 * size};
}

template <Activation kAct>
GradientCase Gradient(const Shape& shape) {
  const size_t n = shape[0];
  return {{n},
          n,
          [=](const std::vector<Vector>& in, Vector& y) {
            ref::ActivationForward(kAct, n, in[0].data(), y.data());
          },
          [=](const std::vector<Vector>& in, const Vector& dy, std::vector<Vector>& din) {
            ref::ActivationBackward(kAct, n, dy.data(), in[0].data(), din[0].data());
          }};
}

template <Activation kAct>
GradientCase GatedGradient(const Shape& shape) {
  const size_t n = shape[0];
  return {{n, n},
          n,
          [=](const std::vector<Vector>& in, Vector& y) {
            ref::GatedForward(kAct, n, in[0].data(), in[1].data(), y.data());
          },
          [=](const std::vector<Vector>& in, const Vector& dy, std::vector<Vector>& din) {
            ref::GatedBackward(kAct, n, dy.data(), in[0].data(), in[1].data(), din[0].data(),
                               din[1].data());
          }};
}

template <Activation kAct>
void AppendRows(const std::string& name, OpRows& rows) {
  const std::vector<SpeedShape> speed = {{{8192, 1024}}};
  const std::vector<Shape> gradient_shapes = {{19}};
  rows.push_back({name + "_forward", RowShapes(), speed, AllDTypes(), ForwardCase<kAct>});
  rows.push_back({name + "_backward", RowShapes(), speed, AllDTypes(), BackwardCase<kAct>,
                  gradient_shapes, Gradient<kAct>});
  rows.push_back(
      {"gated_" + name + "_forward", RowShapes(), speed, AllDTypes(), GatedForwardCase<kAct>});
  rows.push_back({"gated_" + name + "_backward", RowShapes(), speed, AllDTypes(),
                  GatedBackwardCase<kAct>, gradient_shapes, GatedGradient<kAct>});
}

}  // namespace

OpRows ActivationRows() {
  OpRows rows;
  AppendRows<Activation::kSilu>("silu", rows);
  AppendRows<Activation::kGelu>("gelu", rows);
  AppendRows<Activation::kRelu2>("relu2", rows);
  return rows;
}

}  // namespace cambium::ops
