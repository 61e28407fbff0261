// SPDX-License-Identifier: Apache-2.0
// Rows of the operation table for the matrix products of training (numerics/gemm.h, defined in
// numerics/gemm_ref.h): y = x W^T, dx = dy W and dW += dy^T x, each packed as a training step packs
// it. The weight [O, I] is f32 and is rounded to the activation type A.
// A shape is {T, O, I}, or {T, O, I, gap} for rows that lie `gap` elements apart.
#include <array>
#include <memory>

#include "numerics/gemm.h"
#include "numerics/gemm_ref.h"
#include "tensor/ops/dispatch.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ref_types.h"

namespace cambium::ops {
namespace {

struct Dims {
  size_t T, O, I;
  size_t y_stride, x_stride;  // of rows of O (y, dy) and of I elements (x, dx, W, dW)
  explicit Dims(const Shape& shape)
      : T(shape[0]),
        O(shape[1]),
        I(shape[2]),
        y_stride(O + (shape.size() == 4 ? shape[3] : 0)),
        x_stride(I + (shape.size() == 4 ? shape[3] : 0)) {}
  BufferSpec X(const char* name, ElementType type, Role role) const {
    return {name, type, T * x_stride, role};
  }
  BufferSpec Y(const char* name, ElementType type, Role role) const {
    return {name, type, T * y_stride, role};
  }
  BufferSpec W(const char* name, Role role) const {
    return {name, ElementType::kF32, O * x_stride, role};
  }
  double flops() const { return 2.0 * static_cast<double>(T * O * I); }
  // What the types of the elements of x, y and W make.
  double Bytes(DType x, DType y, size_t weight_bytes) const {
    return static_cast<double>(T * I * DTypeBytes(x) + T * O * DTypeBytes(y) +
                               O * I * weight_bytes);
  }
};

// The three products as plain loops, for elements E accumulated in Acc.
template <typename Acc, typename E>
void RefForward(const Dims& d, const E* x, const E* w, Acc* y) {
  cambium::ref::Gemm<Acc>(d.T, d.O, d.I, x, d.x_stride, 1, w, d.x_stride, 1, y, d.y_stride, false);
}
template <typename Acc, typename E>
void RefInputGradient(const Dims& d, const E* dy, const E* w, Acc* dx, bool load) {
  cambium::ref::Gemm<Acc>(d.T, d.I, d.O, dy, d.y_stride, 1, w, 1, d.x_stride, dx, d.x_stride, load);
}
template <typename Acc, typename E>
void RefWeightGradient(const Dims& d, const E* dy, const E* x, Acc* dw, bool load) {
  cambium::ref::Gemm<Acc>(d.O, d.I, d.T, dy, 1, d.y_stride, x, 1, d.x_stride, dw, d.x_stride, load);
}

template <typename A>
std::vector<A> Rounded(const float* values, size_t size) {
  std::vector<A> rounded(size);
  for (size_t i = 0; i < size; ++i) Narrow(values[i], rounded[i]);
  return rounded;
}

// Packed operands, kept from call to call as in a training step.
using PackMemory = std::array<Scratch, 2>;

enum class To { kActivation, kF32, kResidual };

template <To kTo>
OpCase ForwardCase(const Shape& shape, DType dtype) {
  const Dims d(shape);
  const DType out_type = kTo == To::kActivation ? dtype : DType::kF32;
  const auto memory = std::make_shared<PackMemory>();
  std::vector<BufferSpec> buffers = {d.X("x", ElementOf(dtype), Role::kInput),
                                     d.W("w", Role::kInput),
                                     d.Y("y", ElementOf(out_type), Role::kOutput)};
  if (kTo == To::kResidual) buffers.push_back(d.Y("residual", ElementType::kF32, Role::kInput));
  return {.buffers = buffers,
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                WithType(dtype, [&]<typename A>(A*) {
                  const PackedB<A> w =
                      PackRows(m.F32(1), d.O, d.I, d.x_stride,
                               (*memory)[0].template Get<A>(PackedSize(d.O, d.I) + 1), pool);
                  GemmOutput out = {.data = m.Data(2), .row_stride = d.y_stride};
                  if (out_type == DType::kBF16) out.store = GemmStore::kBF16;
                  if (kTo == To::kResidual) {
                    out.store = GemmStore::kResidual;
                    out.residual = m.F32(3);
                  }
                  const auto* x = m.As<A>(0);
                  Gemm(d.T, RowMajorA(x, d.x_stride), w, out, pool);
                });
              },
          .reference =
              [=](const Buffers& m) {
                WithTypes(dtype, out_type, [&]<typename A, typename Y>(A*, Y*) {
                  const std::vector<A> w = Rounded<A>(m.F32(1), d.O * d.x_stride);
                  std::vector<float> sums(d.T * d.y_stride);
                  RefForward(d, m.As<A>(0), w.data(), sums.data());
                  auto* y = m.As<Y>(2);
                  for (size_t i = 0; i < sums.size(); ++i) {
                    if (i % d.y_stride >= d.O) continue;
                    Narrow(kTo == To::kResidual ? m.F32(3)[i] + sums[i] : sums[i], y[i]);
                  }
                });
              },
          .bytes = d.Bytes(dtype, out_type, 4),
          .flops = d.flops()};
}

// dx in A, or f32 and continuing the chain of another product with the same input.
template <bool kContinue>
OpCase InputGradientCase(const Shape& shape, DType dtype) {
  const Dims d(shape);
  const DType out_type = kContinue ? DType::kF32 : dtype;
  const auto memory = std::make_shared<PackMemory>();
  return {.buffers = {d.Y("dy", ElementOf(dtype), Role::kInput), d.W("w", Role::kInput),
                      d.X("dx", ElementOf(out_type), kContinue ? Role::kInOut : Role::kOutput)},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                WithType(dtype, [&]<typename A>(A*) {
                  const PackedB<A> w =
                      PackColumns(m.F32(1), d.O, d.I, d.x_stride,
                                  (*memory)[0].template Get<A>(PackedSize(d.I, d.O) + 1), pool);
                  const auto* dy = m.As<A>(0);
                  Gemm(d.T, RowMajorA(dy, d.y_stride), w,
                       {.store = out_type == DType::kBF16 ? GemmStore::kBF16 : GemmStore::kF32,
                        .init = kContinue ? GemmInit::kLoad : GemmInit::kZero,
                        .data = m.Data(2),
                        .row_stride = d.x_stride},
                       pool);
                });
              },
          .reference =
              [=](const Buffers& m) {
                WithTypes(dtype, out_type, [&]<typename A, typename X>(A*, X*) {
                  const std::vector<A> w = Rounded<A>(m.F32(1), d.O * d.x_stride);
                  const auto* dy = m.As<A>(0);
                  if (kContinue) return RefInputGradient(d, dy, w.data(), m.F32(2), true);
                  std::vector<float> sums(d.T * d.x_stride);
                  RefInputGradient(d, dy, w.data(), sums.data(), false);
                  auto* dx = m.As<X>(2);
                  for (size_t i = 0; i < sums.size(); ++i) {
                    if (i % d.x_stride < d.I) Narrow(sums[i], dx[i]);
                  }
                });
              },
          .bytes = d.Bytes(out_type, dtype, 4),
          .flops = d.flops()};
}

