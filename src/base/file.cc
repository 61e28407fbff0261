// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace cambium {
namespace {

constexpr size_t kWriteBufferBytes = size_t{1} << 20;

[[noreturn]] void FailErrno(const std::filesystem::path& path, const char* action) {
  const int error = errno;
  if (error == ENOENT) FailNotFound(path);
  Fail(ErrorCode::kIo, "{}: cannot {}: {}", path.string(), action, std::strerror(error));
}

enum class Accept { kRegular, kAnyFile };

class FileDescriptor {
 public:
  // Without O_NONBLOCK, opening a pipe waits for somebody to write into it.
  FileDescriptor(const std::filesystem::path& path, Accept accept)
      : fd_(open(path.c_str(),
                 O_RDONLY | O_CLOEXEC | (accept == Accept::kRegular ? O_NONBLOCK : 0))) {
    if (fd_ < 0) FailErrno(path, "open for reading");
    struct stat info;
    const bool known = fstat(fd_, &info) == 0;
    regular_ = known && S_ISREG(info.st_mode);
    const bool folder = known && S_ISDIR(info.st_mode);
    if (!known || folder || (accept == Accept::kRegular && !regular_)) {
      close(fd_);
      Fail(ErrorCode::kIo, "{}: {}", path.string(),
           !known   ? "cannot stat"
           : folder ? "is a folder, a file was expected"
                    : "is a pipe or a device, a regular file was expected");
    }
    size_bytes_ = regular_ ? static_cast<size_t>(info.st_size) : 0;
  }
  ~FileDescriptor() { close(fd_); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int fd() const { return fd_; }
  size_t size_bytes() const { return size_bytes_; }
  bool regular() const { return regular_; }

 private:
  int fd_;
  size_t size_bytes_ = 0;
  bool regular_ = false;
};

void SyncParent(const std::filesystem::path& path) {
  const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
  const int fd = open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;  // The rename itself has succeeded; its durability is best effort.
  (void)fsync(fd);
  close(fd);
}

}  // namespace

void FailNotFound(const std::filesystem::path& path) {
  Fail(ErrorCode::kNotFound, "{}: no such file or folder", path.string());
}

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  const FileDescriptor file(path, Accept::kRegular);
  size_bytes_ = file.size_bytes();
  if (size_bytes_ == 0) return;
  void* map = mmap(nullptr, size_bytes_, PROT_READ, MAP_PRIVATE, file.fd(), 0);
  if (map == MAP_FAILED) FailErrno(path, "map into memory");
  data_ = static_cast<const uint8_t*>(map);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<uint8_t*>(data_), size_bytes_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_bytes_(std::exchange(other.size_bytes_, 0)),
      path_(std::move(other.path_)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_bytes_, other.size_bytes_);
  std::swap(path_, other.path_);
  return *this;
}

namespace {

std::string ReadAll(const FileDescriptor& file, const std::filesystem::path& path) {
  std::string content;
  content.resize(file.size_bytes());
  size_t done = 0;
  for (;;) {
    if (done == content.size()) {
      if (file.regular()) break;
      content.resize(content.size() + kWriteBufferBytes);  // a pipe has no size
    }
    const ssize_t n = read(file.fd(), content.data() + done, content.size() - done);
    if (n < 0) {
      if (errno == EINTR) continue;
      FailErrno(path, "read");
    }
    if (n == 0) {
      if (!file.regular()) break;
      Fail(ErrorCode::kIo, "{}: shrank while being read ({} of {} bytes left); nothing was used",
           path.string(), done, content.size());
    }
    done += static_cast<size_t>(n);
  }
  content.resize(done);
  return content;
}

}  // namespace

std::string ReadFile(const std::filesystem::path& path) {
  return ReadAll(FileDescriptor(path, Accept::kAnyFile), path);
}

std::string ReadRegularFile(const std::filesystem::path& path, uint64_t max_bytes) {
  const FileDescriptor file(path, Accept::kRegular);
  if (file.size_bytes() > max_bytes) {
    Fail(ErrorCode::kResourceExhausted, "{}: {} bytes long; at most {} are read", path.string(),
         file.size_bytes(), max_bytes);
  }
  return ReadAll(file, path);
}

bool FileExists(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

AtomicFileWriter::AtomicFileWriter(const std::filesystem::path& path) : path_(path) {
  temporary_path_ = path;
  temporary_path_ += fmt::format(".{}.tmp", getpid());
  fd_ = open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) {
    const int error = errno;
    // The target is what the user knows, not the file beside it.
    std::error_code ignored;
    if (error == ENOENT && path.has_parent_path() &&
        !std::filesystem::exists(path.parent_path(), ignored)) {
      Fail(ErrorCode::kNotFound, "{}: cannot create: the folder {} does not exist", path.string(),
           path.parent_path().string());
    }
    Fail(ErrorCode::kIo, "{}: cannot create: {}", path.string(), std::strerror(error));
  }
  buffer_.reserve(kWriteBufferBytes);
}

AtomicFileWriter::~AtomicFileWriter() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(temporary_path_.c_str());
}

void AtomicFileWriter::Flush() {
  size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t n = write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (n < 0) {
      if (errno == EINTR) continue;
      FailErrno(path_, "write (the old content, if any, is untouched)");
    }
    done += static_cast<size_t>(n);
  }
  buffer_.clear();
}

void AtomicFileWriter::Write(const void* data, size_t size_bytes) {
  const char* bytes = static_cast<const char*>(data);
  offset_bytes_ += size_bytes;
  while (size_bytes > 0) {
    const size_t n = std::min(size_bytes, kWriteBufferBytes - buffer_.size());
    buffer_.append(bytes, n);
    bytes += n;
    size_bytes -= n;
    if (buffer_.size() == kWriteBufferBytes) Flush();
  }
}

void AtomicFileWriter::Commit() {
  Flush();
  if (fsync(fd_) != 0) FailErrno(path_, "flush to disk");
  if (close(std::exchange(fd_, -1)) != 0) FailErrno(path_, "close");
  if (rename(temporary_path_.c_str(), path_.c_str()) != 0) {
    unlink(temporary_path_.c_str());
    FailErrno(path_, "rename into place");
  }
  SyncParent(path_);
}

void WriteFileAtomically(const std::filesystem::path& path, std::string_view content) {
  AtomicFileWriter writer(path);
  writer.Write(content);
  writer.Commit();
}

void MakeDirectories(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) Fail(ErrorCode::kIo, "{}: cannot make the folder: {}", path.string(), error.message());
}

}  // namespace cambium
