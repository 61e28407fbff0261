// SPDX-License-Identifier: Apache-2.0
#include "formats/hf_chat.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "formats/json_text.h"

namespace cambium {
namespace {

std::optional<Json> ReadObject(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const std::string text = ReadFile(path);
  CheckJsonDepth(text, path.string());
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) Fail(ErrorCode::kCorruptData, "{}: is no JSON object", path.string());
  return json;
}

void AddEnd(int64_t id, TokenizerData* tokenizer) {
  if (id < 0 || static_cast<uint64_t>(id) >= tokenizer->tokens.size()) return;
  const auto token = static_cast<int32_t>(id);
  std::vector<int32_t>& ends = tokenizer->end_ids;
  if (token == tokenizer->eos_id || std::find(ends.begin(), ends.end(), token) != ends.end())
    return;
  ends.push_back(token);
}

// Of a number or a list of numbers.
void AddEnds(const Json& object, TokenizerData* tokenizer) {
  const auto ids = object.find("eos_token_id");
  if (ids == object.end()) return;
  if (ids->is_number_integer()) AddEnd(ids->get<int64_t>(), tokenizer);
  if (!ids->is_array()) return;
  for (const Json& id : *ids) {
    if (id.is_number_integer()) AddEnd(id.get<int64_t>(), tokenizer);
  }
}

// The token that tokenizer_config.json names, as text or as an object with its content; -1: none.
int32_t NamedToken(const Json& config, const char* key, const TokenizerData& tokenizer) {
  const auto named = config.find(key);
  if (named == config.end()) return -1;
  const Json text = named->is_object() ? named->value("content", Json()) : *named;
  if (!text.is_string()) return -1;
  const std::string& name = text.get_ref<const std::string&>();
  for (size_t id = 0; id < tokenizer.tokens.size(); ++id) {
    const TokenType type = tokenizer.types[id];
    const bool special = type == TokenType::kControl || type == TokenType::kUserDefined;
    if (special && tokenizer.tokens[id] == name) return static_cast<int32_t>(id);
  }
  return -1;
}

std::string TemplateOf(const Json& config) {
  const auto found = config.find("chat_template");
  if (found == config.end()) return "";
  if (found->is_string()) return found->get<std::string>();
  if (!found->is_array()) return "";
  for (const Json& named : *found) {
    if (!named.is_object() || named.value("name", Json()) != "default") continue;
    const Json source = named.value("template", Json());
    if (source.is_string()) return source.get<std::string>();
  }
  return "";
}

}  // namespace

void ReadHfChat(const std::filesystem::path& folder, TokenizerData* tokenizer) {
  if (const auto config = ReadObject(folder / "tokenizer_config.json")) {
    tokenizer->chat_template = TemplateOf(*config);
    const int32_t bos = NamedToken(*config, "bos_token", *tokenizer);
    const int32_t eos = NamedToken(*config, "eos_token", *tokenizer);
    if (tokenizer->bos_id < 0) tokenizer->bos_id = bos;
    if (tokenizer->eos_id < 0) tokenizer->eos_id = eos;
    AddEnd(eos, tokenizer);
  }
  if (std::filesystem::exists(folder / "chat_template.jinja")) {
    tokenizer->chat_template = ReadFile(folder / "chat_template.jinja");
  }
  for (const char* file : {"generation_config.json", "config.json"}) {
    if (const auto config = ReadObject(folder / file)) AddEnds(*config, tokenizer);
  }
}

}  // namespace cambium
