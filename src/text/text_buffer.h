// SPDX-License-Identifier: Apache-2.0
// A window over a CompressedReader that grows to what a parser needs to see at once (a line, a
// piece) and drops what it has consumed. Every byte is moved a bounded number of times.
// Thread safety: one thread at a time.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "text/compressed.h"

namespace cambium {

class TextBuffer {
 public:
  explicit TextBuffer(const std::filesystem::path& path) : reader_(path), name_(path.string()) {}

  // What is read and not consumed; valid until the next call of Fill.
  std::string_view view() const { return std::string_view(data_).substr(begin_); }
  // Reads until view() holds at least want_bytes, or all that is left.
  void Fill(size_t want_bytes);
  // Drops the first size_bytes of view().
  void Consume(size_t size_bytes) { begin_ += size_bytes; }
  // True when view() holds all that is left.
  bool at_end() const { return at_end_; }

  const std::string& name() const { return name_; }
  uint64_t file_offset_bytes() const { return reader_.file_offset_bytes(); }

 private:
  CompressedReader reader_;
  std::string name_;
  std::string data_;
  size_t begin_ = 0;
  bool at_end_ = false;
};

}  // namespace cambium
