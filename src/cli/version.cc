// SPDX-License-Identifier: Apache-2.0
#include "cli/version.h"

#include <vector>

#include "base/json.h"
#include "cli/output.h"
#include "ledger/environment.h"
#include "numerics/numerics_version.h"
#include "numerics/simd_target.h"

namespace cambium {
namespace {

#if defined(__x86_64__)
constexpr const char* kArchitecture = "x86-64-v3";
#else
constexpr const char* kArchitecture = "aarch64";
#endif

}  // namespace

void PrintVersion(bool json) {
  std::vector<std::string> available;
  std::string names;
  for (const SimdTarget target : AvailableSimdTargets(Arithmetic::kAny)) {
    available.emplace_back(SimdTargetName(target));
    names += (names.empty() ? "" : ", ") + available.back();
  }
  const char* active = SimdTargetName(ActiveSimdTarget());
  if (json) {
    PrintJson({{"version", CambiumVersion()},
               {"binary", BinaryVersion()},
               {"numerics_version", kNumericsVersion},
               {"compiler", CompilerName()},
               {"architecture", kArchitecture},
               {"simd_target", active},
               {"simd_targets", available}});
    return;
  }
  Print(fmt::format("cambium {}\n", BinaryVersion()));
  Print(fmt::format("numerics version {}\n", kNumericsVersion));
  Print(fmt::format("built by {} for {}\n", CompilerName(), kArchitecture));
  Print(fmt::format("instruction set {} (this machine has {})\n", active, names));
}

}  // namespace cambium
