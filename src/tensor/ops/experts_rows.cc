// SPDX-License-Identifier: Apache-2.0
// Rows of the operation table for experts.h. Shapes: {T, E, K}, {T, C, K} and {N, F}.
#include "tensor/ops/dispatch.h"
#include "tensor/ops/experts.h"
#include "tensor/ops/experts_ref.h"
#include "tensor/ops/op_table.h"

namespace cambium::ops {
namespace {

template <bool kNormalize>
OpCase RouteCase(const Shape& shape, DType) {
  const size_t T = shape[0], E = shape[1], K = shape[2];
  return {.buffers = {{"logits", ElementType::kF32, T * E, Role::kInput, -9, 9},
                      {"experts", ElementType::kI32, T * K, Role::kOutput},
                      {"weights", ElementType::kF32, T * K, Role::kOutput}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                RouteExperts(m.View(0, DType::kF32, {T, E}), K, kNormalize, {m.I32(1), T * K},
                             {m.F32(2), T * K}, pool);
              },
          .reference =
              [=](const Buffers& m) {
                for (size_t t = 0; t < T; ++t) {
                  ref::RouteToken(E, K, kNormalize, m.F32(0) + t * E, m.I32(1) + t * K,
                                  m.F32(2) + t * K);
                }
              },
          .bytes = 4.0 * static_cast<double>(T * E),
          .flops = 20.0 * static_cast<double>(T * E)};
}

OpCase CombineCase(const Shape& shape, DType) {
  const size_t T = shape[0], C = shape[1], K = shape[2];
  return {.buffers = {{"y", ElementType::kF32, T * K * C, Role::kInput},
                      {"slots", ElementType::kI32, T * K, Role::kInput, 0,
                       static_cast<double>(std::max<size_t>(T * K, 1))},
                      {"weights", ElementType::kF32, T * K, Role::kInput, 0, 1},
                      {"residual, out", ElementType::kF32, T * C, Role::kInOut}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                const Tensor out = m.View(3, DType::kF32, {T, C});
                CombineExperts(m.View(0, DType::kF32, {T * K, C}), {m.I32(1), T * K},
                               {m.F32(2), T * K}, K, out, out, pool);
              },
          .reference =
              [=](const Buffers& m) {
                for (size_t t = 0; t < T; ++t) {
                  float* out = m.F32(3) + t * C;
                  ref::CombineToken(C, K, m.F32(0), m.I32(1) + t * K, m.F32(2) + t * K, out, out);
                }
              },
          .bytes = 4.0 * static_cast<double>(T * C * (K + 2)),
          .flops = 2.0 * static_cast<double>(T * C * K)};
}

OpCase SwiGluCase(const Shape& shape, DType dtype) {
  const size_t N = shape[0], F = shape[1];
  const double size = static_cast<double>(N * F);
  return {.buffers = {{"g", ElementOf(dtype), N * F, Role::kInput, -60, 12},
                      {"u", ElementOf(dtype), N * F, Role::kInput, -12, 12},
                      {"a", ElementOf(dtype), N * F, Role::kOutput}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                ClampedSwiGlu(m.View(0, dtype, {N, F}), m.View(1, dtype, {N, F}),
                              m.View(2, dtype, {N, F}), pool);
              },
          .reference =
              [=](const Buffers& m) {
                WithType(dtype, [&]<typename A>(A*) {
                  const auto at = [&](size_t i) {
                    return static_cast<A*>(m.View(i, dtype, {N, F}).data);
                  };
                  ref::ClampedSwiGlu(N * F, at(0), at(1), at(2));
                });
              },
          .bytes = 3 * size * static_cast<double>(DTypeBytes(dtype)),
          .flops = 27 * size};
}

}  // namespace

OpRows ExpertsRows() {
  const std::vector<DType> f32 = {DType::kF32};
  const std::vector<Shape> routes = {{1, 2, 1}, {3, 4, 2}, {33, 8, 8}, {70, 60, 6}, {5, 129, 8}};
  const std::vector<Shape> combines = {{1, 1, 1}, {3, 17, 2}, {65, 31, 3}, {7, 130, 8}, {0, 16, 2}};
  return {{"route_experts", routes, {{{256, 128, 8}}}, f32, RouteCase<true>},
          {"route_experts_of_all", routes, {{{256, 128, 8}}}, f32, RouteCase<false>},
          {"combine_experts", combines, {{{256, 2048, 8}}}, f32, CombineCase},
          {"clamped_swiglu", RowShapes(), {{{8192, 1024}}}, AllDTypes(), SwiGluCase}};
}

}  // namespace cambium::ops
