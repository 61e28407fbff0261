// SPDX-License-Identifier: Apache-2.0
// How much memory this process can have at most, and the refusal of work that needs more: found out
// before it is taken, since a system that overcommits ends the process instead of failing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace cambium {

// Bytes of physical memory; 0 when the system does not say.
uint64_t PhysicalMemoryBytes();

// The smallest limit of the control groups that the process is in (version 2: memory.max; version
// 1: memory.limit_in_bytes), in bytes; UINT64_MAX: none. mount: where the groups are mounted;
// membership: what says which groups those are, as in /proc/self/cgroup.
// Format: Documentation/admin-guide/cgroup-v2.rst of Linux.
uint64_t ControlGroupLimitBytes(const std::filesystem::path& mount = "/sys/fs/cgroup",
                                const std::filesystem::path& membership = "/proc/self/cgroup");

// The smallest of physical memory, the limits of the control groups and that of the address space
// (ulimit -v), in bytes; UINT64_MAX when nothing says. Not what is free at the moment: that changes
// while others work, and what the system can evict or swap out is not free but can be had. What was
// refused once is refused again.
uint64_t MemoryLimitBytes();

// Throws kResourceExhausted when `bytes`, of which the process holds `held` already, are more than
// the limits allow: "`what` needs ... of memory, and this machine has ...; `advice`", or which
// limit it is. Of the address space everything else that the process has mapped is gone too.
// Doubles, so that no product of sizes overflows.
void RequireMemory(double bytes, std::string_view what, std::string_view advice, double held = 0);

}  // namespace cambium
