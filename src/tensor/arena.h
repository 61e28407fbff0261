// SPDX-License-Identifier: Apache-2.0
// One block of memory for the tensors of a pass, handed out first-fit in an order that is the same
// in every step, so that memory is known before step 0 and stays flat: run the pass once on a
// planning arena (no memory behind it; operations see planning() and compute nothing), then reserve
// its peak.
// Thread safety: none; operations allocate on the calling thread.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <map>

#include "numerics/gemm.h"
#include "tensor/tensor.h"

namespace cambium {

class Arena {
 public:
  // A planning arena: addresses are offsets and must not be touched.
  Arena() = default;
  // capacity_bytes: usually peak_bytes() of a planned pass. More than that may be asked for later:
  // a request that does not fit is a CHECK failure, because planning promised otherwise.
  explicit Arena(size_t capacity_bytes);

  bool planning() const { return planning_; }
  size_t peak_bytes() const { return peak_bytes_; }
  size_t used_bytes() const { return used_bytes_; }

  Tensor Allocate(DType dtype, std::initializer_list<size_t> dims);
  void Free(const Tensor& tensor);
  // Frees everything.
  void Reset();

 private:
  bool planning_ = true;
  size_t capacity_bytes_ = 0;
  size_t used_bytes_ = 0;
  size_t peak_bytes_ = 0;
  Scratch memory_;
  char* base_ = nullptr;
  std::map<size_t, size_t> blocks_;  // offset -> size of live blocks, 64-byte multiples
};

}  // namespace cambium
