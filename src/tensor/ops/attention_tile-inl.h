// SPDX-License-Identifier: Apache-2.0
// What the forward and backward attention kernels share: scores of a block of queries, and the
// choice of micro-kernel by element type. Included per SIMD target.

// NOLINTNEXTLINE(llvm-header-guard): per-target include guard
#if defined(CAMBIUM_TENSOR_OPS_ATTENTION_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CAMBIUM_TENSOR_OPS_ATTENTION_TILE_INL_H_
#undef CAMBIUM_TENSOR_OPS_ATTENTION_TILE_INL_H_
#else
#define CAMBIUM_TENSOR_OPS_ATTENTION_TILE_INL_H_
#endif

#include <hwy/highway.h>

#include <limits>

#include "numerics/gemm_tile-inl.h"
#include "numerics/math-inl.h"
#include "tensor/ops/attention.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {

// Rows of a tile of 32 columns (heads of D = 32): 8 x 2 vectors are sums enough to hide the latency
// of a multiply-add, and 64 queries or keys are a multiple of 8.
inline constexpr size_t kTallRows = 8;

// As PanelRows, for a panel of 32 columns and whole tall tiles; rows of A are evenly spaced.
template <typename T, bool kBf16Dot>
HWY_INLINE void TallTiles(size_t rows, const OperandA& a, const T* panel, size_t K, bool load,
                          float* c, size_t c_stride) {
  constexpr size_t kCols = 2 * kLaneCols;
  const char* a_row = static_cast<const char*>(a.data);
  for (size_t r = 0; r < rows; r += kTallRows) {
    const TileOut out = {GemmStore::kF32, load ? c : nullptr, nullptr, c, c_stride, kCols};
    Tile<T, kBf16Dot, kTallRows, 2>(a_row, a.row_stride_bytes, a.pair_stride_bytes, panel,
                                    2 * kCols, K, out);
    a_row += kTallRows * a.row_stride_bytes;
    c += kTallRows * c_stride;
  }
}

// C[rows, cols] f32 = A * panel, or the chain continued from C. Rows of A are evenly spaced.
template <typename T, bool kBf16Dot>
HWY_INLINE void BlockProduct(size_t rows, OperandA a, const T* panel, size_t panel_cols, size_t K,
                             float* c, size_t c_stride, size_t cols, bool load) {
  if constexpr (kMaxTileGroups == 4) {
    if (panel_cols == 2 * kLaneCols && cols == panel_cols && rows >= kTallRows) {
      const size_t tall = rows / kTallRows * kTallRows;
      TallTiles<T, kBf16Dot>(tall, a, panel, K, load, c, c_stride);
      if (tall == rows) return;
      a.data = static_cast<const char*>(a.data) + tall * a.row_stride_bytes;
      c += tall * c_stride;
      rows -= tall;
    }
  }
  const TileOut out = {GemmStore::kF32, load ? c : nullptr, nullptr, c, c_stride, cols};
  PanelRows<T, kBf16Dot>(rows, a, panel, panel_cols, K, out);
}
template <typename T>
HWY_INLINE void BlockProduct(size_t rows, const OperandA& a, const T* panel, size_t panel_cols,
                             size_t K, float* c, size_t c_stride, size_t cols, bool load,
                             bool bf16_dot) {
#if HWY_TARGET == HWY_AVX3
  if constexpr (std::is_same_v<T, BFloat16>) {
    if (bf16_dot) {
      return BlockProduct<T, true>(rows, a, panel, panel_cols, K, c, c_stride, cols, load);
    }
  }
#endif
  (void)bf16_dot;
  BlockProduct<T, false>(rows, a, panel, panel_cols, K, c, c_stride, cols, load);
}

// Rounds to nearest even, by one instruction where there is one. x is no denormal: what was
// computed with denormals flushed (rule 1) is none.
template <bool kBf16Dot, typename T>
HWY_INLINE void StoreRounded(Vec16 x, T* out) {
#if HWY_TARGET == HWY_AVX3
  if constexpr (kBf16Dot && std::is_same_v<T, BFloat16>) {
    return StoreBf16Lanes<true>(x.v, out);
  }
#endif
  Store(x, out);
}

// t = dot * scale, capped; in place on one vector of dots.
HWY_INLINE Vec16 ScaleScores(Vec16 dots, const ops::AttentionParams& params) {
  Vec16 t = Mul(dots, Set(params.scale));
  if (params.softcap > 0) {
    t = Mul(Set(params.softcap), Tanh(Mul(t, Set(1.0f / params.softcap))));
  }
  return t;
}

// Lanes of positions base .. base + 15 outside [first, last] become `other`.
HWY_INLINE Vec16 MaskPositions(Vec16 x, size_t base, size_t first, size_t last, float other) {
  if (base >= first && base + kLanes - 1 <= last) return x;
  HWY_ALIGN static constexpr float kIota[kLanes] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                    8, 9, 10, 11, 12, 13, 14, 15};
  const Vec16 lane = Load(kIota);
  const float low = first > base ? static_cast<float>(first - base) : 0.0f;
  const float high = last >= base ? static_cast<float>(std::min<size_t>(last - base, 16)) : -1.0f;
  x = SelectLess(lane, Set(low), Set(other), x);
  return SelectLess(Set(high), lane, Set(other), x);
}

}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
