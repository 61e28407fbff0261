// SPDX-License-Identifier: Apache-2.0
// Rows of the operation table for elementwise.h. A shape is {n}.
#include "tensor/ops/dispatch.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/elementwise_ref.h"
#include "tensor/ops/op_table.h"

namespace cambium::ops {
namespace {

constexpr size_t kSpeedLength = size_t{1} << 22;

// a f32 (the residual stream), b of the activation type, y f32.
OpCase AddCase(const Shape& shape, DType dtype) {
  const size_t n = shape[0];
  const double size = static_cast<double>(n);
  return {.buffers = {{"a", ElementType::kF32, n, Role::kInput},
                      {"b", ElementOf(dtype), n, Role::kInput},
                      {"y", ElementType::kF32, n, Role::kOutput}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                Add(m.View(0, DType::kF32, {n}), m.View(1, dtype, {n}), m.View(2, DType::kF32, {n}),
                    pool);
              },
          .reference =
              [=](const Buffers& m) {
                dtype == DType::kF32 ? ref::Add(n, m.F32(0), m.F32(1), m.F32(2))
                                     : ref::Add(n, m.F32(0), m.BF16(1), m.F32(2));
              },
          .bytes = size * (8.0 + static_cast<double>(DTypeBytes(dtype))),
          .flops = size};
}

OpCase AccumulateCase(const Shape& shape, DType dtype) {
  const size_t n = shape[0];
  const double size = static_cast<double>(n);
  return {.buffers = {{"x", ElementType::kF32, n, Role::kInput},
                      {"sum", ElementOf(dtype), n, Role::kInOut}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                Accumulate(m.View(0, DType::kF32, {n}), m.View(1, dtype, {n}), pool);
              },
          .reference =
              [=](const Buffers& m) {
                dtype == DType::kF32 ? ref::Add(n, m.F32(1), m.F32(0), m.F32(1))
                                     : ref::Add(n, m.BF16(1), m.F32(0), m.BF16(1));
              },
          .bytes = size * (4.0 + 2.0 * static_cast<double>(DTypeBytes(dtype))),
          .flops = size};
}

OpCase ScaleCase(const Shape& shape, DType dtype) {
  const size_t n = shape[0];
  const double size = static_cast<double>(n);
  constexpr float kFactor = 0.7300001f;
  return {.buffers = {{"x", ElementType::kF32, n, Role::kInput},
                      {"y", ElementOf(dtype), n, Role::kOutput}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                Scale(m.View(0, DType::kF32, {n}), kFactor, m.View(1, dtype, {n}), pool);
              },
          .reference =
              [=](const Buffers& m) {
                dtype == DType::kF32 ? ref::Scale(n, m.F32(0), kFactor, m.F32(1))
                                     : ref::Scale(n, m.F32(0), kFactor, m.BF16(1));
              },
          .bytes = size * (4.0 + static_cast<double>(DTypeBytes(dtype))),
          .flops = size};
}

// kBF16: f32 to bf16; kF32: bf16 to f32.
OpCase CastCase(const Shape& shape, DType dtype) {
  const size_t n = shape[0];
  const DType from = dtype == DType::kF32 ? DType::kBF16 : DType::kF32;
  return {
      .buffers = {{"x", ElementOf(from), n, Role::kInput},
                  {"y", ElementOf(dtype), n, Role::kOutput}},
      .kernel = [=](const Buffers& m,
                    ThreadPool& pool) { Cast(m.View(0, from, {n}), m.View(1, dtype, {n}), pool); },
      .reference =
          [=](const Buffers& m) {
            dtype == DType::kF32 ? ref::Cast(n, m.BF16(0), m.F32(1))
                                 : ref::Cast(n, m.F32(0), m.BF16(1));
          },
      .bytes = static_cast<double>(n) * 6.0};
}

// The double result is stored as two floats: high part and rest.
void StoreDouble(double x, float* out) {
  out[0] = static_cast<float>(x);
  out[1] = static_cast<float>(x - static_cast<double>(out[0]));
}

OpCase SumSquaresCase(const Shape& shape, DType dtype) {
  const size_t n = shape[0];
  return {.buffers = {{"x", ElementOf(dtype), n, Role::kInput},
                      {"sum", ElementType::kF32, 2, Role::kOutput}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                StoreDouble(SumSquares(m.View(0, dtype, {n}), pool), m.F32(1));
              },
          .reference =
              [=](const Buffers& m) {
                StoreDouble(dtype == DType::kF32 ? ref::SumSquares(n, m.F32(0), kSumSquaresBlock)
                                                 : ref::SumSquares(n, m.BF16(0), kSumSquaresBlock),
                            m.F32(1));
              },
          .bytes = static_cast<double>(n * DTypeBytes(dtype)),
          .flops = 2.0 * static_cast<double>(n)};
}

}  // namespace

OpRows ElementwiseRows() {
  std::vector<Shape> sum_lengths = Lengths();
  sum_lengths.push_back({65536});
  sum_lengths.push_back({3 * 65536 + 17});
  return {
      {"add", Lengths(), {{{kSpeedLength}}}, AllDTypes(), AddCase},
      {"accumulate", Lengths(), {{{kSpeedLength}}}, AllDTypes(), AccumulateCase},
      {"scale", Lengths(), {{{kSpeedLength}}}, AllDTypes(), ScaleCase},
      {"cast", Lengths(), {{{kSpeedLength}}}, AllDTypes(), CastCase},
      {"sum_squares", sum_lengths, {{{kSpeedLength}}}, AllDTypes(), SumSquaresCase},
  };
}

}  // namespace cambium::ops
