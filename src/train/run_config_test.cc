// SPDX-License-Identifier: Apache-2.0
#include "train/run_config.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "train/run_test_data.h"

namespace cambium {
namespace {

class RunConfigTest : public ::testing::Test {
 protected:
  RunConfig Read(const std::string& toml) const {
    WriteFileAtomically(path_, toml);
    return RunConfig::FromTomlFile(path_);
  }
  std::string FailureOf(const std::string& toml) const {
    try {
      Read(toml);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
      return error.what();
    }
    return "";
  }

  TestFolder folder_{"run_config"};
  std::filesystem::path path_ = folder_.path() / "config.toml";
};

TEST_F(RunConfigTest, TomlKeepsEverything) {
  RunConfig config = {.train = TestConfig(7), .documents = {}, .tokenizer = {}};
  config.train.learning_rate = 0.1 + 0.2;  // needs 17 digits
  EXPECT_EQ(Read(config.ToToml()).ToJson(), config.ToJson());
  EXPECT_FALSE(Read(config.ToToml()).documents.has_value());
  config.documents = DocumentRules{.separator = "=\"\\ \t\u00e9 # [x]", .skip_bad_lines = true};
  config.tokenizer = TokenizerIdentity{.spec = "/a folder/'tokenizer'.json", .sha256 = "0123"};
  const RunConfig read = Read(config.ToToml());
  EXPECT_EQ(read.ToJson(), config.ToJson());
  EXPECT_EQ(read.documents, config.documents);
}

TEST_F(RunConfigTest, WhatItDoesNotKnowIsAnError) {
  const std::string toml =
      RunConfig{.train = TestConfig(7), .documents = {}, .tokenizer = {}}.ToToml();
  EXPECT_NE(FailureOf("steps = 3\n" + toml).find("'steps'"), std::string::npos);
  EXPECT_NE(FailureOf(toml + "[documents]\nseparator = ''\nskip = 1\n").find("'documents.skip'"),
            std::string::npos);
  EXPECT_NE(FailureOf(toml + "[documents]\nseparator = ''\n").find("skip_bad_lines"),
            std::string::npos);
  EXPECT_NE(FailureOf(toml + "[tokenizer]\nspec = 3\nsha256 = ''\n"), "");
  EXPECT_NE(FailureOf(toml + "[tokenizer\n").find("line "), std::string::npos);
}

}  // namespace
}  // namespace cambium
