// SPDX-License-Identifier: Apache-2.0
#include "ledger/file_hash.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/interrupt.h"
#include "base/progress.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

constexpr size_t kChunkBytes = size_t{1} << 20;
// Less than this is done in a second, and no progress is shown.
constexpr uint64_t kProgressBytes = uint64_t{512} << 20;

class Hasher {
 public:
  // size_bytes: of all that will be hashed, for the display.
  Hasher(uint64_t size_bytes, bool quiet)
      : progress_("hashing", size_bytes, "B", quiet || size_bytes < kProgressBytes) {}

  std::string HashFile(const fs::path& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) FailErrno(path, "open for reading");
    try {
      std::string hash = HashDescriptor(fd, path);
      close(fd);
      ++total_.num_files;
      return hash;
    } catch (...) {
      close(fd);
      throw;
    }
  }

  FileHash& total() { return total_; }

 private:
  [[noreturn]] static void FailErrno(const fs::path& path, const char* action) {
    if (errno == ENOENT) FailNotFound(path);
    Fail(ErrorCode::kIo, "{}: cannot {}: {}", path.string(), action, std::strerror(errno));
  }

  std::string HashDescriptor(int fd, const fs::path& path) {
    Sha256 sha256;
    for (;;) {
      const ssize_t n = read(fd, buffer_.data(), buffer_.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) FailErrno(path, "read");
      if (n == 0) return ToHex(sha256.Finish());
      sha256.Update(buffer_.data(), static_cast<size_t>(n));
      total_.size_bytes += static_cast<uint64_t>(n);
      progress_.Update(total_.size_bytes);
      if (Interrupted()) Fail(ErrorCode::kCancelled, "stopped while hashing {}", path.string());
    }
  }

  FileHash total_;
  std::vector<char> buffer_ = std::vector<char>(kChunkBytes);
  Progress progress_;
};

struct FileList {
  std::vector<std::string> paths;  // relative, sorted by bytes
  uint64_t size_bytes = 0;
};

FileList ListFiles(const fs::path& folder) {
  FileList files;
  try {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_symlink() || !entry.is_regular_file()) continue;
      files.paths.push_back(entry.path().lexically_relative(folder).string());
      files.size_bytes += entry.file_size();
    }
  } catch (const fs::filesystem_error& error) {
    Fail(ErrorCode::kIo, "{}: cannot list the folder: {}", folder.string(), error.what());
  }
  std::sort(files.paths.begin(), files.paths.end());
  return files;
}

}  // namespace

FileHash HashFileOrFolder(const fs::path& path, bool quiet) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) FailNotFound(path);
  if (!fs::is_directory(status)) {
    const uint64_t size_bytes = fs::is_regular_file(status) ? fs::file_size(path, error) : 0;
    Hasher hasher(size_bytes, quiet);
    hasher.total().sha256 = hasher.HashFile(path);
    return hasher.total();
  }
  const FileList files = ListFiles(path);
  Hasher hasher(files.size_bytes, quiet);
  Sha256 tree;
  for (const std::string& file : files.paths) {
    tree.Update(hasher.HashFile(path / file) + "  ./" + file + "\n");
  }
  hasher.total().sha256 = ToHex(tree.Finish());
  return hasher.total();
}

}  // namespace cambium
