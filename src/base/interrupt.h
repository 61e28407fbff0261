// SPDX-License-Identifier: Apache-2.0
// Ctrl-C as a flag that long jobs look at between steps. A second Ctrl-C ends the program at once.
#pragma once

namespace cambium {

// Installs the SIGINT and SIGTERM handlers (idempotent).
void InstallInterruptHandler();
// From now on the first one ends the program, with exit code 130: for what has nothing to save and
// works long between looks. last_words: then written to standard output; must live on.
void ExitAtOnceOnInterrupt(const char* last_words = "");
bool Interrupted();
// For tests, and for programs that go on after a stopped answer.
void ClearInterrupt();

}  // namespace cambium
