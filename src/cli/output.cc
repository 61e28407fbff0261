// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace cambium {
namespace {

[[noreturn]] void FailWrite(int error) {
  if (error == EPIPE) throw OutputClosed();
  Fail(ErrorCode::kIo, "standard output: cannot write: {}", std::strerror(error));
}

}  // namespace

void Print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) FailWrite(errno);
}

void FlushOutput() {
  if (std::fflush(stdout) != 0) FailWrite(errno);
}

void PrintJson(const Json& value) {
  Print(value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace cambium
