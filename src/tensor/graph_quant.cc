// SPDX-License-Identifier: Apache-2.0
// Products with quantised weights: inference only.
#include <algorithm>

#include "base/check.h"
#include "tensor/graph.h"

namespace cambium {

template <typename Block>
void Graph::ApplyQuantizedAs(const Tensor& x, size_t id, const PackedQuant& w,
                             const GemmOutput& out) {
  QuantizedRows<Block> rows = {nullptr, x.cols()};
  const size_t size_bytes = x.rows() * rows.blocks_per_row() * sizeof(Block);
  scratch_bytes_bytes_ = std::max(scratch_bytes_bytes_, size_bytes);
  if (planning()) return;
  auto* blocks = reinterpret_cast<Block*>(scratch_bytes_.Get<uint8_t>(size_bytes));
  if (id == kNoValue || bytes_id_ != id || bytes_block_size_ != Block::kSize) {
    if (x.dtype == DType::kF32) {
      QuantizeToBytes(x.f32(), x.rows(), x.cols(), x.cols(), blocks, pool_);
    } else {
      QuantizeToBytes(x.ptr<BFloat16>(), x.rows(), x.cols(), x.cols(), blocks, pool_);
    }
    bytes_id_ = id;
    bytes_block_size_ = Block::kSize;
  }
  rows.data = blocks;
  QuantGemm(x.rows(), rows, w, out, pool_);
}

void Graph::ApplyQuantized(const Tensor& x, size_t id, const PackedQuant& w,
                           const GemmOutput& out) {
  CHECK(!options_.recording);
  if (ActivationBlockSize(w.type) == ByteBlock32::kSize) {
    ApplyQuantizedAs<ByteBlock32>(x, id, w, out);
  } else {
    ApplyQuantizedAs<ByteBlock256>(x, id, w, out);
  }
}

}  // namespace cambium
