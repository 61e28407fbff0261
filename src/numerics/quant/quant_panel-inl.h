// SPDX-License-Identifier: Apache-2.0
// From a format that is known at run time to the kernel of a panel.

// NOLINTNEXTLINE(llvm-header-guard): per-target include guard
#if defined(CAMBIUM_NUMERICS_QUANT_QUANT_PANEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CAMBIUM_NUMERICS_QUANT_QUANT_PANEL_INL_H_
#undef CAMBIUM_NUMERICS_QUANT_QUANT_PANEL_INL_H_
#else
#define CAMBIUM_NUMERICS_QUANT_QUANT_PANEL_INL_H_
#endif

#include "base/check.h"
#include "numerics/quant/quant_expanded-inl.h"
#include "numerics/quant/quant_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {

template <ByteProducts kProducts, typename Block>
void QuantPanelOfType(GgmlType type, size_t num_rows, const Block* x, size_t blocks_per_row,
                      const uint8_t* panel, const TileOut& out) {
  VisitIntegerFormat(type, [&]<typename Weights>(std::type_identity<Weights>) {
    using L = QuantLayout<Weights>;
    if constexpr (Weights::kSize == Block::kSize) {
      if constexpr (L::kGroup == 16) {
        // Expanding pays from the fifth tile on.
        if (num_rows > 4 * kQuantTileRows) {
          return ExpandedPanel<L, kProducts>(num_rows, x, blocks_per_row, panel, out);
        }
      }
      QuantPanel<L, kProducts>(num_rows, x, blocks_per_row, panel, out);
    }
  });
}

template <typename Block>
void QuantPanelOfBlock(GgmlType type, ByteProducts products, size_t num_rows, const Block* x,
                       size_t blocks_per_row, const uint8_t* panel, const GemmOutput& c,
                       size_t num_cols) {
  const TileOut out = TileOutOf(c, num_cols);
  switch (products) {
    case ByteProducts::kPortable:
      return QuantPanelOfType<ByteProducts::kPortable>(type, num_rows, x, blocks_per_row, panel,
                                                       out);
    case ByteProducts::kDot:
      return QuantPanelOfType<ByteProducts::kDot>(type, num_rows, x, blocks_per_row, panel, out);
    case ByteProducts::kMatrix:
#if HWY_ARCH_ARM
      return QuantPanelOfType<ByteProducts::kMatrix>(type, num_rows, x, blocks_per_row, panel, out);
#else
      CHECK(false);
#endif
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
