// SPDX-License-Identifier: Apache-2.0
#include "base/physical_memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include "base/error.h"
#include "base/progress.h"

namespace cambium {
namespace {

constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();

// A limit's file: a number of bytes, or "max", which is no number. Missing: no limit either.
uint64_t LimitIn(const std::filesystem::path& path) {
  std::ifstream file(path);
  uint64_t bytes = 0;
  return file >> bytes && bytes > 0 ? bytes : kNone;
}

// Of a group and all that hold it, up to the mount.
uint64_t LimitOfGroup(const std::filesystem::path& mount, std::filesystem::path group,
                      const char* file) {
  uint64_t limit = LimitIn(mount / file);
  // In a container the group's name is often that outside of it: then its folder is not there.
  for (group = group.relative_path(); !group.empty(); group = group.parent_path()) {
    limit = std::min(limit, LimitIn(mount / group / file));
  }
  return limit;
}

}  // namespace

uint64_t PhysicalMemoryBytes() {
  const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
  return pages > 0 && page_bytes > 0
             ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(page_bytes)
             : 0;
}

uint64_t ControlGroupLimitBytes(const std::filesystem::path& mount,
                                const std::filesystem::path& membership) {
  uint64_t limit = LimitIn(mount / "memory.max");
  std::ifstream groups(membership);
  // "0::/path" of version 2, "4:memory:/path" of version 1.
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controller = line.substr(first + 1, second - first - 1);
    const std::filesystem::path group = line.substr(second + 1);
    if (controller.empty()) {
      limit = std::min(limit, LimitOfGroup(mount, group, "memory.max"));
    } else if (controller == "memory") {
      limit = std::min(limit, LimitOfGroup(mount / "memory", group, "memory.limit_in_bytes"));
    }
  }
  return limit;
}

uint64_t MemoryLimitBytes() {
  uint64_t limit = ControlGroupLimitBytes();
  if (const uint64_t physical = PhysicalMemoryBytes(); physical > 0) {
    limit = std::min(limit, physical);
  }
  rlimit address_space = {};
  if (getrlimit(RLIMIT_AS, &address_space) == 0 && address_space.rlim_cur != RLIM_INFINITY) {
    limit = std::min(limit, static_cast<uint64_t>(address_space.rlim_cur));
  }
  return limit;
}

void RequireMemory(double bytes, std::string_view what, std::string_view advice) {
  const auto limit = static_cast<double>(MemoryLimitBytes());
  if (bytes <= limit) return;
  Fail(ErrorCode::kResourceExhausted, "{} needs {} of memory and {} are available; {}", what,
       FormatBytes(bytes), FormatBytes(limit), advice);
}

}  // namespace cambium
