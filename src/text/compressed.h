// SPDX-License-Identifier: Apache-2.0
// A file as a stream of bytes, decompressed on the way: plain, gzip (RFC 1952, any number of
// members) or Zstandard (RFC 8878, any number of frames), told apart by their first bytes, not by
// their name. Memory is bounded whatever the file claims (a block of input, zlib's 32 KiB window,
// at most 128 MiB of Zstandard window), so an archive bomb costs time, never memory.
// The size of the file is taken when it is opened: what is appended later is not read, and a file
// that becomes shorter is an error. Thread safety: one thread at a time per reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

namespace cambium {

enum class Compression { kNone, kGzip, kZstd };

class CompressedReader {
 public:
  // Throws kNotFound, kIo (also for a folder, pipe or device), or kCorruptData when the name ends
  // in .gz or .zst but the content is not that.
  explicit CompressedReader(const std::filesystem::path& path);
  ~CompressedReader();
  CompressedReader(const CompressedReader&) = delete;
  CompressedReader& operator=(const CompressedReader&) = delete;

  // Fills `out` as far as the stream goes and returns the bytes written: fewer than capacity_bytes
  // only at the end. Throws kCorruptData (bad or truncated compressed data, with file and offset)
  // or kIo (unreadable, or shorter than when it was opened).
  size_t Read(char* out, size_t capacity_bytes);

  Compression compression() const;
  // Bytes of the file taken so far (compressed, for progress), and its size.
  uint64_t file_offset_bytes() const;
  uint64_t file_size_bytes() const;

 private:
  class Source;
  class Decoder;
  class GzipDecoder;
  class ZstdDecoder;
  std::unique_ptr<Source> source_;
  std::unique_ptr<Decoder> decoder_;  // null: plain
};

}  // namespace cambium
