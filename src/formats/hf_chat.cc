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

// More than any model has; they are looked through one by one.
constexpr size_t kMaxEnds = 1024;
constexpr uint64_t kMaxTemplateBytes = uint64_t{16} << 20;

std::optional<SortedJson> ReadObject(const std::filesystem::path& path) {
  if (!FileExists(path)) return std::nullopt;
  const std::string text = ReadRegularFile(path, kMaxJsonBytes);
  CheckJsonDepth(text, path.string());
  SortedJson json = SortedJson::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) Fail(ErrorCode::kCorruptData, "{}: is no JSON object", path.string());
  return json;
}

void AddEnd(int64_t id, TokenizerData* tokenizer) {
  if (id < 0 || static_cast<uint64_t>(id) >= tokenizer->tokens.size()) return;
  const auto token = static_cast<int32_t>(id);
  std::vector<int32_t>& ends = tokenizer->end_ids;
  if (token == tokenizer->eos_id || std::find(ends.begin(), ends.end(), token) != ends.end())
    return;
  if (ends.size() == kMaxEnds) {
    Fail(ErrorCode::kCorruptData, "more than {} tokens are said to end an answer", kMaxEnds);
  }
  ends.push_back(token);
}

// Of a number or a list of numbers.
void AddEnds(const SortedJson& object, TokenizerData* tokenizer) {
  const auto ids = object.find("eos_token_id");
  if (ids == object.end()) return;
  if (ids->is_number_integer()) AddEnd(ids->get<int64_t>(), tokenizer);
  if (!ids->is_array()) return;
  for (const SortedJson& id : *ids) {
    if (id.is_number_integer()) AddEnd(id.get<int64_t>(), tokenizer);
  }
}

// The token that tokenizer_config.json names, as text or as an object with its content; -1: none.
int32_t NamedToken(const SortedJson& config, const char* key, const TokenizerData& tokenizer) {
  const auto named = config.find(key);
  if (named == config.end()) return -1;
  const SortedJson text = named->is_object() ? named->value("content", SortedJson()) : *named;
  if (!text.is_string()) return -1;
  const std::string& name = text.get_ref<const std::string&>();
  for (size_t id = 0; id < tokenizer.tokens.size(); ++id) {
    const TokenType type = tokenizer.types[id];
    const bool special = type == TokenType::kControl || type == TokenType::kUserDefined;
    if (special && tokenizer.tokens[id] == name) return static_cast<int32_t>(id);
  }
  return -1;
}

std::string TemplateOf(const SortedJson& config) {
  const auto found = config.find("chat_template");
  if (found == config.end()) return "";
  if (found->is_string()) return found->get<std::string>();
  if (!found->is_array()) return "";
  for (const SortedJson& named : *found) {
    if (!named.is_object() || named.value("name", SortedJson()) != "default") continue;
    const SortedJson source = named.value("template", SortedJson());
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
  if (FileExists(folder / "chat_template.jinja")) {
    tokenizer->chat_template = ReadRegularFile(folder / "chat_template.jinja", kMaxTemplateBytes);
  }
  for (const char* file : {"generation_config.json", "config.json"}) {
    if (const auto config = ReadObject(folder / file)) AddEnds(*config, tokenizer);
  }
}

}  // namespace cambium
