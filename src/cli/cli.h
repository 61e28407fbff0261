// SPDX-License-Identifier: Apache-2.0
// The program `cambium`: options of every command, dispatch, errors and exit
// codes (exit_codes.h).
//
// Standard output holds results only; with --json exactly one JSON object, also for a failure:
// {"error":{"code":"not_found","message":"..."}}. Messages go to standard error.
#pragma once

namespace cambium {

// Does what the command line says and returns the exit code. Once per process.
int RunCli(int argc, const char* const* argv);

}  // namespace cambium
