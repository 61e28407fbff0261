// SPDX-License-Identifier: Apache-2.0
// All that repeats a run, given its text: TrainConfig, how the text is cut into documents, and
// which tokenizer. This is a run's config.toml: the fields of TrainConfig, its [model] table, and
//
//   [documents]                        [tokenizer]
//   separator = "<|endoftext|>"        spec = "trained"       (byte, trained, or a path)
//   skip_bad_lines = false             sha256 = "..."         (Tokenizer::Hash)
//
//   [data]
//   sha256 = "..."                     of the documents (TokenDatasetInfo::data_hash)
//
// These tables may be missing from a file that a person wrote. Without [data] it may be used with
// any text.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/json.h"
#include "train/train_config.h"

namespace cambium {

struct DocumentRules {
  std::string separator = "<|endoftext|>";  // a line that ends a document of plain text
  bool skip_bad_lines = false;              // of JSONL
  bool operator==(const DocumentRules&) const = default;
};

struct TokenizerIdentity {
  static constexpr const char* kByte = "byte";
  static constexpr const char* kTrained = "trained";  // on the run's data

  std::string spec;    // kByte, kTrained, or the absolute path it came from; empty: not known
  std::string sha256;  // of all that decides its output, in hex
};

struct RunConfig {
  TrainConfig train;
  std::optional<DocumentRules> documents;
  std::optional<TokenizerIdentity> tokenizer;
  std::optional<std::string> data_sha256;  // in hex

  Json ToJson() const;
  // Throws kInvalidArgument: unknown, missing or contradictory keys.
  static RunConfig FromJson(Json json);
  std::string ToToml() const;
  // Throws kNotFound, kIo, and kCorruptData for anything else than a configuration.
  static RunConfig FromTomlFile(const std::filesystem::path& path);
};

// As JSON, for records.
Json ToJson(const DocumentRules& rules);
Json ToJson(const TokenizerIdentity& tokenizer);
DocumentRules DocumentRulesFromJson(const Json& json);
TokenizerIdentity TokenizerIdentityFromJson(const Json& json);

}  // namespace cambium
