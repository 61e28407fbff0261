// SPDX-License-Identifier: Apache-2.0
#include "tensor/ops/kv_widen.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "numerics/float16.h"
#include "numerics/quant/quant_blocks.h"
#include "numerics/simd_target.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/ops/kv_widen.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using F = hn::CappedTag<float, kLaneCols>;
using U = hn::RebindToUnsigned<F>;
using VecF = hn::Vec<F>;
constexpr size_t kVec = hn::MaxLanes(F());

HWY_INLINE VecF Widened(const float* p) { return hn::LoadU(F(), p); }
HWY_INLINE VecF Widened(const BFloat16* p) {
  const auto bits = hn::LoadU(hn::Rebind<uint16_t, F>(), &p->bits);
  return hn::BitCast(F(), hn::ShiftLeft<16>(hn::PromoteTo(U(), bits)));
}
HWY_INLINE VecF Widened(const Float16* p) {
  const auto bits = hn::LoadU(hn::Rebind<uint16_t, F>(), &p->bits);
  return hn::PromoteTo(F(), hn::BitCast(hn::Rebind<hwy::float16_t, F>(), bits));
}
HWY_INLINE VecF Widened(const int8_t* p) {
  const auto wide = hn::PromoteTo(hn::Rebind<int32_t, F>(), hn::LoadU(hn::Rebind<int8_t, F>(), p));
  return hn::ConvertTo(F(), wide);
}

// A pair of rows of an operand panel, `width` columns wide, at column c.
template <bool kBf16Dot>
HWY_INLINE void StorePair(VecF even, VecF odd, size_t c, size_t width, float* pair) {
  hn::StoreU(even, F(), pair + c);
  hn::StoreU(odd, F(), pair + width + c);
}
HWY_INLINE hn::Vec<U> Bf16Above(VecF x) {
  const auto bits = hn::BitCast(U(), x);
  const auto is_odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(U(), 1u));
  return hn::Add(bits, hn::Add(is_odd, hn::Set(U(), 0x7fffu)));
}
// To nearest even on the bits. What is held is finite, or a NaN of an infinite scale: the quiet
// one of the arithmetic, which stays a NaN.
template <bool kBf16Dot>
HWY_INLINE void StorePair(VecF even, VecF odd, size_t c, size_t, BFloat16* pair) {
  uint32_t* out = reinterpret_cast<uint32_t*>(pair) + c;
#if HWY_TARGET == HWY_AVX3
  if constexpr (kBf16Dot) {
    // The same bits, but for denormals, which become zeros here and as operands elsewhere.
    alignas(64) static constexpr uint16_t kInPairs[32] = {
        0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
        8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    __m512i both;
    asm("vcvtne2ps2bf16 %1, %2, %0" : "=v"(both) : "v"(even.raw), "v"(odd.raw));
    _mm512_storeu_si512(out, _mm512_permutexvar_epi16(_mm512_load_si512(kInPairs), both));
    return;
  }
#endif
  const auto high = hn::And(Bf16Above(odd), hn::Set(U(), 0xffff0000u));
  hn::StoreU(hn::Or(high, hn::ShiftRight<16>(Bf16Above(even))), U(), out);
}

template <bool kBf16Dot, typename S, typename T>
void Keys(const S* in, size_t D, size_t width, T* panel) {
  for (size_t d = 0; d < D; d += 2) {
    const S* row = in + d * width;
    for (size_t c = 0; c < width; c += kVec) {
      StorePair<kBf16Dot>(Widened(row + c), Widened(row + width + c), c, width, panel + d * width);
    }
  }
}

template <bool kBf16Dot, typename T>
void KeysOfBytes(const void* in, size_t D, size_t width, T* panel) {
  const int8_t* codes = static_cast<const int8_t*>(in);
  const Float16* scales = reinterpret_cast<const Float16*>(codes + width * D);
  for (size_t block = 0; block < D; block += ops::kKvBlock) {
    for (size_t c = 0; c < width; c += kVec) {
      const VecF scale = Widened(scales + block / ops::kKvBlock * width + c);
      for (size_t d = block; d < block + ops::kKvBlock; d += 2) {
        const int8_t* row = codes + d * width + c;
        StorePair<kBf16Dot>(hn::Mul(scale, Widened(row)), hn::Mul(scale, Widened(row + width)), c,
                            width, panel + d * width);
      }
    }
  }
}

template <bool kBf16Dot, typename S, typename T>
void Values(const S* in, size_t rows, size_t padded, T* panels) {
  for (size_t col = 0; col < padded; col += kPanelCols) {
    const size_t width = std::min(kPanelCols, padded - col);
    for (size_t r = 0; r < rows; r += 2) {
      const S* even = in + r * padded + col;
      for (size_t c = 0; c < width; c += kVec) {
        StorePair<kBf16Dot>(Widened(even + c), Widened(even + padded + c), c, width,
                            panels + r * width);
      }
    }
    panels += rows * width;
  }
}

HWY_INLINE VecF ScaleOf(const BlockQ8_0& block) {
  Float16 scale;
  std::memcpy(&scale, block.d, sizeof scale);
  const hn::Rebind<uint16_t, F> d16;
  return hn::PromoteTo(F(), hn::BitCast(hn::Rebind<hwy::float16_t, F>(), hn::Set(d16, scale.bits)));
}

template <bool kBf16Dot, typename T>
void ValuesOfBytes(const BlockQ8_0* in, size_t rows, size_t D, T* panels) {
  const size_t num_blocks = D / ops::kKvBlock;
  for (size_t col = 0; col < D; col += kPanelCols) {
    const size_t width = std::min(kPanelCols, D - col);
    for (size_t r = 0; r < rows; r += 2) {
      for (size_t c = 0; c < width; c += ops::kKvBlock) {
        const size_t block = r * num_blocks + (col + c) / ops::kKvBlock;
        const BlockQ8_0 &even = in[block], &odd = in[block + num_blocks];
        const VecF even_scale = ScaleOf(even), odd_scale = ScaleOf(odd);
        for (size_t i = 0; i < ops::kKvBlock; i += kVec) {
          StorePair<kBf16Dot>(hn::Mul(even_scale, Widened(even.qs + i)),
                              hn::Mul(odd_scale, Widened(odd.qs + i)), c + i, width,
                              panels + r * width);
        }
      }
    }
    panels += rows * width;
  }
}

template <bool kBf16Dot, typename T>
void KeysOfType(ops::KvType type, const void* in, size_t D, size_t width, T* panel) {
  switch (type) {
    case ops::KvType::kF32:
      return Keys<kBf16Dot>(static_cast<const float*>(in), D, width, panel);
    case ops::KvType::kBF16:
      return Keys<kBf16Dot>(static_cast<const BFloat16*>(in), D, width, panel);
    case ops::KvType::kF16:
      return Keys<kBf16Dot>(static_cast<const Float16*>(in), D, width, panel);
    case ops::KvType::kQ8_0:
      return KeysOfBytes<kBf16Dot>(in, D, width, panel);
  }
}

template <bool kBf16Dot, typename T>
void ValuesOfType(ops::KvType type, const void* in, size_t rows, size_t D, T* panels) {
  const size_t padded = RoundUp(D, kLaneCols);
  switch (type) {
    case ops::KvType::kF32:
      return Values<kBf16Dot>(static_cast<const float*>(in), rows, padded, panels);
    case ops::KvType::kBF16:
      return Values<kBf16Dot>(static_cast<const BFloat16*>(in), rows, padded, panels);
    case ops::KvType::kF16:
      return Values<kBf16Dot>(static_cast<const Float16*>(in), rows, padded, panels);
    case ops::KvType::kQ8_0:
      return ValuesOfBytes<kBf16Dot>(static_cast<const BlockQ8_0*>(in), rows, D, panels);
  }
}

}  // namespace

