// SPDX-License-Identifier: Apache-2.0
// Rows of the operation table for cross_entropy.h. A shape is {n, V}; logits rows are 5 elements
// longer than V; some targets are -1.
#include "tensor/ops/cross_entropy.h"
#include "tensor/ops/cross_entropy_ref.h"
#include "tensor/ops/dispatch.h"
#include "tensor/ops/op_table.h"

namespace cambium::ops {
namespace {

constexpr size_t kGap = 5;

// kLossOnly: no gradient. kSoftcap10: the cap times 10, 0 for none.
template <bool kLossOnly, int kSoftcap10>
OpCase Case(const Shape& shape, DType dtype) {
  const size_t n = shape[0], V = shape[1], stride = V + kGap;
  const CrossEntropyOptions options = {.softcap = 0.1f * static_cast<float>(kSoftcap10),
                                       .scale = 1.0f / 97,
                                       .logits_stride = stride};
  const double size = static_cast<double>(n * V);
  return {.buffers = {{"logits", ElementType::kF32, n * stride, Role::kInOut, -50, 50},
                      {"targets", ElementType::kI32, n, Role::kInput, -1, static_cast<double>(V)},
                      {"loss", ElementType::kF32, n, Role::kOutput},
                      {"dlogits", ElementOf(dtype), kLossOnly ? 0 : n * V, Role::kOutput}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                CrossEntropy(m.View(0, DType::kF32, {n, V}), {m.I32(1), n},
                             m.View(2, DType::kF32, {n}),
                             kLossOnly ? Tensor() : m.View(3, dtype, {n, V}), pool, options);
              },
          .reference =
              [=](const Buffers& m) {
                WithType(dtype, [&]<typename D>(D*) {
                  auto* const dlogits = reinterpret_cast<D*>(m.F32(3));
                  for (size_t row = 0; row < n; ++row) {
                    m.F32(2)[row] = ref::CrossEntropyRow<float, D>(
                        V, m.F32(0) + row * stride, m.I32(1)[row], options.softcap, options.scale,
                        kLossOnly ? nullptr : dlogits + row * V);
                  }
                });
              },
          // Logits read once and written once (the second and third pass hit the cache).
          .bytes = size * (8.0 + (kLossOnly ? 0.0 : static_cast<double>(DTypeBytes(dtype)))),
          .flops = 24 * size};
}

template <int kSoftcap10>
GradientCase Gradient(const Shape& shape) {
  const size_t V = shape[0];
  constexpr double kSoftcap = 0.1 * kSoftcap10;
  return {{V},
          1,
          [=](const std::vector<Vector>& in, Vector& y) {
            Vector z = in[0];
            y[0] = ref::CrossEntropyRow<double, double>(V, z.data(), 1, kSoftcap, 1.0, nullptr);
          },
          [=](const std::vector<Vector>& in, const Vector& dy, std::vector<Vector>& din) {
            Vector z = in[0];
            ref::CrossEntropyRow(V, z.data(), 1, kSoftcap, dy[0], din[0].data());
          }};
}

}  // namespace

OpRows CrossEntropyRows() {
  const std::vector<Shape> shapes = {{1, 1},  {3, 2},    {5, 15},   {4, 16},    {7, 17}, {2, 31},
                                     {3, 33}, {4, 1009}, {9, 4096}, {1, 70001}, {0, 16}};
  const std::vector<SpeedShape> speed = {{{1024, 4096}}};
  return {
      {"cross_entropy", shapes, speed, AllDTypes(), Case<false, 0>, {{2}, {19}}, Gradient<0>},
      {"cross_entropy_softcap", shapes, speed, AllDTypes(), Case<false, 150>, {{19}}, Gradient<15>},
      {"cross_entropy_loss_only", shapes, speed, {DType::kF32}, Case<true, 0>},
  };
}

}  // namespace cambium::ops
