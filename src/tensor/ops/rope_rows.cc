// SPDX-License-Identifier: Apache-2.0
// Rows of the operation table for rope.h. A shape is {T, H, D, n_rot}; tokens lie 8 elements apart.
#include <memory>

#include "numerics/trig.h"
#include "tensor/ops/dispatch.h"
#include "tensor/ops/op_table.h"
#include "tensor/ops/rope.h"
#include "tensor/ops/rope_ref.h"

namespace cambium::ops {
namespace {

constexpr size_t kPositions = 97;
constexpr size_t kGap = 8;

struct Tables {
  std::vector<float> cosines, sines;
  size_t n_rot;
  explicit Tables(size_t n) : cosines(kPositions * n / 2), sines(cosines.size()), n_rot(n) {
    RopeTable(10000.0, n_rot, kPositions, cosines.data(), sines.data());
  }
  RopeTables View() const { return {cosines.data(), sines.data(), kPositions, n_rot}; }
};

template <RopePairs kPairs, int kDirection>
OpCase Case(const Shape& shape, DType dtype) {
  const size_t T = shape[0], H = shape[1], D = shape[2];
  const size_t stride = H * D + kGap;
  const auto tables = std::make_shared<Tables>(shape[3]);
  const double size = static_cast<double>(T * H * shape[3]);
  return {.buffers = {{"x", ElementOf(dtype), T * stride, Role::kInOut},
                      {"positions", ElementType::kI32, T, Role::kInput, 0, kPositions}},
          .kernel =
              [=](const Buffers& m, ThreadPool& pool) {
                const auto function = kDirection > 0 ? RopeForward : RopeBackward;
                function(m.View(0, dtype, {T, H, D}), {m.I32(1), T}, tables->View(), kPairs, pool,
                         stride);
              },
          .reference =
              [=](const Buffers& m) {
                WithType(dtype, [&](auto* tx) {
                  auto* x = static_cast<decltype(tx)>(m.View(0, dtype, {T, H, D}).data);
                  for (size_t row = 0; row < T * H; ++row) {
                    const size_t at = static_cast<size_t>(m.I32(1)[row / H]) * tables->n_rot / 2;
                    ref::RopeHead(tables->n_rot, kPairs == RopePairs::kInterleaved,
                                  &tables->cosines[at], &tables->sines[at], kDirection,
                                  x + row / H * stride + row % H * D);
                  }
                });
              },
          .bytes = 2.0 * size * static_cast<double>(DTypeBytes(dtype)),
          .flops = 3.0 * size};
}

template <RopePairs kPairs>
GradientCase Gradient(const Shape& shape) {
  const size_t n_rot = shape[0];
  Vector cosines, sines;
  for (size_t i = 0; i < n_rot / 2; ++i) {
    cosines.push_back(Cos(0.3 + static_cast<double>(i)));
    sines.push_back(Sin(0.3 + static_cast<double>(i)));
  }
  const auto rotate = [=](const Vector& x, int direction, Vector& y) {
    y = x;
    ref::RopeHead(n_rot, kPairs == RopePairs::kInterleaved, cosines.data(), sines.data(), direction,
                  y.data());
  };
  return {{n_rot + 1},
          n_rot + 1,
          [=](const std::vector<Vector>& in, Vector& y) { rotate(in[0], 1, y); },
          [=](const std::vector<Vector>&, const Vector& dy, std::vector<Vector>& din) {
            rotate(dy, -1, din[0]);
          }};
}

}  // namespace

OpRows RopeRows() {
  constexpr RopePairs kHalf = RopePairs::kHalfSplit;
  constexpr RopePairs kInter = RopePairs::kInterleaved;
  const std::vector<Shape> shapes = {{1, 1, 2, 2},   {3, 2, 16, 16},  {5, 3, 34, 30},
                                     {7, 1, 33, 32}, {40, 4, 64, 62}, {2, 2, 128, 128},
                                     {0, 1, 4, 4}};
  const std::vector<SpeedShape> speed = {{{8192, 8, 32, 32}}};
  return {
      {"rope_half_split_forward", shapes, speed, AllDTypes(), Case<kHalf, 1>},
      {"rope_half_split_backward",
       shapes,
       speed,
       AllDTypes(),
       Case<kHalf, -1>,
       {{2}, {10}},
       Gradient<kHalf>},
      {"rope_interleaved_forward", shapes, speed, AllDTypes(), Case<kInter, 1>},
      {"rope_interleaved_backward",
       shapes,
       speed,
       AllDTypes(),
       Case<kInter, -1>,
       {{2}, {10}},
       Gradient<kInter>},
  };
}

}  // namespace cambium::ops
