// SPDX-License-Identifier: Apache-2.0
// What a run record says about its data: the SHA-256 of a file, or of all files of a folder.
//
// A file's hash is what `sha256sum FILE` prints. A folder's is the SHA-256 of the lines
// "<hash>  ./<path within the folder>\n" of its files, sorted by the bytes of their paths:
//   cd DIR && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
// Links are not followed inside a folder and do not count; empty folders do not count.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace cambium {

struct FileHash {
  std::string sha256;  // hex
  uint64_t num_files = 0;
  uint64_t size_bytes = 0;
};

// Shows progress unless quiet. Throws kNotFound, kIo, and kCancelled on Ctrl-C.
FileHash HashFileOrFolder(const std::filesystem::path& path, bool quiet = true);

}  // namespace cambium
