// SPDX-License-Identifier: Apache-2.0
// Matrix products in the contract's order (numerics rule 2). Owns packing, blocking and threading;
// knows nothing of tensors, layers or gradients: forward and backward are the same product over
// differently packed operands.
//
//   C[m,n] = store( init + sum over k in pairs, odd element first, of A[m,k] * B[n,k] )
//   acc = init; for p = 0 .. ceil(K/2)-1: acc = fma(A[m,2p+1], B[n,2p+1], acc);
//                                         acc = fma(A[m,2p],   B[n,2p],   acc)
//   with A[m,K] = B[n,K] = +0 when K is odd.
//
// One accumulator per output, never split: a result does not depend on M, on the tile it was
// computed in, on threads or on the instruction set. On AVX-512 BF16 a pair is one VDPBF16PS, which
// computes exactly these two fused multiply-adds with denormals flushed.
//
// Elements are float or BFloat16 (both operands alike), or B is Float16 and A float: the products
// are those of the widened values. Accumulation is always float.
// Products over a long K may be cut into calls (init kLoad): the chain goes on through memory in
// f32, so the bits stay. Such cuts are at even k.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/thread_pool.h"
#include "numerics/bfloat16.h"
#include "numerics/float16.h"

namespace cambium {

// The layout of a B operand: panels of up to kPanelCols columns n; a panel of width w (a multiple
// of kLaneCols, the last panel may be narrower) holds, for every pair p, 2*w elements:
//   bf16: w times (B[n,2p], B[n,2p+1])          one 32-bit lane per column
//   f32, f16:  w times B[n,2p], then w times B[n,2p+1]
// Columns beyond N and the odd element beyond K are +0.
inline constexpr size_t kLaneCols = 16;
inline constexpr size_t kPanelCols = 64;
// Rows of A that a tile holds: 6 rows x 4 vectors of 16 leave 8 of 32 AVX-512 registers for
// operands.
inline constexpr size_t kTileRows = 6;

inline size_t RoundUp(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// Elements of a packed B operand of N columns and depth K.
inline size_t PackedSize(size_t N, size_t K) { return RoundUp(N, kLaneCols) * RoundUp(K, 2); }

template <typename T>
struct PackedB {
  const T* data = nullptr;  // PackedSize(N, K) elements, 64-byte aligned
  size_t N = 0;
  size_t K = 0;
};

// The A operand: pair p of row m starts at
//   data + (m / kTileRows) * tile_stride + (m % kTileRows) * row_stride + p * pair_stride  [bytes].
struct OperandA {
  const void* data = nullptr;
  size_t tile_stride_bytes = 0;
  size_t row_stride_bytes = 0;
  size_t pair_stride_bytes = 0;
};

// Rows as they lie in memory: A[m,k] = data[m * row_stride + k].
template <typename T>
OperandA RowMajorA(const T* data, size_t row_stride) {
  return {data, kTileRows * row_stride * sizeof(T), row_stride * sizeof(T), 2 * sizeof(T)};
}

enum class GemmInit {
  kZero,
  kLoad,  // the chain continues from C (float only)
};
enum class GemmStore {
  kF32,       // C = acc
  kBF16,      // C = round to nearest even(acc)
  kResidual,  // C = residual + acc, one rounding; residual may be C
};

struct GemmOutput {
  GemmStore store = GemmStore::kF32;
  GemmInit init = GemmInit::kZero;  // kLoad needs kF32
  void* data = nullptr;             // [M, N], row stride in elements
  size_t row_stride = 0;
  const float* residual = nullptr;  // [M, N] with row_stride
};

// C[M,N] = A * B^T. Overwrites C (or continues it, see GemmInit). C may not overlap A or B.
template <typename T>
void Gemm(size_t M, const OperandA& a, const PackedB<T>& b, const GemmOutput& c, ThreadPool& pool);

// Packing of B. Source elements are float or T; float to bf16 rounds to nearest even.
// PackRows: source [N, K], reduction along its rows (a weight [out, in] in the forward pass).
// PackColumns: source [K, N], reduction down its columns (the same weight in the backward pass, and
// activations in weight gradients).
template <typename S, typename T>
PackedB<T> PackRows(const S* source, size_t N, size_t K, size_t row_stride, T* packed,
                    ThreadPool& pool);
template <typename S, typename T>
PackedB<T> PackColumns(const S* source, size_t K, size_t N, size_t row_stride, T* packed,
                       ThreadPool& pool);

// Packing of B for f16: N rows of K halves, little-endian, at any address. row_order: empty, or N
// rows of the source in the order wanted.
PackedB<Float16> PackHalfRows(const uint8_t* source, size_t N, size_t K,
                              std::span<const uint32_t> row_order, Float16* packed,
                              ThreadPool& pool);

// Packing of a transposed A: source [K, M], A[m,k] = source[k * row_stride + m]; tiles of kTileRows
// rows with their pairs side by side. TransposedSize elements are needed (8 bytes behind each tile
// are scratch of the packing).
size_t TransposedSize(size_t M, size_t K);
template <typename T>
OperandA PackTransposedA(const T* source, size_t K, size_t M, size_t row_stride, T* packed,
                         ThreadPool& pool);

// Serial pieces, for kernels that pack small operands in scratch of their own (attention).
// One panel of `width` columns (a multiple of kLaneCols, at most kPanelCols) from `rows` <= width
// source rows of depth K, or from `cols` <= width source columns of depth K. T as above.
template <typename T>
void PackPanelFromRows(const T* source, size_t rows, size_t K, size_t row_stride, size_t width,
                       T* panel);
template <typename T>
void PackPanelFromColumns(const T* source, size_t K, size_t cols, size_t row_stride, size_t width,
                          T* panel);

// A 64-byte aligned, growing scratch buffer; Get invalidates what an earlier Get returned.
class Scratch {
 public:
  template <typename T>
  T* Get(size_t size) {
    return static_cast<T*>(Bytes(size * sizeof(T)));
  }
  void* Bytes(size_t size_bytes);
  size_t capacity_bytes() const { return capacity_bytes_; }

 private:
  struct Free {
    void operator()(void* memory) const;
  };
  std::unique_ptr<void, Free> memory_;
  size_t capacity_bytes_ = 0;
};

}  // namespace cambium
