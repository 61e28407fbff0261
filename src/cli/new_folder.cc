// SPDX-License-Identifier: Apache-2.0
#include "cli/new_folder.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/file.h"

namespace cambium {

NewFolder::NewFolder(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::path missing = std::filesystem::absolute(path).lexically_normal();
  if (!missing.has_filename()) missing = missing.parent_path();  // "folder/"
  for (; !std::filesystem::exists(missing, ignored) && missing.has_relative_path();
       missing = missing.parent_path()) {
    made_.push_back(missing);
  }
  MakeDirectories(path);
  if (access(path.c_str(), W_OK | X_OK) != 0) {
    Fail(ErrorCode::kIo, "{}: cannot write into this folder: {}", path.string(),
         std::strerror(errno));
  }
}

NewFolder::~NewFolder() {
  std::error_code ignored;
  for (const std::filesystem::path& folder : made_) std::filesystem::remove(folder, ignored);
}

}  // namespace cambium
