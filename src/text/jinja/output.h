// SPDX-License-Identifier: Apache-2.0
// Text while it is being rendered, charged to the Sandbox as it grows.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "text/jinja/sandbox.h"

namespace cambium::jinja {

class Output {
 public:
  Output(Sandbox& box, size_t max_bytes) : box_(box), max_bytes_(max_bytes) {}
  ~Output() { box_.account().Release(charged_bytes_); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void Append(std::string_view more) {
    box_.StepBytes(more.size());
    const size_t size = text_.size() + more.size();
    if (size > max_bytes_) box_.FailLimit("output");
    if (size > charged_bytes_) {
      // Doubling, as the string does.
      const size_t wanted = 2 * size - charged_bytes_;
      box_.CheckRoom(wanted);
      box_.account().Take(wanted);
      charged_bytes_ += wanted;
    }
    text_.append(more);
  }

  std::string Take() { return std::move(text_); }

 private:
  Sandbox& box_;
  size_t max_bytes_;
  size_t charged_bytes_ = 0;
  std::string text_;
};

}  // namespace cambium::jinja
