// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/cross_entropy.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/cross_entropy.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "numerics/math-inl.h"
#include "numerics/simd_loop-inl.h"
#include "tensor/ops/dispatch.h"
#include "tensor/ops/softcap_ref.h"

HWY_BEFORE_NAMESPACE();
namespace cambium::ops {
namespace HWY_NAMESPACE {
namespace {

using namespace cambium::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)

// The maximum of the row; with a cap, z = Softcap(z) is stored on the way.
HWY_INLINE float MaxOfRow(float* z, size_t V, float softcap) {
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  Vec16 largest = Set(kLowest);
  if (softcap > 0.0f) {
    const Vec16 cap = Set(softcap);
    ForBlocks(0, V, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      const Vec16 capped = Mul(cap, Tanh(Div(LoadBlock(z + i, block), cap)));
      StoreBlock(capped, z + i, block);
    });
  }
  // Four independent chains hide the latency of Max; the result is the same in any order.
  Vec16 largest1 = largest, largest2 = largest, largest3 = largest;
  size_t i = 0;
  for (; i + 4 * kLanes <= V; i += 4 * kLanes) {
    largest = Max(Load(z + i), largest);
    largest1 = Max(Load(z + i + kLanes), largest1);
    largest2 = Max(Load(z + i + 2 * kLanes), largest2);
    largest3 = Max(Load(z + i + 3 * kLanes), largest3);
  }
  ForBlocks(i, V, [&](size_t j, auto block) CAMBIUM_KERNEL_LAMBDA {
    largest = Max(LoadBlock(z + j, block, kLowest), largest);
  });
  return ReduceMax(Max(Max(largest, largest1), Max(largest2, largest3)));
}

// sum exp(z - m); kStore: exp(z - m) replaces z.
template <bool kStore>
HWY_INLINE float SumExp(float* z, size_t V, float m) {
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  const Vec16 max = Set(m);
  Vec16 sum = Zero();
  ForBlocks(0, V, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
    const Vec16 x = Sub(LoadBlock(z + i, block, kLowest), max);
    const Vec16 e = ExpNonPositive(x, math::kSoftmaxLowest);
    if constexpr (kStore) StoreBlock(e, z + i, block);
    sum = Add(sum, e);
  });
  return ReduceAdd(sum);
}

template <typename D>
HWY_INLINE float Row(float* z, size_t V, int32_t target, const CrossEntropyOptions& options,
                     D* dlogits) {
  if (target < 0) {
    if (dlogits != nullptr) std::memset(dlogits, 0, V * sizeof(D));
    return 0.0f;
  }
  const bool capped = options.softcap > 0.0f;
  const float m = MaxOfRow(z, V, options.softcap);
  const float z_target = z[target];
  const float s = capped ? SumExp<false>(z, V, m) : SumExp<true>(z, V, m);
  const float loss = RefLog(s) - (z_target - m);
  if (dlogits == nullptr) return loss;
  const float factor = options.scale / s;
  const Vec16 factors = Set(factor);
  float d_target;
  if (capped) {
    const Vec16 cap = Set(options.softcap);
    const Vec16 max = Set(m);
    ForBlocks(0, V, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      const Vec16 v = LoadBlock(z + i, block);
      const Vec16 d = Mul(ExpNonPositive(Sub(v, max), math::kSoftmaxLowest), factors);
      const Vec16 t = Div(v, cap);
      StoreBlock(Mul(d, NegFma(t, t, Set(1.0f))), dlogits + i, block);
    });
    const float e = RefExpNonPositive(z_target - m, math::kSoftmaxLowest);
    d_target = (e * factor - options.scale) * ref::SoftcapSlope(z_target, options.softcap);
  } else {
    ForBlocks(0, V, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      StoreBlock(Mul(LoadBlock(z + i, block), factors), dlogits + i, block);
    });
    d_target = z[target] * factor - options.scale;
  }
  dlogits[target] = FromFloat<D>(d_target);
  return loss;
}

void CrossEntropyRange(const Tensor& logits, const int32_t* targets, float* loss,
                       const Tensor& dlogits, const CrossEntropyOptions& options, size_t begin,
                       size_t end) {
  const size_t V = logits.cols();
  const size_t stride = options.logits_stride == 0 ? V : options.logits_stride;
  auto* const all_logits = static_cast<float*>(logits.data);
  WithType(dlogits.dtype, [&](auto* td) HWY_ATTR {
    using D = std::remove_pointer_t<decltype(td)>;
    for (size_t n = begin; n < end; ++n) {
      D* const row = dlogits.empty() ? nullptr : static_cast<D*>(dlogits.data) + n * V;
      loss[n] = Row<D>(all_logits + n * stride, V, targets[n], options, row);
    }
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium::ops
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium::ops {

HWY_EXPORT(CrossEntropyRange);

void CrossEntropy(const Tensor& logits, std::span<const int32_t> targets, const Tensor& loss,
                  const Tensor& dlogits, ThreadPool& pool, const CrossEntropyOptions& options) {
  const size_t n = logits.rows();
  const size_t V = logits.cols();
  CHECK(logits.dtype == DType::kF32 && targets.size() == n && loss.size() == n);
  CHECK(dlogits.empty() || dlogits.size() == n * V);
  CHECK(options.logits_stride == 0 || options.logits_stride >= V);
  for (const int32_t target : targets) CHECK(target == -1 || static_cast<size_t>(target) < V);
  const auto kernel = &HWY_DYNAMIC_DISPATCH(CrossEntropyRange);
  pool.ParallelRanges(n, 1, [&](size_t begin, size_t end, size_t) {
    kernel(logits, targets.data(), loss.f32(), dlogits, options, begin, end);
  });
}

}  // namespace cambium::ops
#endif  // HWY_ONCE
