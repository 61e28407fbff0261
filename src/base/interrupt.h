// SPDX-License-Identifier: Apache-2.0
// Ctrl-C as a flag that long jobs look at between steps. A second Ctrl-C ends the program at once.
#pragma once

namespace cambium {

// Installs the SIGINT and SIGTERM handlers (idempotent).
void InstallInterruptHandler();
bool Interrupted();
// For tests, and for programs that go on after a stopped answer.
void ClearInterrupt();

}  // namespace cambium
