// SPDX-License-Identifier: Apache-2.0
#include "numerics/gemm.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "base/check.h"
#include "numerics/simd_target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "numerics/gemm.cc"
#include <hwy/foreach_target.h>

#include "numerics/gemm_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {

// The plain-C++ face of PanelRows, so that the dispatch needs no per-target type.
void GemmBlockF32(size_t num_rows, const OperandA& a, const float* panel, size_t panel_cols,
                  size_t K, const GemmOutput& c, size_t num_cols) {
  PanelRows<float, false>(num_rows, a, panel, panel_cols, K, TileOutOf(c, num_cols));
}

void GemmBlockF16(size_t num_rows, const OperandA& a, const Float16* panel, size_t panel_cols,
                  size_t K, const GemmOutput& c, size_t num_cols) {
  PanelRows<Float16, false>(num_rows, a, panel, panel_cols, K, TileOutOf(c, num_cols));
}

void GemmBlockBF16(size_t num_rows, const OperandA& a, const BFloat16* panel, size_t panel_cols,
                   size_t K, const GemmOutput& c, size_t num_cols, bool bf16_dot) {
  const TileOut out = TileOutOf(c, num_cols);
#if HWY_TARGET == HWY_AVX3
  if (bf16_dot) return PanelRows<BFloat16, true>(num_rows, a, panel, panel_cols, K, out);
#endif
  (void)bf16_dot;
  PanelRows<BFloat16, false>(num_rows, a, panel, panel_cols, K, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium {
namespace {

HWY_EXPORT(GemmBlockF32);
HWY_EXPORT(GemmBlockF16);
HWY_EXPORT(GemmBlockBF16);

// Depth of one call of the micro-kernel: a panel of 64 columns x 1024 is 128 KiB of bf16 and stays
// in a second-level cache while the rows pass by.
constexpr size_t kBlockDepth = 1024;
// Bytes of A per block of rows: half of a 1 MiB second-level cache.
constexpr size_t kBlockBytesA = size_t{512} << 10;
constexpr size_t kMaxBlockRows = 192;  // 32 tiles: enough hand-outs to keep threads even

template <typename T>
struct BlockFn;
template <>
struct BlockFn<float> {
  void operator()(size_t rows, const OperandA& a, const float* panel, size_t panel_cols, size_t K,
                  const GemmOutput& c, size_t num_cols) const {
    HWY_DYNAMIC_DISPATCH(GemmBlockF32)(rows, a, panel, panel_cols, K, c, num_cols);
  }
};
template <>
struct BlockFn<Float16> {
  void operator()(size_t rows, const OperandA& a, const Float16* panel, size_t panel_cols, size_t K,
                  const GemmOutput& c, size_t num_cols) const {
    HWY_DYNAMIC_DISPATCH(GemmBlockF16)(rows, a, panel, panel_cols, K, c, num_cols);
  }
};
template <>
struct BlockFn<BFloat16> {
  bool bf16_dot = ActiveSimdTarget() == SimdTarget::kAvx512Bf16;
  void operator()(size_t rows, const OperandA& a, const BFloat16* panel, size_t panel_cols,
                  size_t K, const GemmOutput& c, size_t num_cols) const {
    HWY_DYNAMIC_DISPATCH(GemmBlockBF16)(rows, a, panel, panel_cols, K, c, num_cols, bf16_dot);
  }
};

char* OffsetOutput(const GemmOutput& c, size_t elements) {
  const size_t bytes = c.store == GemmStore::kBF16 ? sizeof(BFloat16) : sizeof(float);
  return static_cast<char*>(c.data) + elements * bytes;
}

}  // namespace

template <typename T>
void Gemm(size_t M, const OperandA& a, const PackedB<T>& b, const GemmOutput& c, ThreadPool& pool) {
  CHECK(c.init == GemmInit::kZero || c.store == GemmStore::kF32);
  if (M == 0 || b.N == 0) return;
  const BlockFn<T> block_fn;
  const size_t depth = std::min(RoundUp(b.K, 2), kBlockDepth);
  const size_t rows_in_cache =
      std::max(kTileRows, kBlockBytesA / (std::max<size_t>(depth, 1) * sizeof(T)));
  const size_t max_block_rows = std::min(kMaxBlockRows, rows_in_cache) / kTileRows * kTileRows;
  // Blocks of like size: a short last one would leave a thread waiting.
  const size_t num_blocks = (M + max_block_rows - 1) / max_block_rows;
  const size_t block_rows = RoundUp((M + num_blocks - 1) / num_blocks, kTileRows);
  const size_t num_panels = (b.N + kPanelCols - 1) / kPanelCols;
  const size_t padded_cols = RoundUp(b.N, kLaneCols);
  const size_t K_even = RoundUp(b.K, 2);

  pool.ParallelFor(num_blocks * num_panels, [&](size_t task, size_t) {
    // Panels vary fastest: the block of A stays in the second-level cache.
    const size_t row = task / num_panels * block_rows;
    const size_t col = task % num_panels * kPanelCols;
    const size_t rows = std::min(block_rows, M - row);
    const size_t panel_cols = std::min(kPanelCols, padded_cols - col);
    const size_t num_cols = std::min(panel_cols, b.N - col);
    const T* panel = b.data + col * K_even;
    OperandA a_block = a;
    a_block.data = static_cast<const char*>(a.data) + row / kTileRows * a.tile_stride_bytes;
    GemmOutput c_block = c;
    c_block.data = OffsetOutput(c, row * c.row_stride + col);
    if (c.residual != nullptr) c_block.residual = c.residual + row * c.row_stride + col;

    if (b.K <= kBlockDepth) {
      block_fn(rows, a_block, panel, panel_cols, b.K, c_block, num_cols);
      return;
    }
    // A long chain in steps; its state between steps lies in C, or beside it when C is not float.
    alignas(64) thread_local float chain[kMaxBlockRows * kPanelCols];
    const bool in_place = c.store == GemmStore::kF32;
    GemmOutput partial = c_block;
    partial.store = GemmStore::kF32;
    partial.residual = nullptr;
    if (!in_place) {
      partial.data = chain;
      partial.row_stride = kPanelCols;
    }
    for (size_t k = 0; k < b.K; k += kBlockDepth) {
      const size_t step = std::min(kBlockDepth, b.K - k);
      OperandA a_step = a_block;
      a_step.data = static_cast<const char*>(a_block.data) + k / 2 * a.pair_stride_bytes;
      if (k > 0) partial.init = GemmInit::kLoad;
      block_fn(rows, a_step, panel + k * panel_cols, panel_cols, step, partial, num_cols);
    }
    if (in_place) return;
    for (size_t r = 0; r < rows; ++r) {
      for (size_t n = 0; n < num_cols; ++n) {
        const float acc = chain[r * kPanelCols + n];
        const size_t offset = r * c.row_stride + n;
        if (c.store == GemmStore::kBF16) {
          static_cast<BFloat16*>(c_block.data)[offset] = ToBFloat16(acc);
        } else {
          static_cast<float*>(c_block.data)[offset] = c_block.residual[offset] + acc;
        }
      }
    }
  });
}

template void Gemm<float>(size_t, const OperandA&, const PackedB<float>&, const GemmOutput&,
                          ThreadPool&);
template void Gemm<Float16>(size_t, const OperandA&, const PackedB<Float16>&, const GemmOutput&,
                            ThreadPool&);
template void Gemm<BFloat16>(size_t, const OperandA&, const PackedB<BFloat16>&, const GemmOutput&,
                             ThreadPool&);

namespace {
constexpr size_t kLargePageBytes = size_t{2} << 20;
}  // namespace

void* Scratch::Bytes(size_t size_bytes) {
  if (size_bytes > capacity_bytes_) {
    memory_.reset();
    capacity_bytes_ = 0;
    // Large buffers ask for large pages: rows of a matrix are often a page apart.
    const size_t alignment = size_bytes >= kLargePageBytes ? kLargePageBytes : 4096;
    // Not to whole large pages: the last one would be taken for a few bytes of it.
    const size_t rounded = RoundUp(size_bytes, 4096);
    void* memory = nullptr;
    if (posix_memalign(&memory, alignment, rounded) != 0) throw std::bad_alloc();
    if (alignment == kLargePageBytes) (void)madvise(memory, rounded, MADV_HUGEPAGE);
    memory_.reset(memory);
    capacity_bytes_ = rounded;
  }
  return memory_.get();
}

void Scratch::Free::operator()(void* memory) const { std::free(memory); }

}  // namespace cambium
#endif  // HWY_ONCE
