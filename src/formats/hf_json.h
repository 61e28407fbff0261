// SPDX-License-Identifier: Apache-2.0
// Reading members of untrusted JSON, with errors that name the file and the member. Not thread-safe
// in itself; const use is.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace cambium {

class HfJson {
 public:
  using Node = SortedJson;

  explicit HfJson(std::string source_name) : source_name_(std::move(source_name)) {}

  // kCorruptData, kUnsupported.
  [[noreturn]] void Corrupt(const std::string& what) const;
  [[noreturn]] void Unsupported(const std::string& what) const;

  // nullptr: not there or null.
  static const Node* Find(const Node& object, const char* key);
  const Node& Require(const Node& object, const char* key) const;
  bool Flag(const Node& object, const char* key, bool fallback = false) const;
  // Empty when not there.
  std::string Text(const Node& object, const char* key) const;
  const std::string& TextOf(const Node& node, const char* what) const;
  const Node& List(const Node& object, const char* key) const;

  // Calls fn(part, type) for a component of a tokenizer.json ("normalizer", ...), or for each part
  // of a Sequence of them, in order; members names the list of the Sequence. Null is no component.
  template <typename Fn>
  void ForEachPart(const Node* component, const char* members, const Fn& fn, int depth = 0) const {
    constexpr int kMaxDepth = 8;
    if (component == nullptr) return;
    if (!component->is_object() || depth == kMaxDepth) {
      Corrupt("a component with " + std::string(members) + " is not an object, or too deep");
    }
    const std::string type = Text(*component, "type");
    if (type != "Sequence") {
      fn(*component, type);
      return;
    }
    for (const Node& part : List(*component, members)) ForEachPart(&part, members, fn, depth + 1);
  }

  const std::string& source_name() const { return source_name_; }

 private:
  std::string source_name_;
};

}  // namespace cambium
