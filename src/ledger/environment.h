// SPDX-License-Identifier: Apache-2.0
// What a run record says about the program and the machine it ran on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace cambium {

std::string CambiumVersion();  // "0.1.0"
std::string BinaryVersion();   // "0.1.0 (1a2b3c4d5e6f)", with "-dirty" after uncommitted changes
std::string CompilerName();    // "GCC 12.2.0"
std::string CpuModel();        // "AMD EPYC 9654 96-Core Processor", or the architecture
std::string HostName();
// User and system time of this process, all threads.
double ProcessCpuSeconds();
// 2026-01-31T12:00:00Z
std::string UtcTime(int64_t unix_ms);
int64_t UnixTimeMs();

// $XDG_DATA_HOME/cambium/runs.sqlite, or ~/.local/share/cambium/runs.sqlite. Throws
// kInvalidArgument when neither variable names an absolute folder.
std::filesystem::path DefaultLedgerPath();

}  // namespace cambium
