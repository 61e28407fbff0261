// SPDX-License-Identifier: Apache-2.0
// The structure of the source is what docs/architecture.md says: which folder may include which,
// how long a file may be, and what is not to be found in any file.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "tests/source_tree.h"

namespace cambium {
namespace {

constexpr size_t kMaxLines = 800;
constexpr std::string_view kArchitecture = "docs/architecture.md";

// folder -> folders that it may include. "all" is every folder.
using FolderTable = std::map<std::string, std::set<std::string>>;

bool IsCpp(const SourceFile& file) {
  return file.path.ends_with(".h") || file.path.ends_with(".cc");
}

// Rows of the table that starts with "| folder |": | `base/` | what lives there | a, b |
FolderTable ReadFolderTable(const SourceFile& document) {
  FolderTable table;
  bool inside = false;
  for (const std::string& line : document.lines) {
    if (line.starts_with("| folder |")) {
      inside = true;
      continue;
    }
    if (!inside || line.starts_with("|-")) continue;
    if (!line.starts_with("|")) break;
    std::vector<std::string> cells;
    std::istringstream stream(line.substr(1));
    for (std::string cell; std::getline(stream, cell, '|');) cells.emplace_back(Trim(cell));
    if (cells.size() < 3) {
      ADD_FAILURE() << kArchitecture << ": a row needs three cells: " << line;
      continue;
    }
    std::string folder = cells[0];
    if (folder.ends_with('/')) folder.pop_back();
    std::istringstream allowed(cells[2]);
    for (std::string name; std::getline(allowed, name, ',');) {
      table[folder].insert(std::string(Trim(name)));
    }
  }
  return table;
}

const SourceFile& Architecture() {
  for (const SourceFile& file : SourceFiles()) {
    if (file.path == kArchitecture) return file;
  }
  throw std::runtime_error("docs/architecture.md is missing");
}

// "src/base/error.h" -> "base"; empty outside of a folder of src.
std::string FolderOf(const std::string& path) {
  const size_t end = path.find('/', 4);
  return path.starts_with("src/") && end != std::string::npos ? path.substr(4, end - 4) : "";
}

// The text between the quotes of an #include "...", or nothing.
std::string QuotedInclude(const std::string& line) {
  constexpr std::string_view kPrefix = "#include \"";
  if (!line.starts_with(kPrefix)) return "";
  return line.substr(kPrefix.size(), line.rfind('"') - kPrefix.size());
}

// Reports of includes that the table does not allow, as "file:line: why".
std::vector<std::string> IncludeErrors(const SourceFile& file, const FolderTable& table) {
  std::vector<std::string> errors;
  const std::string folder = FolderOf(file.path);
  const auto row = table.find(folder);
  for (size_t i = 0; i < file.lines.size(); ++i) {
    const std::string include = QuotedInclude(file.lines[i]);
    if (include.empty()) continue;
    const size_t slash = include.find('/');
    // Written by the build: it is no file of the source and has no folder.
    if (slash == std::string::npos && include == "build_version.h") continue;
    const std::string target = include.substr(0, slash == std::string::npos ? 0 : slash);
    const std::string where = file.path + ":" + std::to_string(i + 1) + ": includes " + include;
    if (row == table.end()) {
      errors.push_back(where + "; the folder has no row in docs/architecture.md");
    } else if (target == "" || target == "..") {
      errors.push_back(where + "; includes are written from src/");
    } else if (target != folder && target != "base" && !row->second.contains(target) &&
               !row->second.contains("all")) {
      errors.push_back(where + "; docs/architecture.md does not let " + folder + " include " +
                       target);
    }
  }
  return errors;
}

TEST(StructureTest, FoldersIncludeOnlyWhatTheTableAllows) {
  const FolderTable table = ReadFolderTable(Architecture());
  ASSERT_GE(table.size(), 4u) << "the folder table was not found";
  size_t checked = 0;
  for (const SourceFile& file : SourceFiles()) {
    if (FolderOf(file.path).empty() || !IsCpp(file)) continue;
    ++checked;
    for (const std::string& error : IncludeErrors(file, table)) ADD_FAILURE() << error;
  }
  EXPECT_GT(checked, 20u);
}

TEST(StructureTest, TheIncludeCheckFindsWhatIsNotAllowed) {
  const FolderTable table = {{"base", {"std"}}, {"train", {"model"}}, {"cli", {"all"}}};
  const auto errors = [&](const std::string& path, const std::string& include) {
    return IncludeErrors({.path = path, .lines = {"#include \"" + include + "\""}}, table).size();
  };
  EXPECT_EQ(errors("src/train/a.cc", "train/b.h"), 0u);
  EXPECT_EQ(errors("src/train/a.cc", "model/b.h"), 0u);
  EXPECT_EQ(errors("src/train/deep/a.cc", "base/b.h"), 0u);
  EXPECT_EQ(errors("src/cli/a.cc", "infer/b.h"), 0u);
  EXPECT_EQ(errors("src/train/a.cc", "infer/b.h"), 1u);
  EXPECT_EQ(errors("src/base/a.cc", "train/b.h"), 1u);
  EXPECT_EQ(errors("src/train/a.cc", "b.h"), 1u);
  EXPECT_EQ(errors("src/train/a.cc", "../model/b.h"), 1u);
  EXPECT_EQ(errors("src/unlisted/a.cc", "base/b.h"), 1u);
}

TEST(StructureTest, TrainingAndInferenceNeverMeet) {
  const FolderTable table = ReadFolderTable(Architecture());
  const auto may_include = [&](const char* from, const char* to) {
    const auto row = table.find(from);
    return row != table.end() && (row->second.contains(to) || row->second.contains("all"));
  };
  EXPECT_FALSE(may_include("train", "infer"));
  EXPECT_FALSE(may_include("infer", "train"));
}

TEST(StructureTest, TheTableHasNoCycles) {
  const FolderTable table = ReadFolderTable(Architecture());
  // Folders whose includes are all done are taken away until none is left, or none can be.
  std::set<std::string> left;
  for (const auto& [folder, allowed] : table) left.insert(folder);
  for (bool progress = true; progress && !left.empty();) {
    progress = false;
    for (const auto& [folder, allowed] : table) {
      if (!left.contains(folder)) continue;
      const bool waits = std::any_of(left.begin(), left.end(), [&](const std::string& other) {
        return other != folder && allowed.contains(other);
      });
      const bool last = allowed.contains("all") && left.size() > 1;
      if (waits || last) continue;
      left.erase(folder);
      progress = true;
    }
  }
  EXPECT_TRUE(left.empty()) << "in a cycle: " << *left.begin();
}

TEST(StructureTest, EveryFolderOfTheSourceHasARow) {
  const FolderTable table = ReadFolderTable(Architecture());
  for (const auto& entry : std::filesystem::directory_iterator(SourceRoot() / "src")) {
    if (!entry.is_directory()) continue;
    const std::string folder = entry.path().filename().string();
    EXPECT_TRUE(table.contains(folder)) << "src/" << folder << " has no row in " << kArchitecture;
  }
}

TEST(StructureTest, FilesAreShortEnoughToRead) {
  // Files that may be longer, each with its reason. None so far.
  const std::map<std::string, std::string> exceptions = {};
  for (const SourceFile& file : SourceFiles()) {
    if (!IsCpp(file) || exceptions.contains(file.path)) continue;
    EXPECT_LE(file.lines.size(), kMaxLines) << file.path << ": split it by thing";
  }
}

TEST(StructureTest, FilesBeginAsTheyShould) {
  for (const SourceFile& file : SourceFiles()) {
    if (!IsCpp(file)) continue;
    ASSERT_FALSE(file.lines.empty()) << file.path;
    EXPECT_EQ(file.lines[0], "// SPDX-License-Identifier: Apache-2.0") << file.path;
    if (!file.path.ends_with(".h")) continue;
    ASSERT_GE(file.lines.size(), 3u) << file.path;
    EXPECT_TRUE(file.lines[1].starts_with("// "))
        << file.path << ": a header opens with a paragraph on what it owns";
    // Bodies that are compiled once per instruction set are included several times.
    if (file.path.ends_with("-inl.h")) continue;
    EXPECT_NE(std::find(file.lines.begin(), file.lines.end(), "#pragma once"), file.lines.end())
        << file.path;
  }
}

// `numerics/gemm.h` in a document is src/numerics/gemm.h; `tests/x.cc` is written from the root.
TEST(StructureTest, DocumentsNameFilesThatExist) {
  size_t count = 0;
  for (const SourceFile& file : SourceFiles()) {
    if (!file.path.ends_with(".md")) continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      std::istringstream parts(file.lines[i]);
      bool quoted = false;
      for (std::string part; std::getline(parts, part, '`'); quoted = !quoted) {
        const bool is_file = part.ends_with(".h") || part.ends_with(".cc") ||
                             part.ends_with(".cmake") || part.ends_with(".sh");
        // NAME stands for any name, x_test.cc alone is an example.
        if (!quoted || !is_file || part.find('/') == std::string::npos ||
            part.find_first_of(" *<") != std::string::npos ||
            part.find("NAME") != std::string::npos) {
          continue;
        }
        ++count;
        EXPECT_TRUE(std::filesystem::exists(SourceRoot() / "src" / part) ||
                    std::filesystem::exists(SourceRoot() / part))
            << file.path << ":" << i + 1 << ": there is no " << part;
      }
    }
  }
  EXPECT_GT(count, 10u);
}

// Words are written in two halves here, so that this file does not contain them.
TEST(StructureTest, NoFileContainsWhatDoesNotBelongThere) {
  struct Banned {
    std::string word;
    const char* why;
    bool source_only;
  };
  const std::vector<Banned> banned = {
      {"/wo"
       "rk/",
       "a path of one machine", false},
      {"/ro"
       "ot/",
       "a path of one machine", false},
      {".lib"
       "rary/",
       "a tool of one workplace", false},
      {"TO"
       "DO",
       "unfinished work", true},
      {"FIX"
       "ME",
       "unfinished work", true},
      {"#if "
       "0",
       "code that is never compiled", true},
      {"-march"
       "=native",
       "one binary serves all machines", false},
      {"-ffast"
       "-math",
       "the compiler may reorder sums", true},
      {"<ran"
       "dom>",
       "random numbers come from base/philox.h", true},
  };
  for (const SourceFile& file : SourceFiles()) {
    for (size_t i = 0; i < file.lines.size(); ++i) {
      for (const Banned& ban : banned) {
        if (ban.source_only && !IsCpp(file)) continue;
        EXPECT_EQ(file.lines[i].find(ban.word), std::string::npos)
            << file.path << ":" << i + 1 << ": contains '" << ban.word << "': " << ban.why;
      }
    }
  }
}

}  // namespace
}  // namespace cambium
