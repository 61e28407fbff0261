// SPDX-License-Identifier: Apache-2.0
// The program `cambium`: options of every command, dispatch, errors and exit codes.
//
//   0    done
//   1    failed: the message says what, where and what to do
//   2    wrong usage: an unknown or missing option, a value out of its range
//   130  stopped by Ctrl-C with nothing saved
//
// Standard output holds results only; with --json exactly one JSON object, also for a failure:
// {"error":{"code":"not_found","message":"..."}}. Messages go to standard error.
#pragma once

#include "base/error.h"

namespace cambium {

// Does what the command line says and returns the exit code. Once per process.
int RunCli(int argc, const char* const* argv);

// kInvalidArgument is wrong usage, kCancelled is Ctrl-C, everything else has failed.
int ExitCodeOf(ErrorCode code);

}  // namespace cambium
