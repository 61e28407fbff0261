// SPDX-License-Identifier: Apache-2.0
// Ends a text stream at the first stop string. What could still become one is held back, so that no
// part of a stop string is ever shown. Not thread-safe: one per stream.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cambium {

class StopFilter {
 public:
  // Throws kInvalidArgument for an empty stop string.
  explicit StopFilter(std::vector<std::string> stops);

  // The text that can be shown now. Once stopped: nothing, ever again.
  std::string Push(std::string_view text);
  // The end of the stream: what was held back, unless stopped.
  std::string Finish();
  // A stop string has come; what was shown ends right before it.
  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace cambium
