// SPDX-License-Identifier: Apache-2.0
#include "ledger/environment.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "base/error.h"
#include "build_version.h"

namespace cambium {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

std::filesystem::path AbsoluteFolder(const char* variable) {
  const char* value = std::getenv(variable);
  // The XDG specification asks to ignore relative paths.
  return value != nullptr && value[0] == '/' ? std::filesystem::path(value)
                                             : std::filesystem::path();
}

}  // namespace

std::string CambiumVersion() { return CAMBIUM_VERSION; }

std::string BinaryVersion() { return CAMBIUM_VERSION " (" CAMBIUM_COMMIT ")"; }

std::string CompilerName() {
#if defined(__clang__)
  return fmt::format("Clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("GCC {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

std::string CpuModel() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    if (!line.starts_with("model name")) continue;
    const size_t start = line.find_first_not_of(" \t:", sizeof("model name") - 1);
    if (start != std::string::npos) return line.substr(start);
  }
  utsname names = {};
  return uname(&names) == 0 ? names.machine : "unknown";
}

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "unknown";
}

double ProcessCpuSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

std::string UtcTime(int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm t = {};
  gmtime_r(&seconds, &t);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", t.tm_year + 1900, t.tm_mon + 1,
                     t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

int64_t UnixTimeMs() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::filesystem::path DefaultLedgerPath() {
  std::filesystem::path data = AbsoluteFolder("XDG_DATA_HOME");
  if (data.empty()) {
    const std::filesystem::path home = AbsoluteFolder("HOME");
    if (home.empty()) {
      Fail(ErrorCode::kInvalidArgument,
           "neither XDG_DATA_HOME nor HOME names a folder for the run ledger; say --ledger FILE");
    }
    data = home / ".local" / "share";
  }
  return data / "cambium" / "runs.sqlite";
}

}  // namespace cambium