OpCase WeightGradientCase(const Shape& shape, DType dtype) {
  const Dims d(shape);
  const auto memory = std::make_shared<PackMemory>();
  return {.buffers = {d.Y("dy", ElementOf(dtype), Role::kInput),
                      d.X("x", ElementOf(dtype), Role::kInput), d.W("dw", Role::kInOut)},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                WithType(dtype, [&]<typename A>(A*) {
                  const auto* dy = m.As<A>(0);
                  const auto* x = m.As<A>(1);
                  const PackedB<A> b =
                      PackColumns(x, d.T, d.I, d.x_stride,
                                  (*memory)[0].template Get<A>(PackedSize(d.I, d.T) + 1), pool);
                  const OperandA a = PackTransposedA(
                      dy, d.T, d.O, d.y_stride,
                      (*memory)[1].template Get<A>(TransposedSize(d.O, d.T) + 1), pool);
                  Gemm(d.O, a, b,
                       {.init = GemmInit::kLoad, .data = m.F32(2), .row_stride = d.x_stride}, pool);
                });
              },
          .reference =
              [=](const Buffers& m) {
                WithType(dtype, [&]<typename A>(A*) {
                  RefWeightGradient(d, m.As<A>(0), m.As<A>(1), m.F32(2), true);
                });
              },
          .bytes = d.Bytes(dtype, dtype, 8),
          .flops = d.flops()};
}

