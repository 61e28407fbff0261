// SPDX-License-Identifier: Apache-2.0
// Where the parameters of a model lie in files. A parameter is a vector or a matrix [out, in] under
// its own name: GGUF's, without the fusions that some families' files have ("blk.0.attn_q.weight";
// experts one by one: "blk.0.ffn_gate.3.weight"). A file may keep it under another name, as rows of
// a larger tensor (fused queries, keys and values; gate and up; experts stacked), transposed
// (GPT-2), interleaved with another (gpt-oss), with 1 subtracted (Gemma's norms), or with its rows
// in another order:
//
// RoPE rotates pairs of rows of Q and K, and files of the GGUF architecture "llama" keep the two
// rows of a pair next to each other (2i, 2i + 1), while Hugging Face and all other architectures
// keep them half a head apart (i, i + D/2). Source of names: gguf-py, tensor_mapping.py; the
// modeling files of transformers 5.23.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/hyper_parameters.h"

namespace cambium {

// Element (r, c) of a parameter is element offset + r * row_stride + c * col_stride of the tensor
// `name`, which has the shape `shape` (outermost first).
struct TensorSlice {
  std::string name;
  std::vector<uint64_t> shape;
  uint64_t rows = 1, cols = 0;  // of the parameter; a vector is one row
  uint64_t offset = 0;
  uint64_t row_stride = 0;
  uint64_t col_stride = 1;
  float add = 0;            // what the parameter is above what the file says
  uint64_t pair_heads = 0;  // heads whose rows the file keeps in pair order
  // Of a tensor of MXFP4 blocks (hf_mxfp4.h) the tensor of their scales; offset and row_stride then
  // count rows. Empty: of numbers.
  std::string scales = {};

  bool is_contiguous() const { return col_stride == 1 && (rows == 1 || row_stride == cols); }
  uint64_t Size() const {
    uint64_t size = 1;
    for (const uint64_t dim : shape) size *= dim;
    return size;
  }
};

// Where a GGUF file has the parameter `name` of shape [rows, cols]. exists: whether the file has a
// tensor of some name, since files of one family differ in what they fuse; null for the form that
// is written.
TensorSlice GgufSlice(const HyperParameters& parameters, std::string_view name, uint64_t rows,
                      uint64_t cols, const std::function<bool(std::string_view)>& exists = {});
// The same for a Hugging Face folder.
TensorSlice HfSlice(const HyperParameters& parameters, std::string_view name, uint64_t rows,
                    uint64_t cols, const std::function<bool(std::string_view)>& exists = {});

// Puts a parameter's values (rows in half order) where they belong in the whole tensor of
// slice.Size() elements.
void ScatterSlice(const TensorSlice& slice, std::span<const float> values, std::span<float> tensor);

// For a slice with pair_heads: which of its rows (pairs) is row n of the parameter (halves).
std::vector<uint32_t> RowsOfPairOrder(const TensorSlice& slice);
// Reorders rows from the pair order of a slice with pair_heads to halves, and back. in and out do
// not overlap.
void RopePairsToHalves(const TensorSlice& slice, std::span<const float> in, std::span<float> out);
void RopeHalvesToPairs(const TensorSlice& slice, std::span<const float> in, std::span<float> out);

}  // namespace cambium
