// SPDX-License-Identifier: Apache-2.0
#include "base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace cambium {
namespace {

// The holder's process number, from the file; for messages only.
std::string ReadHolder(int fd) {
  char text[32] = {};
  const ssize_t size = pread(fd, text, sizeof(text) - 1, 0);
  return size > 0 ? fmt::format(", number {},", text) : "";
}

// Whether the open file is still the one at that path: its holder may have removed it meanwhile.
bool IsAt(int fd, const std::filesystem::path& path) {
  struct stat open_file = {}, at_path = {};
  return fstat(fd, &open_file) == 0 && stat(path.c_str(), &at_path) == 0 &&
         open_file.st_dev == at_path.st_dev && open_file.st_ino == at_path.st_ino;
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder) : path_(folder / ".lock") {
  for (;;) {
    fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) {
      Fail(ErrorCode::kIo, "{}: cannot open: {}", path_.string(), std::strerror(errno));
    }
    if (flock(fd_, LOCK_EX | LOCK_NB) == 0) {
      if (IsAt(fd_, path_)) break;
      close(fd_);
      continue;
    }
    if (errno != EWOULDBLOCK) return;
    const std::string holder = ReadHolder(fd_);
    close(fd_);
    Fail(ErrorCode::kIo,
         "{}: another process{} is working in this folder; wait for its end, or give another --out",
         folder.string(), holder);
  }
  const std::string number = fmt::format("{}", getpid());
  if (ftruncate(fd_, 0) != 0 || pwrite(fd_, number.data(), number.size(), 0) < 0) {
    // A full disk: others are kept out without the number.
  }
}

FolderLock::~FolderLock() {
  // In this order: whoever opens the file from now on finds none, or a new one.
  unlink(path_.c_str());
  close(fd_);
}

}  // namespace cambium
