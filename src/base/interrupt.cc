// SPDX-License-Identifier: Apache-2.0
#include "base/interrupt.h"

#include <signal.h>
#include <unistd.h>

namespace cambium {
namespace {

volatile sig_atomic_t g_interrupted = 0;
volatile sig_atomic_t g_exit_at_once = 0;

void OnSignal(int signal) {
  if (g_exit_at_once != 0) _exit(128 + SIGINT);  // for SIGTERM, too: one code for "stopped"
  if (g_interrupted != 0) _exit(128 + signal);
  g_interrupted = 1;
}

}  // namespace

void InstallInterruptHandler() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void ExitAtOnceOnInterrupt() {
  g_exit_at_once = 1;
  if (g_interrupted != 0) _exit(128 + SIGINT);  // one that came before
}

bool Interrupted() { return g_interrupted != 0; }

void ClearInterrupt() { g_interrupted = 0; }

}  // namespace cambium
