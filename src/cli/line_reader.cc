// SPDX-License-Identifier: Apache-2.0
#include "cli/line_reader.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/interrupt.h"
#include "cli/output.h"

namespace cambium {

LineReader::LineReader()
    : is_terminal_(isatty(0) == 1 && isatty(1) == 1), can_edit_(LineEditor::Available()) {}

LineReader::Result LineReader::Read(const std::string& prompt, std::string* line) {
  if (can_edit_) {
    const Result result = editor_.Read(prompt, line);
    if (result == Result::kInterrupted) ClearInterrupt();
    return result;
  }
  if (is_terminal_) {
    Print(prompt);
    FlushOutput();
  }
  return ReadPlain(line);
}

LineReader::Result LineReader::ReadPlain(std::string* line) {
  for (;;) {
    const size_t end = buffer_.find('\n');
    if (end != std::string::npos || (at_end_ && !buffer_.empty())) {
      *line = buffer_.substr(0, end);
      buffer_.erase(0, end == std::string::npos ? end : end + 1);
      if (!line->empty() && line->back() == '\r') line->pop_back();
      return Result::kLine;
    }
    if (at_end_) return Result::kEnd;
    char bytes[4096];
    const ssize_t count = read(0, bytes, sizeof(bytes));
    if (count > 0) {
      buffer_.append(bytes, static_cast<size_t>(count));
    } else if (count == 0) {
      at_end_ = true;
    } else if (errno != EINTR) {
      Fail(ErrorCode::kIo, "standard input: {}", std::strerror(errno));
    }
    if (Interrupted()) {
      ClearInterrupt();
      buffer_.clear();
      return Result::kInterrupted;
    }
  }
}

}  // namespace cambium
