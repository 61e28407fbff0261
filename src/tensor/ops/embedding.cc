// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/embedding.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/embedding.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "numerics/simd_loop-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium::ops {
namespace HWY_NAMESPACE {
namespace {

using namespace cambium::HWY_NAMESPACE;  // NOLINT(google-build-using-namespace)

void Gather(const float* table, const int32_t* tokens, size_t C, float scale, float* x,
            size_t begin, size_t end) {
  const Vec16 factor = Set(scale);
  for (size_t t = begin; t < end; ++t) {
    const float* row = table + static_cast<size_t>(tokens[t]) * C;
    ForBlocks(0, C, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      StoreBlock(Mul(LoadBlock(row + i, block), factor), x + t * C + i, block);
    });
  }
}

// Columns [begin, end) of all tokens.
void ScatterAdd(const float* dx, const int32_t* tokens, size_t num_tokens, size_t C, float scale,
                float* dtable, size_t begin, size_t end) {
  const Vec16 factor = Set(scale);
  for (size_t t = 0; t < num_tokens; ++t) {
    float* row = dtable + static_cast<size_t>(tokens[t]) * C;
    const float* source = dx + t * C;
    ForBlocks(begin, end, [&](size_t i, auto block) CAMBIUM_KERNEL_LAMBDA {
      const Vec16 sum = Fma(LoadBlock(source + i, block), factor, LoadBlock(row + i, block));
      StoreBlock(sum, row + i, block);
    });
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium::ops
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium::ops {

HWY_EXPORT(Gather);
HWY_EXPORT(ScatterAdd);

namespace {
void CheckTokens(std::span<const int32_t> tokens, size_t V) {
  for (const int32_t token : tokens) CHECK(token >= 0 && static_cast<size_t>(token) < V);
}
}  // namespace

void EmbeddingForward(const Tensor& table, std::span<const int32_t> tokens, float scale,
                      const Tensor& x, ThreadPool& pool) {
  const size_t C = table.cols();
  CHECK(x.cols() == C && x.rows() == tokens.size());
  CheckTokens(tokens, table.rows());
  const auto kernel = &HWY_DYNAMIC_DISPATCH(Gather);
  pool.ParallelRanges(tokens.size(), 16, [&](size_t begin, size_t end, size_t) {
    kernel(table.f32(), tokens.data(), C, scale, x.f32(), begin, end);
  });
}

void EmbeddingBackward(const Tensor& dx, std::span<const int32_t> tokens, float scale,
                       const Tensor& dtable, ThreadPool& pool) {
  const size_t C = dtable.cols();
  CHECK(dx.cols() == C && dx.rows() == tokens.size());
  CheckTokens(tokens, dtable.rows());
  const auto kernel = &HWY_DYNAMIC_DISPATCH(ScatterAdd);
  // 32 columns are two cache lines, what the adjacent-line prefetcher fetches anyway.
  pool.ParallelRanges(C, 32, [&](size_t begin, size_t end, size_t) {
    kernel(dx.f32(), tokens.data(), tokens.size(), C, scale, dtable.f32(), begin, end);
  });
}

}  // namespace cambium::ops
#endif  // HWY_ONCE
