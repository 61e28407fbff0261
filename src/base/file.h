// SPDX-License-Identifier: Apache-2.0
// Files: read-only memory maps, whole-file reads, and writes that are complete or not there at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace cambium {

// A private, read-only map of a whole file. Throws kNotFound, or kIo, also for what is no regular
// file (a pipe, a device). A file that is truncated by somebody else while mapped would raise
// SIGBUS on access: data that is consumed once is read with ReadFile instead.
class MappedFile {
 public:
  MappedFile() = default;
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const uint8_t> bytes() const { return {data_, size_bytes_}; }
  const std::filesystem::path& path() const { return path_; }

 private:
  const uint8_t* data_ = nullptr;
  size_t size_bytes_ = 0;
  std::filesystem::path path_;
};

// Whole file as bytes, or all that comes out of a pipe. Throws kNotFound, kIo, or kIo when the file
// shrinks while being read.
std::string ReadFile(const std::filesystem::path& path);

// The same for files that come with a model, and may be anything: kIo at once for a pipe or a
// device (which may never end), kResourceExhausted for one of more than max_bytes.
std::string ReadRegularFile(const std::filesystem::path& path, uint64_t max_bytes);

// The one message for a path that leads nowhere. Throws kNotFound.
[[noreturn]] void FailNotFound(const std::filesystem::path& path);

// Whether there is something of this name. No error where it cannot be told: opening it says why.
bool FileExists(const std::filesystem::path& path);

// Writes beside `path`, flushes to disk and renames over it in Commit(). Without Commit() nothing
// of it remains. A full disk throws kIo and leaves the old file as it was.
class AtomicFileWriter {
 public:
  explicit AtomicFileWriter(const std::filesystem::path& path);
  ~AtomicFileWriter();
  AtomicFileWriter(const AtomicFileWriter&) = delete;
  AtomicFileWriter& operator=(const AtomicFileWriter&) = delete;

  void Write(const void* data, size_t size_bytes);
  void Write(std::string_view text) { Write(text.data(), text.size()); }
  uint64_t offset_bytes() const { return offset_bytes_; }
  void Commit();

 private:
  void Flush();
  std::filesystem::path path_;
  std::filesystem::path temporary_path_;
  int fd_ = -1;
  uint64_t offset_bytes_ = 0;
  std::string buffer_;
};

void WriteFileAtomically(const std::filesystem::path& path, std::string_view content);

// Makes `path` and its parents; throws kIo with the reason.
void MakeDirectories(const std::filesystem::path& path);

}  // namespace cambium
