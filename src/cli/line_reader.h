// SPDX-License-Identifier: Apache-2.0
// Lines that a person types (with editing, line_editor.h), or that a program sends. Not
// thread-safe; one per program, since standard input is one.
#pragma once

#include <string>

#include "cli/line_editor.h"

namespace cambium {

class LineReader {
 public:
  using Result = LineEditor::Result;

  LineReader();

  // Whether a person sits at both ends.
  bool is_terminal() const { return is_terminal_; }
  // One line without its end. The prompt is shown on a terminal only. kInterrupted: Ctrl-C; the
  // flag of base/interrupt.h is cleared. Throws kIo.
  Result Read(const std::string& prompt, std::string* line);

 private:
  Result ReadPlain(std::string* line);

  bool is_terminal_, can_edit_;
  LineEditor editor_;
  std::string buffer_;  // read, but not returned yet
  bool at_end_ = false;
};

}  // namespace cambium
