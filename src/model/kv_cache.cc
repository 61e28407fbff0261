// SPDX-License-Identifier: Apache-2.0
#include "model/kv_cache.h"

#include <cstring>

#include "base/check.h"

namespace cambium {

size_t KvCache::SizeBytes(const ModelConfig& config, DType compute, size_t capacity) {
  const size_t per_head = ops::NumSplits(capacity) * (ops::KeySplitSize(config.head_dim) +
                                                      ops::ValueSplitSize(config.head_dim));
  return config.num_layers * config.num_kv_heads * per_head * DTypeBytes(compute);
}

KvCache::KvCache(const ModelConfig& config, DType compute, size_t capacity)
    : capacity_(capacity),
      layer_bytes_(SizeBytes(config, compute, capacity) / config.num_layers),
      head_keys_(ops::NumSplits(capacity) * ops::KeySplitSize(config.head_dim)),
      head_values_(ops::NumSplits(capacity) * ops::ValueSplitSize(config.head_dim)),
      values_offset_bytes_(config.num_kv_heads * head_keys_ * DTypeBytes(compute)) {
  const size_t size = SizeBytes(config, compute, capacity);
  base_ = static_cast<char*>(memory_.Bytes(size));
  std::memset(base_, 0, size);  // never written positions must be finite
}

ops::AttentionSegment KvCache::Segment(size_t layer, size_t row, size_t num_rows) const {
  CHECK(length_ + num_rows <= capacity_);
  char* keys = base_ + layer * layer_bytes_;
  return {.row = row,
          .num_rows = num_rows,
          .past = length_,
          .keys = keys,
          .values = keys + values_offset_bytes_,
          .keys_head_stride = head_keys_,
          .values_head_stride = head_values_};
}

void KvCache::Truncate(size_t length) {
  CHECK(length <= length_);
  length_ = length;
}

}  // namespace cambium
