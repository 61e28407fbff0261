// SPDX-License-Identifier: Apache-2.0
#include "train/run_config.h"

#include <toml++/toml.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace cambium {
namespace {

Json FromToml(const toml::node& node, const std::string& where) {
  if (const auto* table = node.as_table()) {
    Json json = Json::object();
    for (const auto& [key, value] : *table) {
      json[std::string(key.str())] = FromToml(value, where + "." + std::string(key.str()));
    }
    return json;
  }
  if (node.is_integer()) return node.as_integer()->get();
  if (node.is_floating_point()) return node.as_floating_point()->get();
  if (node.is_boolean()) return node.as_boolean()->get();
  if (node.is_string()) return node.as_string()->get();
  Fail(ErrorCode::kCorruptData, "{}: neither number, text, truth value nor table", where);
}

std::string TomlValue(const Json& value) {
  if (value.is_number_float()) {
    // Shortest text that reads back as the same double, recognisable as a float.
    std::string text = fmt::format("{}", value.get<double>());
    if (text.find_first_of(".en") == std::string::npos) text += ".0";
    return text;
  }
  // A path need not be UTF-8.
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Unknown keys are misspelt ones.
void RequireKeys(const Json& table, const char* name, std::initializer_list<const char*> known) {
  for (const auto& item : table.items()) {
    const auto same = [&](const char* k) { return item.key() == k; };
    if (std::none_of(known.begin(), known.end(), same)) {
      Fail(ErrorCode::kInvalidArgument, "configuration: unknown key '{}.{}'", name, item.key());
    }
  }
}

}  // namespace

Json ToJson(const DocumentRules& rules) {
  return {{"separator", rules.separator}, {"skip_bad_lines", rules.skip_bad_lines}};
}

Json ToJson(const TokenizerIdentity& tokenizer) {
  return {{"spec", tokenizer.spec}, {"sha256", tokenizer.sha256}};
}

DocumentRules DocumentRulesFromJson(const Json& json) {
  RequireKeys(json, "documents", {"separator", "skip_bad_lines"});
  return {.separator = json.at("separator"), .skip_bad_lines = json.at("skip_bad_lines")};
}

TokenizerIdentity TokenizerIdentityFromJson(const Json& json) {
  RequireKeys(json, "tokenizer", {"spec", "sha256"});
  return {.spec = json.at("spec"), .sha256 = json.at("sha256")};
}

Json RunConfig::ToJson() const {
  Json json = train.ToJson();
  if (documents) json["documents"] = cambium::ToJson(*documents);
  if (tokenizer) json["tokenizer"] = cambium::ToJson(*tokenizer);
  if (data_sha256) json["data"] = {{"sha256", *data_sha256}};
  return json;
}

RunConfig RunConfig::FromJson(Json json) {
  RunConfig config;
  try {
    if (json.contains("documents")) {
      config.documents = DocumentRulesFromJson(json.at("documents"));
      json.erase("documents");
    }
    if (json.contains("tokenizer")) {
      config.tokenizer = TokenizerIdentityFromJson(json.at("tokenizer"));
      json.erase("tokenizer");
    }
    if (json.contains("data")) {
      RequireKeys(json.at("data"), "data", {"sha256"});
      config.data_sha256 = json.at("data").at("sha256");
      json.erase("data");
    }
  } catch (const Json::exception& error) {
    Fail(ErrorCode::kInvalidArgument, "configuration: {}", error.what());
  }
  config.train = TrainConfig::FromJson(json);
  return config;
}

std::string RunConfig::ToToml() const {
  const Json json = ToJson();
  std::string fields, tables;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_object()) {
      fields += fmt::format("{} = {}\n", key, TomlValue(value));
      continue;
    }
    tables += fmt::format("\n[{}]\n", key);
    for (const auto& [name, field] : value.items()) {
      tables += fmt::format("{} = {}\n", name, TomlValue(field));
    }
  }
  return fields + tables;
}

RunConfig RunConfig::FromTomlFile(const std::filesystem::path& path) {
  const std::string text = ReadFile(path);
  Json json;
  try {
    json = FromToml(toml::parse(text), path.string());
  } catch (const toml::parse_error& error) {
    Fail(ErrorCode::kCorruptData, "{}: line {}: {}", path.string(), error.source().begin.line,
         error.description());
  }
  try {
    return FromJson(std::move(json));
  } catch (const Error& error) {
    Fail(error.code(), "{}: {}", path.string(), error.what());
  }
}

}  // namespace cambium
