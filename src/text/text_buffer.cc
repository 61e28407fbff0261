// SPDX-License-Identifier: Apache-2.0
#include "text/text_buffer.h"

#include <algorithm>

namespace cambium {
namespace {
// Large enough that a read costs little, small against the pieces that readers hold anyway.
constexpr size_t kBlockBytes = size_t{128} << 10;
}  // namespace

void TextBuffer::Fill(size_t want_bytes) {
  while (!at_end_ && data_.size() - begin_ < want_bytes) {
    // Moving the rest down is paid for by the at least as many bytes consumed before it.
    if (begin_ >= data_.size() - begin_) {
      data_.erase(0, begin_);
      begin_ = 0;
    }
    const size_t old_size = data_.size();
    const size_t missing = want_bytes - (old_size - begin_);
    const size_t block = std::max(missing, kBlockBytes);
    data_.resize(old_size + block);
    const size_t n = reader_.Read(data_.data() + old_size, block);
    data_.resize(old_size + n);
    at_end_ = n < block;
  }
}

}  // namespace cambium
