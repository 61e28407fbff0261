// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace cambium {

void CheckFailed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "cambium bug: CHECK(%s) failed at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace cambium
