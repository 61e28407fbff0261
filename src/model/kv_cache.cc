// SPDX-License-Identifier: Apache-2.0
#include "model/kv_cache.h"

#include <cstring>

#include "base/check.h"

namespace cambium {

size_t KvCache::SizeBytes(const ModelConfig& config, DType compute, ops::KvType type,
                          size_t capacity) {
  ops::RequireKvType(type, config.head_dim);
  const ops::KvLayout layout = {type, compute, config.head_dim};
  const size_t per_head =
      ops::NumSplits(capacity) * (layout.KeySplitBytes() + layout.ValueSplitBytes());
  return config.num_layers * config.num_kv_heads * per_head;
}

KvCache::KvCache(const ModelConfig& config, DType compute, ops::KvType type, size_t capacity)
    : capacity_(capacity),
      layer_bytes_(SizeBytes(config, compute, type, capacity) / config.num_layers) {
  const ops::KvLayout layout = {type, compute, config.head_dim};
  head_key_bytes_ = ops::NumSplits(capacity) * layout.KeySplitBytes();
  head_value_bytes_ = ops::NumSplits(capacity) * layout.ValueSplitBytes();
  values_offset_bytes_ = config.num_kv_heads * head_key_bytes_;
  const size_t size = layer_bytes_ * config.num_layers;
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
          .keys_head_stride_bytes = head_key_bytes_,
          .values_head_stride_bytes = head_value_bytes_};
}

void KvCache::Truncate(size_t length) {
  CHECK(length <= length_);
  length_ = length;
}

}  // namespace cambium
