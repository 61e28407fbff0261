// SPDX-License-Identifier: Apache-2.0
#include "tests/source_tree.h"

#include <algorithm>
#include <fstream>
#include <set>

namespace cambium {
namespace {

namespace fs = std::filesystem;

SourceFile Load(const fs::path& path) {
  SourceFile file{.path = path.lexically_relative(SourceRoot()).generic_string(), .lines = {}};
  std::ifstream stream(path);
  for (std::string line; std::getline(stream, line);) file.lines.push_back(line);
  return file;
}

bool IsText(const fs::path& path) {
  static const std::set<std::string> kExtensions = {"",    ".h",  ".cc",   ".md",  ".cmake",
                                                    ".sh", ".py", ".json", ".txt", ".toml"};
  return kExtensions.contains(path.extension().string());
}

std::vector<SourceFile> LoadAll() {
  std::vector<fs::path> paths;
  for (const char* folder :
       {"src", "tests", "bench", "fuzz", "docs", "cmake", "python", "web", ".ci"}) {
    if (!fs::exists(SourceRoot() / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(SourceRoot() / folder)) {
      if (entry.is_regular_file() && IsText(entry.path())) paths.push_back(entry.path());
    }
  }
  for (const auto& entry : fs::directory_iterator(SourceRoot())) {
    // In a worktree of git, .git is a file that names a folder of this machine.
    if (entry.path().filename() == ".git") continue;
    if (entry.is_regular_file() && IsText(entry.path())) paths.push_back(entry.path());
  }
  std::vector<SourceFile> files;
  for (const fs::path& path : paths) files.push_back(Load(path));
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace

fs::path SourceRoot() { return CAMBIUM_SOURCE_DIR; }

const std::vector<SourceFile>& SourceFiles() {
  static const std::vector<SourceFile> files = LoadAll();
  return files;
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t`");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t`") + 1 - begin);
}

}  // namespace cambium
