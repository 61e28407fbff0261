// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/activation.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/activation.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <type_traits>

#include "numerics/math-inl.h"
#include "numerics/simd_loop-inl.h"
#include "tensor/ops/dispatch.h"
#include "tensor/ops/row_view.h"

#ifndef CAMBIUM_OPS_ACTIVATION_ARGS
#define CAMBIUM_OPS_ACTIVATION_ARGS
namespace cambium::ops {
// Rows as in activation.h; unused ones repeat another.
struct ActivationArgs {
  Activation act;
  RowView a, g, u, dg, du;  // a: da in backward; g: x of a plain activation
};
}  // namespace cambium::ops
#endif

HWY_BEFORE_NAMESPACE();
namespace cambium::ops {
namespace HWY_NAMESPACE {
namespace {

using namespace cambium::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)

struct ValueAndSlope {
  Vec16 value, slope;
};

template <Activation kAct>
HWY_INLINE Vec16 Act(Vec16 x) {
  if constexpr (kAct == Activation::kSilu) return Silu(x);
  if constexpr (kAct == Activation::kGelu) return Gelu(x);
  const Vec16 positive = Max(x, Zero());
  return Mul(positive, positive);
}

// Value and derivative share the sigmoid.
template <Activation kAct>
HWY_INLINE ValueAndSlope ActBoth(Vec16 x) {
  if constexpr (kAct == Activation::kRelu2) {
    const Vec16 positive = Max(x, Zero());
    return {Mul(positive, positive), Add(positive, positive)};
  } else {
    return {Act<kAct>(x), kAct == Activation::kSilu ? SiluGradient(x) : GeluGradient(x)};
  }
}

template <Activation kAct, typename A, bool kGated>
HWY_INLINE void ForwardRows(const ActivationArgs& args, size_t begin, size_t end) {
  for (size_t n = begin; n < end; ++n) {
    const A* g = args.g.Row<A>(n);
    const A* u = args.u.Row<A>(n);
    A* a = args.a.Row<A>(n);
    ForBlocks(0, args.a.cols, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      Vec16 value = Act<kAct>(LoadBlock(g + i, block));
      if constexpr (kGated) value = Mul(value, LoadBlock(u + i, block));
      StoreBlock(value, a + i, block);
    });
  }
}

template <Activation kAct, typename A, bool kGated>
HWY_INLINE void BackwardRows(const ActivationArgs& args, size_t begin, size_t end) {
  for (size_t n = begin; n < end; ++n) {
    const A* da = args.a.Row<A>(n);
    const A* g = args.g.Row<A>(n);
    const A* u = args.u.Row<A>(n);
    A* dg = args.dg.Row<A>(n);
    A* du = args.du.Row<A>(n);
    ForBlocks(0, args.a.cols, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      const Vec16 gradient = LoadBlock(da + i, block);
      const ValueAndSlope act = ActBoth<kAct>(LoadBlock(g + i, block));
      if constexpr (kGated) {
        const Vec16 value = LoadBlock(u + i, block);
        StoreBlock(Mul(Mul(gradient, value), act.slope), dg + i, block);
        StoreBlock(Mul(gradient, act.value), du + i, block);
      } else {
        StoreBlock(Mul(gradient, act.slope), dg + i, block);
      }
    });
  }
}

// kForward, kGated as template arguments; act and dtype at run time.
template <bool kForward, bool kGated>
HWY_INLINE void Rows(const ActivationArgs& args, size_t begin, size_t end) {
  WithType(args.a.dtype, [&](auto* ta) HWY_ATTR {
    using A = std::remove_pointer_t<decltype(ta)>;
    if constexpr (kForward) {
      if (args.act == Activation::kSilu) {
        ForwardRows<Activation::kSilu, A, kGated>(args, begin, end);
      } else if (args.act == Activation::kGelu) {
        ForwardRows<Activation::kGelu, A, kGated>(args, begin, end);
      } else {
        ForwardRows<Activation::kRelu2, A, kGated>(args, begin, end);
      }
    } else {
      if (args.act == Activation::kSilu) {
        BackwardRows<Activation::kSilu, A, kGated>(args, begin, end);
      } else if (args.act == Activation::kGelu) {
        BackwardRows<Activation::kGelu, A, kGated>(args, begin, end);
      } else {
        BackwardRows<Activation::kRelu2, A, kGated>(args, begin, end);
      }
    }
  });
}

void PlainForwardRange(const ActivationArgs& args, size_t begin, size_t end) {
  Rows<true, false>(args, begin, end);
}
void PlainBackwardRange(const ActivationArgs& args, size_t begin, size_t end) {
  Rows<false, false>(args, begin, end);
}
void GatedForwardRange(const ActivationArgs& args, size_t begin, size_t end) {
  Rows<true, true>(args, begin, end);
}
void GatedBackwardRange(const ActivationArgs& args, size_t begin, size_t end) {
  Rows<false, true>(args, begin, end);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium::ops
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium::ops {

HWY_EXPORT(PlainForwardRange);
HWY_EXPORT(PlainBackwardRange);
HWY_EXPORT(GatedForwardRange);
HWY_EXPORT(GatedBackwardRange);

namespace {

template <class Kernel>
void Run(const ActivationArgs& args, const Kernel& kernel, ThreadPool& pool) {
  for (const RowView* rows : {&args.g, &args.u, &args.dg, &args.du}) {
    CHECK(rows->num_rows == args.a.num_rows && rows->cols == args.a.cols);
    CHECK(rows->dtype == args.a.dtype);
  }
  const size_t grain = std::max<size_t>(1, 4096 / std::max<size_t>(1, args.a.cols));
  pool.ParallelRanges(args.a.num_rows, grain,
                      [&](size_t begin, size_t end, size_t) { kernel(args, begin, end); });
}

}  // namespace

void ActivationForward(Activation act, const Tensor& x, const Tensor& a, ThreadPool& pool,
                       const ActivationStrides& strides) {
  const RowView in(x, strides.input);
  Run({act, RowView(a, strides.output), in, in, in, in}, &HWY_DYNAMIC_DISPATCH(PlainForwardRange),
      pool);
}

void ActivationBackward(Activation act, const Tensor& da, const Tensor& x, const Tensor& dx,
                        ThreadPool& pool, const ActivationStrides& strides) {
  const RowView in(x, strides.input);
  const RowView out(dx, strides.input);
  Run({act, RowView(da, strides.output), in, in, out, out},
      &HWY_DYNAMIC_DISPATCH(PlainBackwardRange), pool);
}

void GatedForward(Activation act, const Tensor& g, const Tensor& u, const Tensor& a,
                  ThreadPool& pool, const ActivationStrides& strides) {
  const RowView gate(g, strides.input);
  const RowView value(u, strides.input);
  Run({act, RowView(a, strides.output), gate, value, gate, value},
      &HWY_DYNAMIC_DISPATCH(GatedForwardRange), pool);
}

void GatedBackward(Activation act, const Tensor& da, const Tensor& g, const Tensor& u,
                   const Tensor& dg, const Tensor& du, ThreadPool& pool,
                   const ActivationStrides& strides) {
  Run({act, RowView(da, strides.output), RowView(g, strides.input), RowView(u, strides.input),
       RowView(dg, strides.input), RowView(du, strides.input)},
      &HWY_DYNAMIC_DISPATCH(GatedBackwardRange), pool);
}

}  // namespace cambium::ops
#endif  // HWY_ONCE
