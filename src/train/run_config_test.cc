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
  std::string FailureOf(const std::string& toml,
                        ErrorCode code = ErrorCode::kInvalidArgument) const {
    try {
      Read(toml);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
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
  EXPECT_NE(FailureOf(toml + "[tokenizer\n", ErrorCode::kCorruptData).find("line "),
            std::string::npos);
}

// Neither wrapped round to a number that fits nor blamed for something else.
TEST_F(RunConfigTest, ANumberOutOfRangeIsNamedWithItsRange) {
  const std::string toml =
      RunConfig{.train = TestConfig(7), .documents = {}, .tokenizer = {}}.ToToml();
  const struct {
    const char *key, *value, *range;
  } kWrong[] = {{"num_steps", "99999999999999999", "[1, 1099511627775]"},
                {"num_steps", "-1", "[1, 1099511627775]"},
                {"num_steps", "2.5", "[1, 1099511627775]"},
                {"rows", "4294967304", "[1, 65536]"},  // 8 modulo 2^32
                {"row_tokens", "1", "[2, 4294967295]"},
                {"seed", "-3", "[0, 18446744073709551615]"},
                {"num_layers", "-1", "[0, 18446744073709551615]"},
                {"learning_rate", "10.5", "(0, 10)"}};
  for (const auto& [key, value, range] : kWrong) {
    std::string wrong = toml;
    const size_t begin = wrong.find(fmt::format("\n{} = ", key)) + 1;
    ASSERT_NE(begin, 0u) << key;
    wrong.replace(begin, wrong.find('\n', begin) - begin, fmt::format("{} = {}", key, value));
    const std::string failure = FailureOf(wrong);
    EXPECT_NE(failure.find(fmt::format("{} = {}", key, value)), std::string::npos) << failure;
    EXPECT_NE(failure.find(range), std::string::npos) << failure;
  }
}

}  // namespace
}  // namespace cambium
