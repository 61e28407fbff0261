// SPDX-License-Identifier: Apache-2.0
// Results on standard output, with the failures that printf forgets: a full disk is an error, a
// reader that went away (`cambium ... | head`) ends the program quietly.
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace cambium {

// The reader of standard output has closed it: nothing more is wanted, and nothing went wrong.
class OutputClosed : public Error {
 public:
  OutputClosed() : Error(ErrorCode::kIo, "standard output was closed") {}
};

// Buffered. Throws OutputClosed or kIo.
void Print(std::string_view text);
void FlushOutput();

// One line. Invalid UTF-8 in strings becomes U+FFFD, since JSON can hold nothing else.
void PrintJson(const Json& value);

}  // namespace cambium
