// SPDX-License-Identifier: Apache-2.0
// Row of the operation table for adamw.h. A shape is {n}.
#include "tensor/ops/adamw.h"

#include "tensor/ops/adamw_ref.h"
#include "tensor/ops/op_table.h"

namespace cambium::ops {
namespace {

OpCase Case(const Shape& shape, DType) {
  const size_t n = shape[0];
  const AdamWStep step = WithBiasCorrection({.lr = 1e-3f,
                                             .beta1 = 0.9f,
                                             .beta2 = 0.95f,
                                             .eps = 1e-8f,
                                             .weight_decay = 0.1f,
                                             .grad_scale = 0.73f,
                                             .m_correction = 1,
                                             .v_correction = 1},
                                            7);
  return {.buffers = {{"w", ElementType::kF32, n, Role::kInOut},
                      {"g", ElementType::kF32, n, Role::kInput, -1e-3, 1e-3},
                      {"m", ElementType::kF32, n, Role::kInOut, -1e-3, 1e-3},
                      {"v", ElementType::kF32, n, Role::kInOut, 0, 1e-6}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                AdamWUpdate(m.View(0, DType::kF32, {n}), m.View(1, DType::kF32, {n}),
                            m.View(2, DType::kF32, {n}), m.View(3, DType::kF32, {n}), step, pool);
              },
          .reference =
              [=](const Buffers& m) {
                for (size_t i = 0; i < n; ++i) {
                  ref::AdamWElement(step, m.F32(1)[i], m.F32(0)[i], m.F32(2)[i], m.F32(3)[i]);
                }
              },
          .bytes = 28.0 * static_cast<double>(n),
          .flops = 16.0 * static_cast<double>(n)};
}

}  // namespace

OpRows AdamWRows() { return {{"adamw", Lengths(), {{{size_t{1} << 22}}}, {DType::kF32}, Case}}; }

}  // namespace cambium::ops
