// SPDX-License-Identifier: Apache-2.0
#include "model/kv_cache.h"

#include "base/check.h"

namespace cambium {

size_t KvCache::SizeBytes(const ModelConfig& config, DType compute, ops::KvType type,
                          size_t capacity) {
  ops::RequireKvType(type, config.head_dim);
  const ops::KvLayout layout = {type, compute, config.head_dim, ops::KvRoom(capacity)};
  return config.num_layers * config.num_kv_heads * (layout.KeyBytes() + layout.ValueBytes());
}

KvCache::KvCache(const ModelConfig& config, DType compute, ops::KvType type, size_t capacity)
    : capacity_(capacity),
      layer_bytes_(SizeBytes(config, compute, type, capacity) / config.num_layers) {
  const ops::KvLayout layout = {type, compute, config.head_dim, ops::KvRoom(capacity)};
  head_key_bytes_ = layout.KeyBytes();
  head_value_bytes_ = layout.ValueBytes();
  values_offset_bytes_ = config.num_kv_heads * head_key_bytes_;
  // Not written here: pages that no token needs yet are not taken.
  base_ = static_cast<char*>(memory_.Bytes(layer_bytes_ * config.num_layers));
}

ops::AttentionSegment KvCache::Segment(size_t layer, size_t row, size_t num_rows) const {
  CHECK(length_ + num_rows <= capacity_);
  char* keys = base_ + layer * layer_bytes_;
  return {.row = row,
          .num_rows = num_rows,
          .past = length_,
          .keys = keys,
          .values = keys + values_offset_bytes_,
          .keys_head_stride_bytes = head_key_bytes_,
          .values_head_stride_bytes = head_value_bytes_,
          .room = ops::KvRoom(capacity_)};
}

void KvCache::Truncate(size_t length) {
  CHECK(length <= length_);
  length_ = length;
}

}  // namespace cambium
