// SPDX-License-Identifier: Apache-2.0
// Probabilities and gradients of scores in attention's backward pass (attention.h): pa and ds of
// some queries and one panel of keys, laid out as the products want them. Included per SIMD target.

// NOLINTNEXTLINE(llvm-header-guard): per-target include guard
#if defined(CAMBIUM_TENSOR_OPS_ATTENTION_GRADIENTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CAMBIUM_TENSOR_OPS_ATTENTION_GRADIENTS_INL_H_
#undef CAMBIUM_TENSOR_OPS_ATTENTION_GRADIENTS_INL_H_
#else
#define CAMBIUM_TENSOR_OPS_ATTENTION_GRADIENTS_INL_H_
#endif

#include <hwy/highway.h>

#include "tensor/ops/attention_block.h"
#include "tensor/ops/attention_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {

// Blocks of queries on the diagonal are cut into strips, so that little is computed above it.
inline constexpr size_t kStripRows = 16;

// Keys of the panel at `col` that some query of the strip at `row` >= col sees, in whole lanes.
HWY_INLINE size_t KeysOfStrip(size_t row, size_t col) {
  return std::min(kPanelCols, row + kStripRows - col);
}

// Of one query and head.
struct GradientRow {
  float m, inverse_l, delta;
};

// A panel of weights (pa or ds) as a transposed A operand: pair p of queries and key j at
// (p * kPanelCols + j) * 2. Keys are its rows.
template <typename T>
OperandA WeightPairs(const T* pairs, size_t first_query, size_t first_key) {
  return {pairs + first_query * kPanelCols + first_key * 2, kTileRows * 2 * sizeof(T),
          2 * sizeof(T), kPanelCols * 2 * sizeof(T)};
}

// Weights of 16 keys of two queries that are a pair, rounded to T: stored side by side, and also
// each in its row.
template <typename T, bool kBf16Dot>
struct PairStore {
  using Lane = std::conditional_t<std::is_same_v<T, float>, float, uint16_t>;

  HWY_INLINE void Pairs(Vec16 even, Vec16 odd, T* pairs) const {
    HWY_ALIGN T rows[2 * kLanes];
    Both(even, odd, pairs, rows, kLanes);
  }
  HWY_INLINE void Both(Vec16 even, Vec16 odd, T* pairs, T* rows, size_t row_stride) const {
    Store(even, rows);
    Store(odd, rows + row_stride);
    const hn::CappedTag<Lane, kLanes> d;
    const Lane* from = reinterpret_cast<const Lane*>(rows);
    for (size_t i = 0; i < kLanes; i += hn::Lanes(d)) {
      hn::StoreInterleaved2(hn::LoadU(d, from + i), hn::LoadU(d, from + row_stride + i), d,
                            reinterpret_cast<Lane*>(pairs) + 2 * i);
    }
  }
};

