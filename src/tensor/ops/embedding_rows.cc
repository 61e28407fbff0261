// SPDX-License-Identifier: Apache-2.0
// Rows of the operation table for embedding.h. A shape is {T, C}; the vocabulary has 11 tokens, so
// that most occur often, or 4096 at the speed shape.
#include "tensor/ops/embedding.h"
#include "tensor/ops/embedding_ref.h"
#include "tensor/ops/op_table.h"

namespace cambium::ops {
namespace {

constexpr float kScale = 1.25f;

size_t Vocabulary(const Shape& shape) { return shape[0] > 1000 ? 4096 : 11; }

OpCase ForwardCase(const Shape& shape, DType) {
  const size_t T = shape[0], C = shape[1], V = Vocabulary(shape);
  return {.buffers = {{"table", ElementType::kF32, V * C, Role::kInput},
                      {"tokens", ElementType::kI32, T, Role::kInput, 0, static_cast<double>(V)},
                      {"x", ElementType::kF32, T * C, Role::kOutput}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                EmbeddingForward(m.View(0, DType::kF32, {V, C}), {m.I32(1), T}, kScale,
                                 m.View(2, DType::kF32, {T, C}), pool);
              },
          .reference =
              [=](const Buffers& m) {
                ref::EmbeddingForward(T, C, m.F32(0), m.I32(1), kScale, m.F32(2));
              },
          .bytes = 8.0 * static_cast<double>(T * C),
          .flops = static_cast<double>(T * C)};
}

OpCase BackwardCase(const Shape& shape, DType) {
  const size_t T = shape[0], C = shape[1], V = Vocabulary(shape);
  return {.buffers = {{"dx", ElementType::kF32, T * C, Role::kInput},
                      {"tokens", ElementType::kI32, T, Role::kInput, 0, static_cast<double>(V)},
                      {"dtable", ElementType::kF32, V * C, Role::kInOut}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                EmbeddingBackward(m.View(0, DType::kF32, {T, C}), {m.I32(1), T}, kScale,
                                  m.View(2, DType::kF32, {V, C}), pool);
              },
          .reference =
              [=](const Buffers& m) {
                ref::EmbeddingBackward(T, C, m.F32(0), m.I32(1), kScale, m.F32(2));
              },
          .bytes = 12.0 * static_cast<double>(T * C),
          .flops = 2.0 * static_cast<double>(T * C)};
}

GradientCase Gradient(const Shape& shape) {
  const size_t T = shape[0], C = shape[1];
  const std::vector<int32_t> tokens = {2, 0, 2, 1, 2, 0};
  const auto forward = [=](const std::vector<Vector>& in, Vector& y) {
    ref::EmbeddingForward(T, C, in[0].data(), tokens.data(), 1.25, y.data());
  };
  const auto backward = [=](const std::vector<Vector>&, const Vector& dy,
                            std::vector<Vector>& din) {
    ref::EmbeddingBackward(T, C, dy.data(), tokens.data(), 1.25, din[0].data());
  };
  return {{3 * C}, T * C, forward, backward};
}

}  // namespace

OpRows EmbeddingRows() {
  return {
      {"embedding_forward", RowShapes(), {{{8192, 256}}}, {DType::kF32}, ForwardCase},
      {"embedding_backward",
       RowShapes(),
       {{{8192, 256}}},
       {DType::kF32},
       BackwardCase,
       {{6, 5}},
       Gradient},
  };
}

}  // namespace cambium::ops
