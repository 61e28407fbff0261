// SPDX-License-Identifier: Apache-2.0
// The files of this repository, for tests that check its structure and its documents.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {

struct SourceFile {
  std::string path;  // from the root of the repository, with '/'
  std::vector<std::string> lines;
};

std::filesystem::path SourceRoot();

// Text files of the project sorted by path: src, tests, bench, fuzz, docs, cmake, .ci, and the
// files of the root. Build outputs and hidden folders are not among them.
const std::vector<SourceFile>& SourceFiles();

std::string_view Trim(std::string_view text);

}  // namespace cambium
