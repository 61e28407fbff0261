// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/column_sums.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/column_sums.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <type_traits>

#include "numerics/simd_loop-inl.h"
#include "tensor/ops/dispatch.h"

HWY_BEFORE_NAMESPACE();
namespace cambium::ops {
namespace HWY_NAMESPACE {
namespace {

using namespace cambium::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)

// Columns [begin, end) of all rows.
void SumColumns(const Tensor& rows, float* sums, size_t begin, size_t end) {
  const size_t C = rows.cols(), N = rows.rows();
  WithType(rows.dtype, [&](auto* type) HWY_ATTR {
    const auto* data = static_cast<const std::remove_pointer_t<decltype(type)>*>(rows.data);
    ForBlocks(begin, end, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      Vec16 sum = LoadBlock(sums + i, block);
      for (size_t n = 0; n < N; ++n) sum = Add(sum, LoadBlock(data + n * C + i, block));
      StoreBlock(sum, sums + i, block);
    });
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium::ops
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium::ops {

HWY_EXPORT(SumColumns);

void AddColumnSums(const Tensor& rows, const Tensor& sums, ThreadPool& pool) {
  CHECK(sums.size() == rows.cols());
  const auto kernel = &HWY_DYNAMIC_DISPATCH(SumColumns);
  pool.ParallelRanges(rows.cols(), 32, [&](size_t begin, size_t end, size_t) {
    kernel(rows, sums.f32(), begin, end);
  });
}

}  // namespace cambium::ops
#endif  // HWY_ONCE
