// SPDX-License-Identifier: Apache-2.0
// Rows of the operation table for softcap.h. A shape is {n}.
#include "tensor/ops/softcap.h"

#include "tensor/ops/op_table.h"
#include "tensor/ops/softcap_ref.h"

namespace cambium::ops {
namespace {

constexpr float kCap = 15.0f;

OpCase ForwardCase(const Shape& shape, DType) {
  const size_t n = shape[0];
  return {.buffers = {{"x", ElementType::kF32, n, Role::kInput, -200, 200},
                      {"y", ElementType::kF32, n, Role::kOutput}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                SoftcapForward(m.View(0, DType::kF32, {n}), kCap, m.View(1, DType::kF32, {n}),
                               pool);
              },
          .reference = [=](const Buffers& m) { ref::SoftcapForward(n, m.F32(0), kCap, m.F32(1)); },
          .bytes = 8.0 * static_cast<double>(n),
          .flops = 22.0 * static_cast<double>(n)};
}

OpCase BackwardCase(const Shape& shape, DType) {
  const size_t n = shape[0];
  return {
      .buffers = {{"dy", ElementType::kF32, n, Role::kInput},
                  {"y", ElementType::kF32, n, Role::kInput, -15, 15},
                  {"dx", ElementType::kF32, n, Role::kOutput}},
      .kernel =
          [=](const Buffers& m, ThreadPool& pool) {
            SoftcapBackward(m.View(0, DType::kF32, {n}), m.View(1, DType::kF32, {n}), kCap,
                            m.View(2, DType::kF32, {n}), pool);
          },
      .reference =
          [=](const Buffers& m) { ref::SoftcapBackward(n, m.F32(0), m.F32(1), kCap, m.F32(2)); },
      .bytes = 12.0 * static_cast<double>(n),
      .flops = 4.0 * static_cast<double>(n)};
}

GradientCase Gradient(const Shape& shape) {
  const size_t n = shape[0];
  return {{n},
          n,
          [=](const std::vector<Vector>& in, Vector& y) {
            ref::SoftcapForward(n, in[0].data(), 1.5, y.data());
          },
          [=](const std::vector<Vector>& in, const Vector& dy, std::vector<Vector>& din) {
            Vector y(n);
            ref::SoftcapForward(n, in[0].data(), 1.5, y.data());
            ref::SoftcapBackward(n, dy.data(), y.data(), 1.5, din[0].data());
          }};
}

}  // namespace

OpRows SoftcapRows() {
  const std::vector<SpeedShape> speed = {{{size_t{1} << 22}}};
  return {
      {"softcap_forward", Lengths(), speed, {DType::kF32}, ForwardCase},
      {"softcap_backward", Lengths(), speed, {DType::kF32}, BackwardCase, {{9}}, Gradient},
  };
}

}  // namespace cambium::ops
