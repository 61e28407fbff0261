// SPDX-License-Identifier: Apache-2.0
// How a tile of results, in vectors of f32, goes to memory: shared by the kernels of all weight
// formats.

// NOLINTNEXTLINE(llvm-header-guard): per-target include guard
#if defined(CAMBIUM_NUMERICS_TILE_OUT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CAMBIUM_NUMERICS_TILE_OUT_INL_H_
#undef CAMBIUM_NUMERICS_TILE_OUT_INL_H_
#else
#define CAMBIUM_NUMERICS_TILE_OUT_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>

#include "numerics/bfloat16.h"
#include "numerics/gemm.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using TileF = hn::CappedTag<float, kLaneCols>;
using TileU = hn::RebindToUnsigned<TileF>;
using TileVec = hn::Vec<TileF>;
// Vectors that make up 16 columns: 1 (AVX-512), 2 (AVX2), 4 (NEON).
inline constexpr size_t kVecLanes = hn::MaxLanes(TileF());
inline constexpr size_t kVecsPer16 = kLaneCols / kVecLanes;
// Where a tile ends up. All pointers are to the tile's first element.
struct TileOut {
  GemmStore store;
  const float* init;      // nullptr: start at zero
  const float* residual;  // kResidual
  void* data;
  size_t row_stride;  // of init, residual and data, in elements
  size_t num_cols;    // valid columns; fewer than the tile's: the rest is not written
};

// Of a panel with num_cols valid columns, whose first element of the output is c.data.
HWY_INLINE TileOut TileOutOf(const GemmOutput& c, size_t num_cols) {
  const float* init = c.init == GemmInit::kLoad ? static_cast<const float*>(c.data) : nullptr;
  return {c.store, init, c.residual, c.data, c.row_stride, num_cols};
}

// Round to nearest even, NaNs quieted.
template <bool kBf16Dot>
HWY_INLINE void StoreBf16Lanes(TileVec x, BFloat16* out) {
  const TileF df;
  const TileU du;
#if HWY_TARGET == HWY_AVX3
  if constexpr (kBf16Dot) {
    // One instruction for the same bits: it would flush denormals, and a chain's end is none.
    __m256i half;
    asm("vcvtneps2bf16 %1, %0" : "=v"(half) : "v"(x.raw));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), half);
    return;
  }
#endif
  const auto bits = hn::BitCast(du, x);
  const auto is_nan = hn::MaskFromVec(hn::BitCast(
      df, hn::VecFromMask(
              du, hn::Gt(hn::And(bits, hn::Set(du, 0x7fffffffu)), hn::Set(du, 0x7f800000u)))));
  const auto even = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1u));
  const auto rounded = hn::ShiftRight<16>(hn::Add(hn::Add(bits, hn::Set(du, 0x7fffu)), even));
  const auto quiet = hn::Or(hn::ShiftRight<16>(bits), hn::Set(du, 0x40u));
  const auto result = hn::IfThenElse(hn::RebindMask(du, is_nan), quiet, rounded);
  const hn::Rebind<uint16_t, TileU> d16;
  hn::StoreU(hn::TruncateTo(d16, result), d16, reinterpret_cast<uint16_t*>(out));
}

// One vector of a tile's row to its destination.
template <bool kBf16Dot>
HWY_INLINE void StoreTileVec(const TileOut& out, size_t offset, TileVec x) {
  const TileF df;
  switch (out.store) {
    case GemmStore::kResidual:
      x = hn::Add(hn::LoadU(df, out.residual + offset), x);
      [[fallthrough]];
    case GemmStore::kF32:
      hn::StoreU(x, df, static_cast<float*>(out.data) + offset);
      break;
    case GemmStore::kBF16:
      StoreBf16Lanes<kBf16Dot>(x, static_cast<BFloat16*>(out.data) + offset);
      break;
  }
}

// acc[r][v]: columns v * kVecLanes and on of row r; rows from num_rows on are not stored.
template <bool kBf16Dot, size_t kRows, size_t kVecs>
HWY_INLINE void StoreTile(TileVec (&acc)[kRows][kVecs], const TileOut& out,
                          size_t num_rows = kRows) {
  const TileF df;
  constexpr size_t kCols = kVecs * kVecLanes;
  if (out.num_cols >= kCols && num_rows == kRows) {
    // By value and of a known kind, so that nothing of it is read again behind every store.
    const auto store_all = [&]<GemmStore kStore>() HWY_ATTR {
      TileOut whole = out;
      whole.store = kStore;
      HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
        HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
          StoreTileVec<kBf16Dot>(whole, r * whole.row_stride + v * kVecLanes, acc[r][v]);
        }
      }
    };
    switch (out.store) {
      case GemmStore::kF32:
        return store_all.template operator()<GemmStore::kF32>();
      case GemmStore::kBF16:
        return store_all.template operator()<GemmStore::kBF16>();
      case GemmStore::kResidual:
        return store_all.template operator()<GemmStore::kResidual>();
    }
  }
  alignas(64) float edge[kRows][kCols];
  HWY_UNROLL(8) for (size_t r = 0; r < kRows; ++r) {
    HWY_UNROLL(8) for (size_t v = 0; v < kVecs; ++v) {
      hn::StoreU(acc[r][v], df, edge[r] + v * kVecLanes);
    }
  }
  for (size_t r = 0; r < num_rows; ++r) {
    for (size_t c = 0; c < std::min(kCols, out.num_cols); ++c) {
      const size_t offset = r * out.row_stride + c;
      if (out.store == GemmStore::kBF16) {
        static_cast<BFloat16*>(out.data)[offset] = ToBFloat16(edge[r][c]);
      } else if (out.store == GemmStore::kResidual) {
        static_cast<float*>(out.data)[offset] = out.residual[offset] + edge[r][c];
      } else {
        static_cast<float*>(out.data)[offset] = edge[r][c];
      }
    }
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
