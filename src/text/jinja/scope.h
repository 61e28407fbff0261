// SPDX-License-Identifier: Apache-2.0
// Variables by name, and the scope around. Names are views of what outlives the rendering (the
// parsed template, the caller's variables).
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/sandbox.h"
#include "text/jinja/value.h"

namespace cambium::jinja {

class Scope {
 public:
  explicit Scope(Scope* parent) : parent_(parent) {}

  Scope* parent() const { return parent_; }

  void Set(std::string_view name, Value value) {
    for (auto& [n, v] : variables_) {
      if (n == name) {
        v = std::move(value);
        return;
      }
    }
    variables_.emplace_back(name, std::move(value));
  }

  // Of this scope or those around; null when there is none.
  const Value* Find(Sandbox& box, std::string_view name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->parent_) {
      box.Step(static_cast<int64_t>(scope->variables_.size() / 16));
      for (const auto& [n, v] : scope->variables_) {
        if (n == name) return &v;
      }
    }
    return nullptr;
  }

  // A macro refers to this scope, which must then live as long as the rendering.
  void Capture() {
    for (Scope* scope = this; scope != nullptr && !scope->is_captured_; scope = scope->parent_) {
      scope->is_captured_ = true;
    }
  }
  bool is_captured() const { return is_captured_; }

 private:
  Scope* parent_;
  bool is_captured_ = false;
  std::vector<std::pair<std::string_view, Value>> variables_;
};

}  // namespace cambium::jinja