// Inputs: x [T, I], w [O, I].
GradientCase Gradient(const Shape& shape) {
  const Dims d(shape);
  return {{d.T * d.I, d.O * d.I},
          d.T * d.O,
          [=](const std::vector<Vector>& in, Vector& y) {
            RefForward(d, in[0].data(), in[1].data(), y.data());
          },
          [=](const std::vector<Vector>& in, const Vector& dy, std::vector<Vector>& din) {
            RefInputGradient(d, dy.data(), in[1].data(), din[0].data(), false);
            RefWeightGradient(d, dy.data(), in[0].data(), din[1].data(), false);
          }};
}

}  // namespace

OpRows MatmulRows() {
  // 0, 1, around the sizes of lanes and tiles, odd depths and depths beyond one block of every
  // pass.
  const std::vector<Shape> shapes = {
      {1, 1, 1, 3},      {1, 16, 2, 3},  {6, 64, 8, 0},   {7, 65, 9, 3},     {5, 15, 31, 3},
      {13, 48, 7, 3},    {12, 33, 64},   {64, 96, 100},   {200, 70, 130, 3}, {3, 129, 1, 3},
      {2, 17, 1025, 3},  {8, 40, 2051},  {0, 16, 4, 3},   {4, 0, 4, 3},      {1, 200, 513, 3},
      {17, 1025, 33, 3}, {1025, 17, 33}, {2051, 8, 20, 3}};
  // What a training step of the shapes small and gpt2 (bench/README.md) does: the tokens of a
  // micro-batch, or of a chunk of logits for the head.
  const SpeedShape small_attention = {{2048, 256, 256}, "small attention"};
  const SpeedShape small_up = {{2048, 1024, 256}, "small ffn up"};
  const SpeedShape small_down = {{2048, 256, 1024}, "small ffn down"};
  const SpeedShape small_head = {{288, 4096, 256}, "small head"};
  const SpeedShape gpt2_attention = {{1024, 768, 768}, "gpt2 attention"};
  const SpeedShape gpt2_up = {{1024, 2048, 768}, "gpt2 ffn up"};
  const SpeedShape gpt2_down = {{1024, 768, 2048}, "gpt2 ffn down"};
  const SpeedShape gpt2_head = {{576, 50257, 768}, "gpt2 head"};
  const std::vector<SpeedShape> into_layer = {small_attention, small_up, gpt2_attention, gpt2_up};
  return {
      {"matmul_forward", shapes, into_layer, AllDTypes(), ForwardCase<To::kActivation>},
      {"matmul_forward_f32", shapes, {small_head, gpt2_head}, AllDTypes(), ForwardCase<To::kF32>},
      {"matmul_forward_residual",
       shapes,
       {small_down, gpt2_down},
       AllDTypes(),
       ForwardCase<To::kResidual>},
      {"matmul_dx",
       shapes,
       {small_down, small_head, gpt2_down, gpt2_head},
       AllDTypes(),
       InputGradientCase<false>},
      {"matmul_dx_add", shapes, into_layer, AllDTypes(), InputGradientCase<true>},
      {"matmul_dw",
       shapes,
       {small_attention, small_up, small_down, small_head, gpt2_attention, gpt2_up, gpt2_down,
        gpt2_head},
       AllDTypes(),
       WeightGradientCase,
       {{1, 1, 1}, {3, 2, 5}, {4, 6, 3}},
       Gradient},
  };
}

}  // namespace cambium::ops
