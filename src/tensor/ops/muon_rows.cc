// SPDX-License-Identifier: Apache-2.0
// Rows of the operation table for muon.h. A shape is {n}.
#include "tensor/ops/muon.h"

#include "tensor/ops/dispatch.h"
#include "tensor/ops/muon_ref.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/ref_types.h"

namespace cambium::ops {
namespace {

constexpr MuonStep kStep = {
    .lr = 0.02f, .momentum = 0.95f, .weight_decay = 0.1f, .grad_scale = 0.73f};

OpCase MomentumCase(const Shape& shape, DType dtype) {
  const size_t n = shape[0];
  return {.buffers = {{"g", ElementType::kF32, n, Role::kInput},
                      {"m", ElementType::kF32, n, Role::kInOut},
                      {"u", ElementOf(dtype), n, Role::kOutput}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                MuonMomentum(m.View(0, DType::kF32, {n}), m.View(1, DType::kF32, {n}),
                             m.View(2, dtype, {n}), kStep, pool);
              },
          .reference =
              [=](const Buffers& m) {
                WithType(dtype, [&]<typename U>(U*) {
                  auto* const u = reinterpret_cast<U*>(m.F32(2));
                  for (size_t i = 0; i < n; ++i) {
                    Narrow(ref::MuonMomentumElement(kStep, m.F32(0)[i], m.F32(1)[i]), u[i]);
                  }
                });
              },
          .bytes = static_cast<double>(n * (12 + DTypeBytes(dtype))),
          .flops = 7.0 * static_cast<double>(n)};
}

OpCase UpdateCase(const Shape& shape, DType dtype) {
  const size_t n = shape[0];
  const float scale = MuonScale(3, 2);
  return {.buffers = {{"w", ElementType::kF32, n, Role::kInOut},
                      {"x", ElementOf(dtype), n, Role::kInput}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                MuonUpdate(m.View(0, DType::kF32, {n}), m.View(1, dtype, {n}), scale, kStep, pool);
              },
          .reference =
              [=](const Buffers& m) {
                WithType(dtype, [&]<typename X>(X*) {
                  const auto* const x = reinterpret_cast<const X*>(m.F32(1));
                  for (size_t i = 0; i < n; ++i) {
                    ref::MuonUpdateElement(kStep, scale, Widen(x[i]), m.F32(0)[i]);
                  }
                });
              },
          .bytes = static_cast<double>(n * (8 + DTypeBytes(dtype))),
          .flops = 4.0 * static_cast<double>(n)};
}

}  // namespace

OpRows MuonRows() {
  const std::vector<SpeedShape> speed = {{{size_t{1} << 22}}};
  return {
      {"muon_momentum", Lengths(), speed, AllDTypes(), MomentumCase},
      {"muon_update", Lengths(), speed, AllDTypes(), UpdateCase},
  };
}

}  // namespace cambium::ops
