// SPDX-License-Identifier: Apache-2.0
// Tokenizers put together like those of the model families, against what Hugging Face `tokenizers`
// makes of texts with them: tests/golden/tokenizers/generate.py wrote both. Real tokenizers and
// more texts are read from SHARED/data/tokenizer-cases, where they are (generate.py DIR COUNT).
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "formats/gguf.h"
#include "formats/gguf_tokenizer.h"
#include "formats/hf_tokenizer.h"
#include "text/stream_decoder.h"
#include "text/tokenizer.h"
#include "text/utf8_repair.h"

namespace cambium {
namespace {

void CheckCase(const Tokenizer& tokenizer, const nlohmann::json& expected) {
  const std::string& text = expected["text"].get_ref<const std::string&>();
  const auto ids = expected["ids"].get<std::vector<int32_t>>();
  ASSERT_EQ(tokenizer.Encode(text, {.parse_special = true}), ids) << expected["text"];
  ASSERT_EQ(tokenizer.Encode(text, {.parse_special = true, .allow_bos = true, .allow_eos = true}),
            expected["with_ends"].get<std::vector<int32_t>>())
      << expected["text"];
  // Hugging Face's WordPiece decoder also tidies the spaces around punctuation.
  if (tokenizer.data().model == TokenizerModel::kWordPiece) return;
  const std::string decoded = tokenizer.Decode(ids);
  EXPECT_EQ(decoded, expected["decoded"]) << expected["text"];
  StreamDecoder stream(tokenizer, IllFormed::kReplace, SpecialText::kKeep, StreamStart::kText);
  std::string streamed;
  for (const int32_t id : ids) {
    const std::string piece = stream.Push(id);
    EXPECT_TRUE(IsValidUtf8(piece));
    streamed += piece;
  }
  EXPECT_EQ(streamed + stream.Finish(), decoded) << expected["text"];
}

size_t CheckFolder(const std::filesystem::path& folder) {
  const auto all = nlohmann::json::parse(ReadFile(folder / "expected.json"));
  for (const auto& [name, cases] : all.items()) {
    SCOPED_TRACE(name);
    const TokenizerData data = ParseHfTokenizer(ReadFile(folder / (name + ".json")), name);
    const Tokenizer tokenizer(data);
    const Tokenizer written(ParseHfTokenizer(ToHfTokenizer(data), name));
    EXPECT_EQ(written.Hash(), tokenizer.Hash());
    for (const auto& expected : cases) CheckCase(tokenizer, expected);
  }
  return all.size();
}

std::filesystem::path GoldenFolder() {
  return std::filesystem::path(CAMBIUM_SOURCE_DIR) / "tests/golden/tokenizers";
}

TEST(HfTokenizerGolden, OurTokenizers) { EXPECT_EQ(CheckFolder(GoldenFolder()), 16u); }

TEST(HfTokenizerGolden, RealTokenizers) {
  const char* shared = std::getenv("CAMBIUM_SHARED");
  const std::filesystem::path folder =
      (shared != nullptr ? std::filesystem::path(shared)
                         : std::filesystem::path(CAMBIUM_SOURCE_DIR) / "../shared") /
      "data/tokenizer-cases";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  EXPECT_GT(CheckFolder(folder), 0u);
}

// GGUF holds SentencePiece's scores instead of merges: the same ids, unless two merges into one
// token compete.
TEST(HfTokenizerGolden, ThroughGguf) {
  const auto path = std::filesystem::path(testing::TempDir()) / "cambium_golden_tokenizer.gguf";
  const auto all = nlohmann::json::parse(ReadFile(GoldenFolder() / "expected.json"));
  for (const auto& [name, cases] : all.items()) {
    SCOPED_TRACE(name);
    const TokenizerData data = ParseHfTokenizer(ReadFile(GoldenFolder() / (name + ".json")), name);
    GgufWriter writer(path);
    WriteGgufTokenizer(data, &writer);
    writer.Commit();
    const TokenizerData back = ReadGgufTokenizer(GgufFile(path));
    EXPECT_EQ(back.tokens, data.tokens);
    EXPECT_EQ(back.types, data.types);
    EXPECT_EQ(back.strips, data.strips);
    const Tokenizer tokenizer(back);
    for (const auto& expected : cases) CheckCase(tokenizer, expected);
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace cambium