#if HWY_TARGET == HWY_AVX3
// One instruction rounds both: with denormals flushed (rule 1) a weight is none, and for all else
// VCVTNE2PS2BF16 gives the bits of ToBFloat16.
template <>
struct PairStore<BFloat16, true> {
  using D16 = hn::FixedTag<uint16_t, 2 * kLanes>;
  HWY_ALIGN static constexpr uint16_t kSideBySide[2 * kLanes] = {
      0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
      8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  hn::Vec<D16> side_by_side;

  HWY_INLINE PairStore() : side_by_side(hn::Load(D16(), kSideBySide)) {}

  static HWY_INLINE hn::Vec<D16> Round(Vec16 even, Vec16 odd) {
    hn::Vec<D16> rounded;
    asm("vcvtne2ps2bf16 %1, %2, %0" : "=v"(rounded.raw) : "v"(even.v.raw), "v"(odd.v.raw));
    return rounded;
  }
  HWY_INLINE void Interleave(hn::Vec<D16> rounded, BFloat16* pairs) const {
    // Highway 1.0 has no lookup of 16-bit lanes.
    _mm512_storeu_si512(pairs, _mm512_permutexvar_epi16(side_by_side.raw, rounded.raw));
  }
  HWY_INLINE void Pairs(Vec16 even, Vec16 odd, BFloat16* pairs) const {
    Interleave(Round(even, odd), pairs);
  }
  HWY_INLINE void Both(Vec16 even, Vec16 odd, BFloat16* pairs, BFloat16* rows,
                       size_t row_stride) const {
    const hn::Vec<D16> rounded = Round(even, odd);
    Interleave(rounded, pairs);
    const hn::Half<D16> half;
    hn::StoreU(hn::LowerHalf(half, rounded), half, reinterpret_cast<uint16_t*>(rows));
    hn::StoreU(hn::UpperHalf(half, rounded), half, reinterpret_cast<uint16_t*>(rows + row_stride));
  }
};
#endif

// p and ds of 16 keys, from dot products with keys (scores) and of dout with values (dp).
struct Gradient16 {
  Vec16 p, s;
};
template <bool kCap>
HWY_INLINE Gradient16 GradientOf(const float* scores, const float* dp, const GradientRow& row,
                                 const ops::AttentionParams& params) {
  const Vec16 scale = Set(params.scale);
  const Vec16 t = kCap ? ScaleScores(Load(scores), params) : Mul(Load(scores), scale);
  const Vec16 e = ExpNonPositive(Sub(t, Set(row.m)), math::kSoftmaxLowest);
  const Vec16 p = Mul(e, Set(row.inverse_l));
  Vec16 s = Mul(Mul(p, Sub(Load(dp), Set(row.delta))), scale);
  if constexpr (kCap) {
    const Vec16 ratio = Mul(t, Set(1.0f / params.softcap));
    s = Mul(s, NegFma(ratio, ratio, Set(1.0f)));
  }
  return {p, s};
}

// Queries [first_row, first_row + rows) of one head and the panel of keys at first_col. scores, dp,
// ds_rows: [rows, kPanelCols]. Of a query's keys those up to the end of its strip (KeysOfStrip) are
// read and written; what it does not see becomes +0, and so does the partner of an odd last query.
// of_rows: of the queries, and one more that may be read.
template <typename T, bool kBf16Dot, bool kCap>
void PanelGradients(const ops::AttentionParams& params, const GradientRow* of_rows,
                    size_t first_row, size_t rows, size_t first_col, const float* scores,
                    const float* dp, T* pa_pairs, T* ds_pairs, T* ds_rows) {
  const PairStore<T, kBf16Dot> store;
  // Down the queries, 16 keys at a time: there is nothing to set up for a query then.
  for (size_t col = 0; col < kPanelCols; col += kLanes) {
    const size_t base = first_col + col;
    const size_t begin = base > first_row ? base - first_row : 0;
    for (size_t r = begin; r < rows; r += 2) {
      const size_t even = first_row + r;
      const size_t at = r * kPanelCols + col;
      Gradient16 g0 = GradientOf<kCap>(scores + at, dp + at, of_rows[r], params);
      Gradient16 g1 =
          GradientOf<kCap>(scores + at + kPanelCols, dp + at + kPanelCols, of_rows[r + 1], params);
      if (base + kLanes - 1 > even || base < FirstVisible(params, even + 1) || r + 1 == rows) {
        const size_t first0 = FirstVisible(params, even), first1 = FirstVisible(params, even + 1);
        g0 = {MaskPositions(g0.p, base, first0, even, 0.0f),
              MaskPositions(g0.s, base, first0, even, 0.0f)};
        g1 = {MaskPositions(g1.p, base, first1, even + 1, 0.0f),
              MaskPositions(g1.s, base, first1, even + 1, 0.0f)};
        if (r + 1 == rows) g1 = {Zero(), Zero()};
      }
      store.Pairs(g0.p, g1.p, pa_pairs + at + col);
      store.Both(g0.s, g1.s, ds_pairs + at + col, ds_rows + at, kPanelCols);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
