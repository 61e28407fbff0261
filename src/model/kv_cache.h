// SPDX-License-Identifier: Apache-2.0
// Keys and values of one sequence, all layers, in the blocks of tensor/ops/kv_blocks.h. Owns its
// memory; used by one pass at a time.
#pragma once

#include <cstddef>

#include "model/model_config.h"
#include "numerics/gemm.h"
#include "tensor/ops/attention.h"

namespace cambium {

class KvCache {
 public:
  // Room for `capacity` positions of a model that computes in `compute`, held in `type`. Throws
  // kUnsupported where the model's heads cannot be (ops::RequireKvType).
  KvCache(const ModelConfig& config, DType compute, ops::KvType type, size_t capacity);

  size_t length() const { return length_; }
  size_t capacity() const { return capacity_; }
  // Memory for `capacity` positions, rounded up to 16.
  static size_t SizeBytes(const ModelConfig& config, DType compute, ops::KvType type,
                          size_t capacity);

  // The segment of this sequence in layer `layer`, for num_rows new tokens at row `row` of a batch.
  ops::AttentionSegment Segment(size_t layer, size_t row, size_t num_rows) const;
  // After a pass has written them.
  void Advance(size_t num_rows) { length_ += num_rows; }
  // Forgets positions from `length` on.
  void Truncate(size_t length);

 private:
  size_t capacity_;
  size_t length_ = 0;
  size_t layer_bytes_, head_key_bytes_, head_value_bytes_, values_offset_bytes_;
  Scratch memory_;
  char* base_ = nullptr;
};

}  // namespace cambium
