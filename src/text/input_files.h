// SPDX-License-Identifier: Apache-2.0
// Which files a FILE or FOLDER argument stands for, in an order that depends on their names alone:
// sorted by relative path as bytes ('/' between parts), not by what the file system returns.
//
// In a folder: sub-folders are walked; names that begin with '.' are skipped (.git, editor files);
// links to files are read, links to folders are not followed (so no loop is possible); pipes,
// sockets, devices and dangling links are skipped. All of these are counted. Pure but for the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cambium {

struct InputFile {
  std::filesystem::path path;
  std::string name;  // relative to the folder; the file's own name for a single file
  uint64_t size_bytes = 0;
};

struct InputFiles {
  std::vector<InputFile> files;
  bool is_folder = false;
  uint64_t num_hidden_skipped = 0;   // files and folders; what is inside is not looked at
  uint64_t num_special_skipped = 0;  // links to folders, dangling links, pipes, sockets, devices
  uint64_t total_bytes = 0;          // on disk, compressed where files are
};

// exclude: files and folders to leave out (an output folder inside the input folder, say).
// Throws kNotFound or kIo.
InputFiles ListInputFiles(const std::filesystem::path& path,
                          const std::vector<std::filesystem::path>& exclude = {});

}  // namespace cambium
