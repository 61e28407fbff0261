// SPDX-License-Identifier: Apache-2.0
// JSON documents from untrusted files: depth-capped, and typed access whose errors name file and
// key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace cambium {

// Far above any configuration or vocabulary. Parsed, JSON takes up to twenty times its size.
inline constexpr uint64_t kMaxJsonBytes = uint64_t{256} << 20;

// Throws kCorruptData for JSON that is nested deeper than 64: some of what one does with a parsed
// value is recursive.
void CheckJsonDepth(std::string_view text, const std::string& source_name);

// Throws kCorruptData for anything that is not one JSON object, or is nested deeper than 64.
SortedJson ParseJsonObject(std::string_view text, const std::string& source_name);

// Members of an object; nullopt when the member is missing or null, kCorruptData when it is of
// another kind or out of range.
class JsonMembers {
 public:
  // Both outlive the object.
  JsonMembers(const SortedJson& object, const std::string& source_name)
      : object_(object), source_name_(source_name) {}

  const SortedJson* Find(const char* key) const;
  std::optional<uint64_t> GetUint(const char* key, uint64_t max = UINT32_MAX) const;
  std::optional<double> GetNumber(const char* key) const;
  std::optional<bool> GetBool(const char* key) const;
  std::optional<std::string> GetString(const char* key) const;
  // As GetUint, but kCorruptData when it is missing.
  uint64_t RequireUint(const char* key, uint64_t max = UINT32_MAX) const;

 private:
  const SortedJson& object_;
  const std::string& source_name_;
};

}  // namespace cambium
