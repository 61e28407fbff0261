// SPDX-License-Identifier: Apache-2.0
#include "formats/hf_json.h"

#include "base/error.h"

namespace cambium {

void HfJson::Corrupt(const std::string& what) const {
  Fail(ErrorCode::kCorruptData, "{}: {}", source_name_, what);
}

void HfJson::Unsupported(const std::string& what) const {
  Fail(ErrorCode::kUnsupported,
       "{}: {}; byte-level BPE, SentencePiece-style BPE and WordPiece are what can be used",
       source_name_, what);
}

const HfJson::Node* HfJson::Find(const Node& object, const char* key) {
  const auto it = object.find(key);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

const HfJson::Node& HfJson::Require(const Node& object, const char* key) const {
  const Node* node = Find(object, key);
  if (node == nullptr) Corrupt(fmt::format("'{}' is missing", key));
  return *node;
}

bool HfJson::Flag(const Node& object, const char* key, bool fallback) const {
  const Node* node = Find(object, key);
  if (node == nullptr) return fallback;
  if (!node->is_boolean()) Corrupt(fmt::format("'{}' is not a boolean", key));
  return node->get<bool>();
}

std::string HfJson::Text(const Node& object, const char* key) const {
  const Node* node = Find(object, key);
  return node == nullptr ? std::string() : TextOf(*node, key);
}

const std::string& HfJson::TextOf(const Node& node, const char* what) const {
  if (!node.is_string()) Corrupt(fmt::format("{} is not a string", what));
  return node.get_ref<const std::string&>();
}

const HfJson::Node& HfJson::List(const Node& object, const char* key) const {
  const Node& list = Require(object, key);
  if (!list.is_array()) Corrupt(fmt::format("'{}' is not a list", key));
  return list;
}

}  // namespace cambium
