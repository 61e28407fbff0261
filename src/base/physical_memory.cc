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

uint64_t AddressSpaceLimitBytes() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNone;
  return static_cast<uint64_t>(limit.rlim_cur);
}

// What is mapped now; 0 when the system does not say. Format: proc_pid_statm(5).
uint64_t AddressSpaceBytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t pages = 0;
  const long page_bytes = sysconf(_SC_PAGESIZE);
  return file >> pages && page_bytes > 0 ? pages * static_cast<uint64_t>(page_bytes) : 0;
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
  uint64_t limit = std::min(ControlGroupLimitBytes(), AddressSpaceLimitBytes());
  if (const uint64_t physical = PhysicalMemoryBytes(); physical > 0) {
    limit = std::min(limit, physical);
  }
  return limit;
}

void RequireMemory(double bytes, std::string_view what, std::string_view advice, double held) {
  const auto require = [&](double limit, std::string_view whose) {
    if (bytes <= limit) return;
    Fail(ErrorCode::kResourceExhausted, "{} needs {} of memory, and {} {}; {}", what,
         FormatBytes(bytes), whose, FormatBytes(limit), advice);
  };
  if (const uint64_t physical = PhysicalMemoryBytes(); physical > 0) {
    require(static_cast<double>(physical), "this machine has");
  }
  if (const uint64_t group = ControlGroupLimitBytes(); group != kNone) {
    require(static_cast<double>(group), "its control group allows");
  }
  if (const uint64_t space = AddressSpaceLimitBytes(); space != kNone) {
    const double others = static_cast<double>(AddressSpaceBytes()) - held;
    require(static_cast<double>(space) - std::max(others, 0.0),
            "the limit of the address space (ulimit -v) leaves");
  }
}

}  // namespace cambium
