// SPDX-License-Identifier: Apache-2.0
// Operations without structure: every tensor is seen as a flat array, all of one size. Every
// argument is f32 or bf16 in any combination unless stated; arithmetic is in f32, a bf16 result is
// rounded once. No backward functions: the gradient of a sum is the upstream gradient itself.
// An output may be the very buffer of an input (same dtype); partial overlap is not allowed.
#pragma once

#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace cambium::ops {

// y = a + b. Overwrites y.
void Add(const Tensor& a, const Tensor& b, const Tensor& y, ThreadPool& pool);
// sum += x. Accumulates into sum.
void Accumulate(const Tensor& x, const Tensor& sum, ThreadPool& pool);
// y = x * factor. Overwrites y.
void Scale(const Tensor& x, float factor, const Tensor& y, ThreadPool& pool);
// y = x in the dtype of y: widening is exact, narrowing rounds to nearest even; no arithmetic, so
// denormals and NaN pass through as in ToBFloat16. Overwrites y.
void Cast(const Tensor& x, const Tensor& y, ThreadPool& pool);

// The canonical sum of squares: blocks of kSumSquaresBlock elements, each by rule 4 in f32
// (partial i mod 16: fma(x, x, partial)), block sums added in ascending order in double.
constexpr size_t kSumSquaresBlock = 65536;
double SumSquares(const Tensor& x, ThreadPool& pool);

// Whether any element is infinite or NaN.
bool HasNonFinite(const Tensor& x, ThreadPool& pool);

}  // namespace cambium::ops
