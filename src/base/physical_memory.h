// SPDX-License-Identifier: Apache-2.0
// How much memory this machine has.
#pragma once

#include <unistd.h>

#include <cstdint>

namespace cambium {

// Bytes of physical memory; 0 when the system does not say.
inline uint64_t PhysicalMemoryBytes() {
  const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
  return pages > 0 && page_bytes > 0
             ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(page_bytes)
             : 0;
}

}  // namespace cambium
