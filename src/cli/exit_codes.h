// SPDX-License-Identifier: Apache-2.0
// The exit codes of every command. They are promised in README.md and in `cambium --help`.
#pragma once

#include "base/error.h"

namespace cambium {

// Done. A resumed run that was complete already is done, too.
inline constexpr int kExitDone = 0;
// Failed: a file that is missing, empty, binary or corrupt, a full disk, a run that diverged; or a
// comparison (runs verify, runs compare-traces) that found a difference.
inline constexpr int kExitFailed = 1;
// Wrong usage: an unknown or missing option, a value out of its range or against a recorded run.
inline constexpr int kExitUsage = 2;
// Stopped by Ctrl-C or SIGTERM before the end, also when train has saved what it had: a script must
// not take it for done. 128 + SIGINT, as shells report it.
inline constexpr int kExitStopped = 130;

inline constexpr const char* kExitCodesHelp =
    "Exit codes: 0 done; 1 failed (input that is missing, empty or broken; bits that\n"
    "differ); 2 wrong usage; 130 stopped by Ctrl-C (`train` has saved what it had,\n"
    "and says how to go on).\n";

inline int ExitCodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return kExitUsage;
    case ErrorCode::kCancelled:
      return kExitStopped;
    default:
      return kExitFailed;
  }
}

}  // namespace cambium
