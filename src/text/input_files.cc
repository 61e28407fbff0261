// SPDX-License-Identifier: Apache-2.0
#include "text/input_files.h"

#include <algorithm>
#include <system_error>

#include "base/error.h"
#include "base/file.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void FailList(const fs::path& path, const std::error_code& error) {
  if (error == std::errc::no_such_file_or_directory) FailNotFound(path);
  Fail(ErrorCode::kIo, "{}: cannot list: {}", path.string(), error.message());
}

bool IsExcluded(const fs::path& path, const std::vector<fs::path>& exclude) {
  std::error_code error;
  return std::any_of(exclude.begin(), exclude.end(), [&](const fs::path& other) {
    return fs::equivalent(path, other, error) && !error;
  });
}

class Walk {
 public:
  Walk(const std::vector<fs::path>& exclude, InputFiles& out) : exclude_(exclude), out_(out) {}

  void Folder(const fs::path& root) {
    // An explicit stack: the depth of a tree is the user's, our call stack is not.
    std::vector<std::pair<fs::path, std::string>> folders = {{root, ""}};
    while (!folders.empty()) {
      const auto [folder, prefix] = std::move(folders.back());
      folders.pop_back();
      std::error_code error;
      fs::directory_iterator it(folder, error);
      if (error) FailList(folder, error);
      for (; it != fs::directory_iterator(); it.increment(error)) {
        const std::string name = it->path().filename().string();
        if (name.starts_with('.')) {
          ++out_.num_hidden_skipped;
        } else if (!exclude_.empty() && IsExcluded(it->path(), exclude_)) {
          continue;
        } else if (IsRealFolder(*it)) {
          folders.emplace_back(it->path(), prefix + name + "/");
        } else {
          Entry(*it, prefix + name);
        }
      }
      if (error) FailList(folder, error);
    }
  }

 private:
  static bool IsRealFolder(const fs::directory_entry& entry) {
    std::error_code error;
    return entry.symlink_status(error).type() == fs::file_type::directory;
  }

  void Entry(const fs::directory_entry& entry, std::string name) {
    std::error_code error;
    if (!entry.is_regular_file(error) || error) {
      ++out_.num_special_skipped;
      return;
    }
    const uint64_t size_bytes = entry.file_size(error);
    if (error) FailList(entry.path(), error);
    out_.files.push_back({entry.path(), std::move(name), size_bytes});
  }

  const std::vector<fs::path>& exclude_;
  InputFiles& out_;
};

}  // namespace

InputFiles ListInputFiles(const fs::path& path, const std::vector<fs::path>& exclude) {
  InputFiles inputs;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    if (!error) error = std::make_error_code(std::errc::no_such_file_or_directory);
    FailList(path, error);
  }
  inputs.is_folder = fs::is_directory(status);
  if (inputs.is_folder) {
    Walk(exclude, inputs).Folder(path);
  } else {
    const uint64_t size_bytes = fs::is_regular_file(status) ? fs::file_size(path, error) : 0;
    if (error) FailList(path, error);
    inputs.files.push_back({path, path.filename().string(), size_bytes});
  }
  std::sort(inputs.files.begin(), inputs.files.end(),
            [](const InputFile& a, const InputFile& b) { return a.name < b.name; });
  for (const InputFile& file : inputs.files) inputs.total_bytes += file.size_bytes;
  return inputs;
}

}  // namespace cambium
