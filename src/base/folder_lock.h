// SPDX-License-Identifier: Apache-2.0
// A folder that one process at a time works in.
#pragma once

#include <filesystem>

namespace cambium {

// Holds FOLDER/.lock by flock(2), so the lock is gone with its process, however that ends; the file
// is removed at the end of the scope. On file systems without locks nothing is held.
// Thread safety: a second lock of the same process is refused like any other.
class FolderLock {
 public:
  // The folder exists and can be written. Throws kIo naming it when another process holds it.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

}  // namespace cambium
