// SPDX-License-Identifier: Apache-2.0
// CHECK(condition): programmer errors only (shape mismatch between our own tensors, index out of
// range). Prints expression and location and aborts. Never reachable from user input.
#pragma once

namespace cambium {
[[noreturn]] void CheckFailed(const char* expression, const char* file, int line);
}  // namespace cambium

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::cambium::CheckFailed(#condition, __FILE__, __LINE__))
