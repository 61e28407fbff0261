// SPDX-License-Identifier: Apache-2.0
#include "base/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

namespace cambium {
namespace {

volatile sig_atomic_t g_interrupted = 0;
volatile sig_atomic_t g_exit_at_once = 0;
std::atomic<const char*> g_last_words = "";
static_assert(std::atomic<const char*>::is_always_lock_free);  // a signal's handler reads it

// One code for "stopped", for SIGTERM, too.
void ExitAtOnce() {
  const char* words = g_last_words;
  (void)!write(STDOUT_FILENO, words, std::strlen(words));
  _exit(128 + SIGINT);
}

void OnSignal(int signal) {
  if (g_exit_at_once != 0) ExitAtOnce();
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

void ExitAtOnceOnInterrupt(const char* last_words) {
  g_last_words = last_words;
  g_exit_at_once = 1;
  if (g_interrupted != 0) ExitAtOnce();  // one that came before
}

bool Interrupted() { return g_interrupted != 0; }

void ClearInterrupt() { g_interrupted = 0; }

}  // namespace cambium
