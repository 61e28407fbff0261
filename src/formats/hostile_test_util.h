// SPDX-License-Identifier: Apache-2.0
// Test support: what reading a hostile file costs. A program that has this in it counts all memory
// that is asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/error.h"

namespace cambium {

// What is promised for any file of less than a mebibyte: an error, or a result, within these.
inline constexpr double kMaxHostileSeconds = 1.0;
inline constexpr uint64_t kMaxHostileBytes = uint64_t{64} << 20;

struct Attempt {
  std::optional<ErrorCode> error;  // nullopt: accepted
  std::string message;
  double seconds = 0;            // of this thread's processor time: the machine may be busy
  uint64_t allocated_bytes = 0;  // sum of all allocations of this thread, freed or not

  bool within_limits() const {
    return seconds < kMaxHostileSeconds && allocated_bytes < kMaxHostileBytes;
  }
};

// Runs `read`, which may throw Error and nothing else.
Attempt AttemptTo(const std::function<void()>& read);

// Bytes that this thread has asked for so far.
uint64_t AllocatedBytes();
double ThreadSeconds();

}  // namespace cambium
