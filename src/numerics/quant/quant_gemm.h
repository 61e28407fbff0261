// SPDX-License-Identifier: Apache-2.0
// Matrix products with quantised weights (numerics rule 3): bytes times codes, summed as integers.
//
//   C[m,n] = store( sum over blocks b of K, ascending )
//
// Formats of 32 elements a block (Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4), activations in
// blocks of 32 (quantized_rows.h):
//   i   = sum of code_w * code_x                                        integer, exact
//   acc = fma(float(i), scale_w * scale_x, acc)
//   acc = fma(minimum_w, scaled_sum_x, acc)                             only Q4_1, Q5_1
// Formats of 256 elements a block (Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS), activations in blocks of
// 256:
//   i   = sum over groups g of group_scale_w[g] * (sum of code_w * code_x in g)   integer, exact
//   m   = sum over groups g of group_minimum_w[g] * (sum of code_x in g)          integer, exact
//   acc = fma(float(i), scale_w * scale_x, acc)                         float() rounds once
//   acc = fma(-float(m), minimum_w * scale_x, acc)                      only Q2_K, Q4_K, Q5_K
// acc starts at +0. No integer sum can leave 32 bits. The reference is quant_gemm_ref.h; results do
// not depend on M, tiles, threads or the instruction set.
// Sources of the formats: quant_blocks.h. The integer form is that of ggml's dot products; the
// order of the float operations is ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "numerics/gemm.h"
#include "numerics/quant/quant_types.h"
#include "numerics/quant/quantized_rows.h"

namespace cambium {

// Whether a weight of this type runs through the integer contract.
bool HasIntegerKernel(GgmlType type);
// Elements of a block of activations that weights of this type are multiplied with: 32 or 256.
size_t ActivationBlockSize(GgmlType type);

// Weights [N, K] in panels of kQuantPanelCols rows of W (columns of C); a panel holds, block after
// block of K, the scales, then the codes in the order in which the kernels use them
// (quant_pack.cc). One linear stream a panel; the bytes of the file and 0 to 6 % more.
inline constexpr size_t kQuantPanelCols = 32;

struct PackedQuant {
  GgmlType type = GgmlType::kF32;
  const uint8_t* data = nullptr;  // PackedQuantBytes(type, N, K) bytes, 64-byte aligned
  size_t N = 0;
  size_t K = 0;
};

size_t PackedQuantBytes(GgmlType type, size_t N, size_t K);

// blocks: N rows of K elements as in a file, K a whole number of blocks. row_order: empty, or N
// rows of the source in the order wanted.
PackedQuant PackQuant(GgmlType type, const uint8_t* blocks, size_t N, size_t K,
                      std::span<const uint32_t> row_order, uint8_t* packed, ThreadPool& pool);

// C[M,N] = X W^T. Block is the one that w.type needs (ActivationBlockSize). c.init is kZero.
// Overwrites C, which may not overlap X or W.
template <typename Block>
void QuantGemm(size_t M, const QuantizedRows<Block>& x, const PackedQuant& w, const GemmOutput& c,
               ThreadPool& pool);

}  // namespace cambium
