// SPDX-License-Identifier: Apache-2.0
#include "formats/json_text.h"

#include <algorithm>

#include "base/error.h"
#include "formats/quote.h"

namespace cambium {
namespace {

constexpr int kMaxDepth = 64;

// Deepest nesting of brackets outside strings; exact for valid JSON, and enough to refuse the rest.
int NestingDepth(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

void CheckJsonDepth(std::string_view text, const std::string& source_name) {
  if (NestingDepth(text) > kMaxDepth) {
    Fail(ErrorCode::kCorruptData, "{}: JSON nested deeper than {}", source_name, kMaxDepth);
  }
}

SortedJson ParseJsonObject(std::string_view text, const std::string& source_name) {
  CheckJsonDepth(text, source_name);
  SortedJson json = SortedJson::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    Fail(ErrorCode::kCorruptData, "{}: {}", source_name,
         json.is_discarded() ? "not valid JSON" : "a JSON object was expected");
  }
  return json;
}

const SortedJson* JsonMembers::Find(const char* key) const {
  const auto member = object_.find(key);
  return member == object_.end() || member->is_null() ? nullptr : &*member;
}

std::optional<uint64_t> JsonMembers::GetUint(const char* key, uint64_t max) const {
  const SortedJson* member = Find(key);
  if (member == nullptr) return std::nullopt;
  if (!member->is_number_unsigned() || member->get<uint64_t>() > max) {
    Fail(ErrorCode::kCorruptData, "{}: {} is not an integer from 0 to {}", source_name_, Quote(key),
         max);
  }
  return member->get<uint64_t>();
}

std::optional<double> JsonMembers::GetNumber(const char* key) const {
  const SortedJson* member = Find(key);
  if (member == nullptr) return std::nullopt;
  if (!member->is_number()) {
    Fail(ErrorCode::kCorruptData, "{}: {} is not a number", source_name_, Quote(key));
  }
  return member->get<double>();
}

std::optional<bool> JsonMembers::GetBool(const char* key) const {
  const SortedJson* member = Find(key);
  if (member == nullptr) return std::nullopt;
  if (!member->is_boolean()) {
    Fail(ErrorCode::kCorruptData, "{}: {} is not true or false", source_name_, Quote(key));
  }
  return member->get<bool>();
}

std::optional<std::string> JsonMembers::GetString(const char* key) const {
  const SortedJson* member = Find(key);
  if (member == nullptr) return std::nullopt;
  if (!member->is_string()) {
    Fail(ErrorCode::kCorruptData, "{}: {} is not a string", source_name_, Quote(key));
  }
  return member->get<std::string>();
}

uint64_t JsonMembers::RequireUint(const char* key, uint64_t max) const {
  const auto value = GetUint(key, max);
  if (!value) Fail(ErrorCode::kCorruptData, "{}: {} is missing", source_name_, Quote(key));
  return *value;
}

}  // namespace cambium
