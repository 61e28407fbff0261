// SPDX-License-Identifier: Apache-2.0
// A folder for results that a failure does not leave behind empty.
#pragma once

#include <filesystem>
#include <vector>

namespace cambium {

class NewFolder {
 public:
  // Makes the folder and its parents where they are missing. Throws kIo, with the reason, when that
  // or writing in it is not possible.
  explicit NewFolder(const std::filesystem::path& path);
  // Removes those that were made and are still empty.
  ~NewFolder();
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

 private:
  std::vector<std::filesystem::path> made_;  // innermost first
};

}  // namespace cambium