void KeysToF32(ops::KvType type, const void* in, size_t D, size_t width, float* panel) {
  KeysOfType<false>(type, in, D, width, panel);
}
void KeysToBF16(ops::KvType type, const void* in, size_t D, size_t width, BFloat16* panel,
                bool bf16_dot) {
  bf16_dot ? KeysOfType<true>(type, in, D, width, panel)
           : KeysOfType<false>(type, in, D, width, panel);
}
void ValuesToF32(ops::KvType type, const void* in, size_t rows, size_t D, float* panels) {
  ValuesOfType<false>(type, in, rows, D, panels);
}
void ValuesToBF16(ops::KvType type, const void* in, size_t rows, size_t D, BFloat16* panels,
                  bool bf16_dot) {
  bf16_dot ? ValuesOfType<true>(type, in, rows, D, panels)
           : ValuesOfType<false>(type, in, rows, D, panels);
}

}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium {
HWY_EXPORT(KeysToF32);
HWY_EXPORT(KeysToBF16);
HWY_EXPORT(ValuesToF32);
HWY_EXPORT(ValuesToBF16);

namespace ops {
namespace {

bool HasBf16Dot() { return ActiveSimdTarget() == SimdTarget::kAvx512Bf16; }

}  // namespace

template <>
void WidenKeys(const KvLayout& layout, const void* keys, size_t position, float* panel) {
  CHECK(position % kPanelCols == 0 && layout.operand == DType::kF32);
  const size_t offset = position * layout.KeyPositionBytes();
  HWY_DYNAMIC_DISPATCH(KeysToF32)
  (layout.type, static_cast<const char*>(keys) + offset, layout.head_dim,
   layout.PanelWidth(position), panel);
}
template <>
void WidenKeys(const KvLayout& layout, const void* keys, size_t position, BFloat16* panel) {
  CHECK(position % kPanelCols == 0 && layout.operand == DType::kBF16);
  const size_t offset = position * layout.KeyPositionBytes();
  HWY_DYNAMIC_DISPATCH(KeysToBF16)
  (layout.type, static_cast<const char*>(keys) + offset, layout.head_dim,
   layout.PanelWidth(position), panel, HasBf16Dot());
}

template <>
void WidenValues(const KvLayout& layout, const void* values, size_t begin, size_t end,
                 float* panels) {
  CHECK(begin % 2 == 0 && end % 2 == 0);
  const size_t offset = begin * layout.ValuePositionBytes();
  HWY_DYNAMIC_DISPATCH(ValuesToF32)
  (layout.type, static_cast<const char*>(values) + offset, end - begin, layout.head_dim, panels);
}
template <>
void WidenValues(const KvLayout& layout, const void* values, size_t begin, size_t end,
                 BFloat16* panels) {
  CHECK(begin % 2 == 0 && end % 2 == 0);
  const size_t offset = begin * layout.ValuePositionBytes();
  HWY_DYNAMIC_DISPATCH(ValuesToBF16)
  (layout.type, static_cast<const char*>(values) + offset, end - begin, layout.head_dim, panels,
   HasBf16Dot());
}

}  // namespace ops
}  // namespace cambium
#endif  // HWY_ONCE
