// SPDX-License-Identifier: Apache-2.0
#include "cli/context.h"

#include <cstdio>

#include "base/interrupt.h"
#include "base/thread_pool.h"
#include "ledger/environment.h"

namespace cambium {

size_t Context::NumThreads() const { return threads == 0 ? NumAvailableCpus() : threads; }

std::filesystem::path Context::LedgerPath() const {
  return ledger_path.empty() ? DefaultLedgerPath() : ledger_path;
}

void Context::Note(const std::string& line) const {
  if (!quiet) std::fprintf(stderr, "%s\n", line.c_str());
}

void Context::EndAtOnceOnInterrupt() const {
  ExitAtOnceOnInterrupt(json ? R"({"error":{"code":"cancelled","message":"stopped"}})"
                               "\n"
                             : "");
}

}  // namespace cambium
