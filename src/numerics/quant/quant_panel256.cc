// SPDX-License-Identifier: Apache-2.0
// The panels of formats with blocks of 256, for every instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "numerics/quant/quant_panel256.cc"
#include <hwy/foreach_target.h>

#include "numerics/quant/quant_panel-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cambium {
namespace HWY_NAMESPACE {

void QuantPanel256(GgmlType type, ByteProducts products, size_t num_rows, const ByteBlock256* x,
                   size_t blocks_per_row, const uint8_t* panel, const GemmOutput& c,
                   size_t num_cols) {
  QuantPanelOfBlock(type, products, num_rows, x, blocks_per_row, panel, c, num_cols);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace cambium
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cambium {

HWY_EXPORT(QuantPanel256);

void RunQuantPanel(GgmlType type, ByteProducts products, size_t num_rows, const ByteBlock256* x,
                   size_t blocks_per_row, const uint8_t* panel, const GemmOutput& c,
                   size_t num_cols) {
  HWY_DYNAMIC_DISPATCH(QuantPanel256)
  (type, products, num_rows, x, blocks_per_row, panel, c, num_cols);
}

}  // namespace cambium
#endif  // HWY_ONCE
