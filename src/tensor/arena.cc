// SPDX-License-Identifier: Apache-2.0
#include "tensor/arena.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace cambium {
namespace {

constexpr size_t kAlignment = 64;
// A planning arena hands out non-null addresses that cannot be confused with offset 0.
constexpr size_t kPlanningBase = size_t{1} << 12;

}  // namespace

Arena::Arena(size_t capacity_bytes)
    : planning_(false), capacity_bytes_(RoundUp(capacity_bytes, kAlignment)) {
  base_ = static_cast<char*>(memory_.Bytes(std::max(capacity_bytes_, kAlignment)));
}

Tensor Arena::Allocate(DType dtype, std::initializer_list<size_t> dims) {
  Tensor tensor(nullptr, dtype, dims);
  const size_t size = RoundUp(std::max<size_t>(tensor.size_bytes(), 1), kAlignment);
  size_t offset = 0;
  auto next = blocks_.begin();
  for (; next != blocks_.end(); ++next) {
    if (next->first - offset >= size) break;
    offset = next->first + next->second;
  }
  blocks_.emplace_hint(next, offset, size);
  used_bytes_ += size;
  peak_bytes_ = std::max(peak_bytes_, offset + size);
  CHECK(planning_ || offset + size <= capacity_bytes_);
  tensor.data = planning_ ? reinterpret_cast<void*>(kPlanningBase + offset) : base_ + offset;
  return tensor;
}

void Arena::Free(const Tensor& tensor) {
  const size_t offset = planning_ ? reinterpret_cast<size_t>(tensor.data) - kPlanningBase
                                  : static_cast<size_t>(static_cast<char*>(tensor.data) - base_);
  const auto block = blocks_.find(offset);
  CHECK(block != blocks_.end());
  used_bytes_ -= block->second;
  blocks_.erase(block);
}

void Arena::Reset() {
  blocks_.clear();
  used_bytes_ = 0;
}

}  // namespace cambium
