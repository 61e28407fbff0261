// SPDX-License-Identifier: Apache-2.0
// A cursor over untrusted little-endian bytes. Every read is bounds-checked; the first failure is
// remembered with its offset and makes all later reads return zero, so that a parser checks once,
// with ThrowIfFailed, and no count read after a failure is ever used.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace cambium {

static_assert(std::endian::native == std::endian::little, "file formats are read in place");

class ByteReader {
 public:
  // name: the file's, for messages.
  ByteReader(std::span<const uint8_t> bytes, std::string name)
      : bytes_(bytes), name_(std::move(name)) {}

  template <typename T>
  T Read(const char* what) {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    if (!Require(sizeof(T), what)) return T{};
    std::memcpy(&value, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return value;
  }

  // A view into the file; empty after a failure.
  std::span<const uint8_t> ReadBytes(uint64_t size_bytes, const char* what) {
    if (!Require(size_bytes, what)) return {};
    const auto view = bytes_.subspan(offset_, size_bytes);
    offset_ += size_bytes;
    return view;
  }

  // A count of things of which each takes at least min_bytes_each in the file: a count that cannot
  // fit in what is left is a failure, so it may be used to reserve memory.
  uint64_t ReadCount64(uint64_t min_bytes_each, const char* what) {
    const uint64_t count = Read<uint64_t>(what);
    if (!failed() && count > left_bytes() / min_bytes_each) {
      offset_ -= sizeof(uint64_t);
      SetFailed(fmt::format("{} = {} does not fit in the {} bytes left", what, count,
                            left_bytes() - sizeof(uint64_t)));
      return 0;
    }
    return count;
  }

  // u64 length, then bytes (GGUF string).
  std::string_view ReadString64(const char* what) {
    const uint64_t size_bytes = ReadCount64(1, what);
    const auto view = ReadBytes(size_bytes, what);
    return {reinterpret_cast<const char*>(view.data()), view.size()};
  }

  void Skip(uint64_t size_bytes, const char* what) { (void)ReadBytes(size_bytes, what); }

  uint64_t offset() const { return offset_; }
  uint64_t left_bytes() const { return bytes_.size() - offset_; }
  bool failed() const { return !failure_.empty(); }

  void SetFailed(std::string reason) {
    if (!failed()) failure_ = fmt::format("{}: offset {}: {}", name_, offset_, reason);
  }

  // Throws kCorruptData with file, offset, expected and found.
  void ThrowIfFailed() const {
    if (failed()) throw Error(ErrorCode::kCorruptData, failure_);
  }

 private:
  bool Require(uint64_t size_bytes, const char* what) {
    if (failed()) return false;
    if (size_bytes > left_bytes()) {
      SetFailed(fmt::format("{} needs {} bytes, {} are left (truncated file?)", what, size_bytes,
                            left_bytes()));
      return false;
    }
    return true;
  }

  std::span<const uint8_t> bytes_;
  std::string name_;
  uint64_t offset_ = 0;
  std::string failure_;
};

}  // namespace cambium
