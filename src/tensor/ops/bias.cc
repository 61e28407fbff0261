// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/bias.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/bias.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <type_traits>

#include "numerics/simd_loop-inl.h"
#include "tensor/ops/column_sums.h"
#include "tensor/ops/dispatch.h"

HWY_BEFORE_NAMESPACE();
namespace cambium::ops {
namespace HWY_NAMESPACE {
namespace {

using namespace cambium::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)

// Rows [begin, end).
void AddToRows(const Tensor& y, const float* b, size_t begin, size_t end) {
  const size_t C = y.cols();
  WithType(y.dtype, [&](auto* ty) HWY_ATTR {
    auto* data = static_cast<std::remove_pointer_t<decltype(ty)>*>(y.data);
    for (size_t n = begin; n < end; ++n) {
      auto* row = data + n * C;
      ForBlocks(0, C, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
        StoreBlock(Add(LoadBlock(row + i, block), LoadBlock(b + i, block)), row + i, block);
      });
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

HWY_EXPORT(AddToRows);

void BiasForward(const Tensor& y, const Tensor& b, ThreadPool& pool) {
  CHECK(b.size() == y.cols());
  const auto kernel = &HWY_DYNAMIC_DISPATCH(AddToRows);
  const size_t grain = std::max<size_t>(1, 16384 / std::max<size_t>(1, y.cols()));
  pool.ParallelRanges(y.rows(), grain,
                      [&](size_t begin, size_t end, size_t) { kernel(y, b.f32(), begin, end); });
}

void BiasBackward(const Tensor& dy, const Tensor& db, ThreadPool& pool) {
  AddColumnSums(dy, db, pool);
}

}  // namespace cambium::ops
#endif  // HWY_ONCE
