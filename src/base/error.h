// SPDX-License-Identifier: Apache-2.0
// The one exception type of cambium. A message says what failed, where (file, offset, key), the
// value seen and what to do. Thrown for anything a user, a file or the machine can cause; our own
// bugs use CHECK (check.h). Caught in main, at thread joins and in the fuzz targets only.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace cambium {

enum class ErrorCode {
  kInvalidArgument,    // a flag, a configuration value, a request
  kNotFound,           // a file or a record that is not there
  kCorruptData,        // bytes that are not what their format says
  kUnsupported,        // valid, but not something this build can do
  kResourceExhausted,  // memory, disk, a stated limit
  kIo,                 // the operating system refused
  kCancelled,          // the user asked us to stop
  kInternal,           // a promise of ours did not hold (NaN in training, say)
};

const char* ErrorCodeName(ErrorCode code);

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

template <typename... Args>
[[noreturn]] void Fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace cambium
