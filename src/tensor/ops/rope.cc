// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/rope.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/rope.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "numerics/simd_loop-inl.h"
#include "tensor/ops/dispatch.h"
#include "tensor/ops/row_view.h"

HWY_BEFORE_NAMESPACE();
namespace cambium::ops {
namespace HWY_NAMESPACE {
namespace {

using namespace cambium::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)

template <typename X>
HWY_INLINE void RotateHalfSplit(size_t half, const float* cosines, const float* sines, X* x) {
  ForBlocks(0, half, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
    const Vec16 c = LoadBlock(cosines + i, block);
    const Vec16 s = LoadBlock(sines + i, block);
    const Vec16 x0 = LoadBlock(x + i, block);
    const Vec16 x1 = LoadBlock(x + half + i, block);
    StoreBlock(Fma(x0, c, Neg(Mul(x1, s))), x + i, block);
    StoreBlock(Fma(x0, s, Mul(x1, c)), x + half + i, block);
  });
}

// Lanes hold (x0, x1) pairs. cs: (c, s) pairs; products: (-(x1 s), x1 c).
template <typename X>
HWY_INLINE void RotateInterleaved(size_t n_rot, const float* cs, X* x) {
  const Vec16 negate_even = FromBits(Map<int32_t, kParts>(
      [](NativeI v) HWY_ATTR { return hn::OddEven(hn::Zero(Native<int32_t>()), v); },
      SetInt(INT32_MIN)));
  ForBlocks(0, n_rot, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
    const Vec16 v = LoadBlock(x + i, block);
    const Vec16 factors = LoadBlock(cs + i, block);
    const Vec16 x0 = Map<float, kParts>([](NativeF a) HWY_ATTR { return hn::DupEven(a); }, v);
    const Vec16 x1 = Map<float, kParts>([](NativeF a) HWY_ATTR { return hn::DupOdd(a); }, v);
    const Vec16 swapped =
        Map<float, kParts>([](NativeF a) HWY_ATTR { return hn::Shuffle2301(a); }, factors);
    const Vec16 products = Map<float, kParts>(
        [](NativeF a, NativeF b) HWY_ATTR { return hn::Xor(a, b); }, Mul(x1, swapped), negate_even);
    StoreBlock(Fma(x0, factors, products), x + i, block);
  });
}

// Tokens [begin, end). scratch: n_rot floats.
template <typename X>
HWY_INLINE void RotateTokens(const RowView& rows, const int32_t* positions,
                             const RopeTables& tables, RopePairs pairs, float sign, float* scratch,
                             size_t begin, size_t end) {
  const size_t half = tables.n_rot / 2;
  for (size_t t = begin; t < end; ++t) {
    const size_t at = static_cast<size_t>(positions[t]) * half;
    const float* cosines = tables.cosines + at;
    const float* sines = tables.sines + at;
    if (pairs == RopePairs::kHalfSplit) {
      for (size_t i = 0; i < half; ++i) scratch[i] = sign * sines[i];
    } else {
      for (size_t i = 0; i < half; ++i) {
        scratch[2 * i] = cosines[i];
        scratch[2 * i + 1] = sign * sines[i];
      }
    }
    for (size_t h = 0; h < rows.inner; ++h) {
      X* x = rows.Row<X>(t * rows.inner + h);
      if (pairs == RopePairs::kHalfSplit) {
        RotateHalfSplit(half, cosines, scratch, x);
      } else {
        RotateInterleaved(tables.n_rot, scratch, x);
      }
    }
  }
}

void RopeRange(const RowView& rows, const int32_t* positions, const RopeTables& tables,
               RopePairs pairs, float sign, float* scratch, size_t begin, size_t end) {
  WithType(rows.dtype, [&](auto* tx) HWY_ATTR {
    RotateTokens<std::remove_pointer_t<decltype(tx)>>(rows, positions, tables, pairs, sign, scratch,
                                                      begin, end);
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium::ops
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium::ops {

HWY_EXPORT(RopeRange);

namespace {

void Rotate(const Tensor& x, std::span<const int32_t> positions, const RopeTables& tables,
            RopePairs pairs, float sign, ThreadPool& pool, size_t token_stride) {
  const RowView rows(x, token_stride);
  const size_t T = positions.size();
  CHECK(rows.num_rows == T * rows.inner);
  CHECK(tables.n_rot % 2 == 0 && tables.n_rot <= rows.cols);
  for (const int32_t position : positions) {
    CHECK(position >= 0 && static_cast<size_t>(position) < tables.num_positions);
  }
  const auto kernel = &HWY_DYNAMIC_DISPATCH(RopeRange);
  const size_t per_token = std::max<size_t>(1, rows.inner * rows.cols);
  const size_t grain = std::max<size_t>(1, 8192 / per_token);
  pool.ParallelRanges(T, grain, [&](size_t begin, size_t end, size_t) {
    std::vector<float> scratch(tables.n_rot);
    kernel(rows, positions.data(), tables, pairs, sign, scratch.data(), begin, end);
  });
}

}  // namespace

void RopeForward(const Tensor& x, std::span<const int32_t> positions, const RopeTables& tables,
                 RopePairs pairs, ThreadPool& pool, size_t token_stride) {
  Rotate(x, positions, tables, pairs, 1.0f, pool, token_stride);
}

void RopeBackward(const Tensor& dx, std::span<const int32_t> positions, const RopeTables& tables,
                  RopePairs pairs, ThreadPool& pool, size_t token_stride) {
  Rotate(dx, positions, tables, pairs, -1.0f, pool, token_stride);
}

}  // namespace cambium::ops
#endif  // HWY_ONCE
