// SPDX-License-Identifier: Apache-2.0
#include "formats/hf_chat.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "formats/hf_config.h"

namespace cambium {
namespace {

class HfChatTest : public ::testing::Test {
 protected:
  HfChatTest() {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("cambium_hf_chat.{}", getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~HfChatTest() override { std::filesystem::remove_all(folder_); }

  void Write(const char* name, const std::string& text) {
    WriteFileAtomically(folder_ / name, text);
  }
  TokenizerData Read(int32_t eos_id = -1) {
    TokenizerData data;
    data.tokens = {"a", "<s>", "</s>", "<end>", "<stop>"};
    data.types.assign(5, TokenType::kControl);
    data.types[0] = TokenType::kNormal;
    data.eos_id = eos_id;
    ReadHfChat(folder_, &data);
    return data;
  }

  std::filesystem::path folder_;
};

TEST_F(HfChatTest, AnEmptyFolderSaysNothing) {
  const TokenizerData data = Read();
  EXPECT_EQ(data.chat_template, "");
  EXPECT_EQ(data.bos_id, -1);
  EXPECT_EQ(data.eos_id, -1);
  EXPECT_TRUE(data.end_ids.empty());
}

TEST_F(HfChatTest, ReadsTemplatesInEveryPlace) {
  Write("tokenizer_config.json", R"({"chat_template": "one"})");
  EXPECT_EQ(Read().chat_template, "one");
  Write("tokenizer_config.json",
        R"({"chat_template": [{"name": "tool_use", "template": "two"},
                              {"name": "default", "template": "three"}]})");
  EXPECT_EQ(Read().chat_template, "three");
  Write("chat_template.jinja", "four\n");
  EXPECT_EQ(Read().chat_template, "four\n");
}

TEST_F(HfChatTest, GathersEveryEnd) {
  Write("tokenizer_config.json",
        R"({"bos_token": "<s>", "eos_token": {"content": "<end>", "special": true}})");
  Write("generation_config.json", R"({"eos_token_id": [2, 4, 3]})");
  Write("config.json", R"({"eos_token_id": 2})");
  TokenizerData data = Read();
  EXPECT_EQ(data.bos_id, 1);
  EXPECT_EQ(data.eos_id, 3);
  EXPECT_EQ(data.end_ids, (std::vector<int32_t>{2, 4}));
  data = Read(/*eos_id=*/2);
  EXPECT_EQ(data.eos_id, 2);
  EXPECT_EQ(data.end_ids, (std::vector<int32_t>{3, 4}));
}

TEST_F(HfChatTest, ReadsTheEndsThatAreWritten) {
  HfConfig config;
  config.eos_id = 3;
  config.end_ids = {2, 4};
  Write("generation_config.json", HfGenerationConfigToJson(config).dump());
  EXPECT_EQ(Read(/*eos_id=*/3).end_ids, config.end_ids);
  config.end_ids.clear();
  EXPECT_EQ(HfGenerationConfigToJson(config)["eos_token_id"], 3);
}

TEST_F(HfChatTest, MoreEndsThanAnybodyHas) {
  std::string ids = "0";
  for (int i = 0; i < 100000; ++i) ids += fmt::format(",{}", i % 5);
  Write("generation_config.json", "{\"eos_token_id\": [" + ids + "]}");
  EXPECT_EQ(Read().end_ids.size(), 5u);
}

TEST_F(HfChatTest, WrongValuesSayNothingAndBrokenFilesAreNamed) {
  Write("tokenizer_config.json", R"({"bos_token": 7, "eos_token": "a", "chat_template": 5})");
  Write("generation_config.json", R"({"eos_token_id": [99, -1, "x", 1e300]})");
  const TokenizerData data = Read();
  EXPECT_EQ(data.bos_id, -1);
  EXPECT_EQ(data.eos_id, -1);  // "a" is no special token
  EXPECT_TRUE(data.end_ids.empty());
  Write("config.json", "[1");
  EXPECT_THROW(Read(), Error);
}

}  // namespace
}  // namespace cambium
