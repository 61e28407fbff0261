// SPDX-License-Identifier: Apache-2.0
// Tokenizers that others have made, on texts whose ids they have published: GPT-2, Qwen2, Llama 2
// and 3, Falcon, DeepSeek Coder, Phi-3, Gemma, BERT (llama.cpp's vocabulary tests) and tiktoken's
// cl100k_base and o200k_base (the test plans of its .NET port). Skipped where the data is not there
// (CAMBIUM_SHARED, or "shared" beside the source folder).
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <sstream>
#include <unordered_map>

#include "base/file.h"
#include "base/json.h"
#include "formats/gguf.h"
#include "formats/gguf_tokenizer.h"
#include "formats/hf_tokenizer.h"
#include "text/compressed.h"
#include "text/tokenizer.h"

namespace cambium {
namespace {

std::filesystem::path Tokenizers() {
  const char* shared = std::getenv("CAMBIUM_SHARED");
  const std::filesystem::path base =
      shared != nullptr ? shared : std::filesystem::path(CAMBIUM_SOURCE_DIR) / ".." / "shared";
  return base / "data" / "tokenizers";
}

std::string Read(const std::filesystem::path& path) {
  CompressedReader reader(path);
  std::string text;
  std::string buffer(size_t{1} << 16, '\0');
  while (const size_t n = reader.Read(buffer.data(), buffer.size())) text.append(buffer, 0, n);
  return text;
}

std::vector<std::string> SplitBy(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t end; (end = text.find(separator, begin)) != std::string::npos;
       begin = end + separator.size()) {
    parts.push_back(text.substr(begin, end - begin));
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::vector<int32_t> Ids(std::string line) {
  for (char& c : line) {
    if (c == ',' || c == '[' || c == ']') c = ' ';
  }
  std::istringstream words(line);
  std::vector<int32_t> ids;
  for (int32_t id; words >> id;) ids.push_back(id);
  return ids;
}

// X.gguf.inp and X.gguf.out.
void CheckVocabularyVectors(const Tokenizer& tokenizer, const std::filesystem::path& stem) {
  const auto texts = SplitBy(Read(stem.string() + ".inp"), "\n__ggml_vocab_test__\n");
  const auto lines = SplitBy(Read(stem.string() + ".out"), "\n");
  ASSERT_GE(texts.size(), 40u);
  // The input ends with a separator, or with the line end of the last text.
  size_t num_checked = 0;
  for (size_t i = 0; i < texts.size() && i < lines.size(); ++i) {
    if (i + 1 == texts.size() && texts[i].empty()) break;
    EXPECT_EQ(tokenizer.Encode(texts[i]), Ids(lines[i]))
        << stem << " text " << i << ": " << texts[i];
    // WordPiece loses case and white space.
    if (tokenizer.data().model != TokenizerModel::kWordPiece) {
      EXPECT_EQ(tokenizer.Decode(Ids(lines[i])), texts[i]);
    }
    ++num_checked;
  }
  EXPECT_GE(num_checked, 40u);
}

// Every vocabulary of the folder that has vectors.
TEST(TokenizerVectors, GgufVocabularies) {
  const auto folder = Tokenizers() / "ggml-vocab";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  size_t num_checked = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".inp") continue;
    std::filesystem::path stem = entry.path();
    stem.replace_extension();
    SCOPED_TRACE(stem.string());
    const std::string content =
        Read(std::filesystem::exists(stem) ? stem : std::filesystem::path(stem.string() + ".zst"));
    const GgufFile file({reinterpret_cast<const uint8_t*>(content.data()), content.size()},
                        stem.filename().string());
    const TokenizerData data = ReadGgufTokenizer(file);
    CheckVocabularyVectors(Tokenizer(data), stem);
    // The same through tokenizer.json.
    const TokenizerData back = ParseHfTokenizer(ToHfTokenizer(data), "tokenizer.json");
    EXPECT_EQ(back.tokens, data.tokens);
    EXPECT_EQ(back.pre_tokenizer, data.pre_tokenizer);
    if (!data.merges.empty()) {
      EXPECT_EQ(back.merges, data.merges);
    }
    CheckVocabularyVectors(Tokenizer(back), stem);
    ++num_checked;
  }
  EXPECT_GE(num_checked, 8u);
}

TEST(TokenizerVectors, HuggingFaceGpt2) {
  const auto file = Tokenizers() / "gpt2" / "tokenizer.json";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "no " << file;
  const TokenizerData data = ParseHfTokenizer(Read(file), file.string());
  EXPECT_EQ(data.pre_tokenizer, "gpt-2");
  EXPECT_EQ(data.tokens.size(), 50257u);
  EXPECT_EQ(data.eos_id, 50256);
  CheckVocabularyVectors(Tokenizer(data), Tokenizers() / "ggml-vocab" / "ggml-vocab-gpt-2.gguf");
}

// GPT-NeoX: control tokens at the start, runs of spaces as added tokens at the end.
TEST(TokenizerVectors, HuggingFacePythia) {
  const auto file = Tokenizers() / "pythia" / "20B_tokenizer.json.zst";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "no " << file;
  const TokenizerData data = ParseHfTokenizer(Read(file), file.string());
  const Tokenizer tokenizer(data);
  EXPECT_EQ(tokenizer.vocab_size(), 50277);
  EXPECT_EQ(tokenizer.eos_id(), 0);
  EXPECT_EQ(tokenizer.Encode("    x").front(), 50274);
  const TokenizerData back = ParseHfTokenizer(ToHfTokenizer(data), "tokenizer.json");
  EXPECT_EQ(Tokenizer(back).Hash(), tokenizer.Hash());
}

TEST(TokenizerVectors, Llama3) {
  const auto folder = Tokenizers() / "llama3.2";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  // The two files of the older form, as a tokenizer.json.
  nlohmann::json merges = nlohmann::json::array();
  for (const std::string& line : SplitBy(Read(folder / "vocab.bpe.zst"), "\n")) {
    if (!line.empty() && !line.starts_with("#version")) merges.push_back(line);
  }
  const nlohmann::json json = {
      {"added_tokens", nlohmann::json::array()},
      {"pre_tokenizer",
       {{"type", "Sequence"},
        {"pretokenizers",
         {{{"type", "Split"},
           {"pattern",
            {{"Regex",
              R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"}}},
           {"behavior", "Isolated"},
           {"invert", false}},
          {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}}},
      {"model",
       {{"type", "BPE"},
        {"ignore_merges", true},
        {"vocab", nlohmann::json::parse(Read(folder / "encoder.json.zst"))},
        {"merges", merges}}}};
  const TokenizerData data = ParseHfTokenizer(json.dump(), "llama3");
  EXPECT_EQ(data.pre_tokenizer, "llama-bpe");
  CheckVocabularyVectors(Tokenizer(data), folder / "llama-bpe.gguf");
}

std::string FromBase64(const std::string& text) {
  std::string bytes;
  uint32_t bits = 0;
  int num_bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    const std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bits = (bits << 6) | static_cast<uint32_t>(alphabet.find(c));
    num_bits += 6;
    if (num_bits >= 8) bytes += static_cast<char>(bits >> (num_bits -= 8));
  }
  return bytes;
}

// tiktoken's files have ranks of tokens and no merges: the merge of a token is the last one that
// the tokens before it leave.
TokenizerData ReadTiktoken(const std::filesystem::path& path, const std::string& pre_tokenizer) {
  TokenizerData data;
  data.model = TokenizerModel::kBpe;
  data.pre_tokenizer = pre_tokenizer;
  std::unordered_map<std::string, int32_t> ranks;
  for (const std::string& line : SplitBy(Read(path), "\n")) {
    if (line.empty()) continue;
    data.tokens.push_back(FromBase64(line.substr(0, line.find(' '))));
    const auto rank = static_cast<int32_t>(ranks.size());
    EXPECT_EQ(std::stoi(line.substr(line.find(' '))), rank);
    ranks.emplace(data.tokens.back(), rank);
    std::vector<std::string> parts;
    for (const char c : data.tokens.back()) parts.emplace_back(1, c);
    while (parts.size() > 2) {
      size_t best = 0;
      int32_t best_rank = rank;
      for (size_t i = 0; i + 1 < parts.size(); ++i) {
        const auto it = ranks.find(parts[i] + parts[i + 1]);
        if (it != ranks.end() && it->second < best_rank) {
          best = i;
          best_rank = it->second;
        }
      }
      if (best_rank == rank) break;
      parts[best] += parts[best + 1];
      parts.erase(parts.begin() + static_cast<ptrdiff_t>(best) + 1);
    }
    if (parts.size() == 2) data.merges.emplace_back(ranks.at(parts[0]), ranks.at(parts[1]));
  }
  data.types.assign(data.tokens.size(), TokenType::kNormal);
  return data;
}

TEST(TokenizerVectors, Tiktoken) {
  const auto folder = Tokenizers() / "tiktoken";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  const std::string plans = Read(folder / "TestPlans.txt");
  struct Case {
    const char* encoding;
    const char* file;
    const char* pre_tokenizer;
    size_t num_samples;
  };
  for (const Case& c : {Case{"cl100k_base", "cl100k_base.tiktoken", "dbrx", 64},
                        Case{"o200k_base", "o200k_base.tiktoken", "gpt-4o", 57}}) {
    const Tokenizer tokenizer(ReadTiktoken(folder / c.file, c.pre_tokenizer));
    size_t num_samples = 0;
    for (const std::string& block : SplitBy(plans, "EncodingName: ")) {
      if (!block.starts_with(c.encoding)) continue;
      const size_t sample = block.find("\nSample: ");
      const size_t encoded = block.find("\nEncoded: ");
      ASSERT_NE(encoded, std::string::npos);
      const std::string text = block.substr(sample + 9, encoded - sample - 9);
      EXPECT_EQ(tokenizer.Encode(text), Ids(block.substr(encoded + 10)))
          << c.encoding << ": " << text;
      ++num_samples;
    }
    EXPECT_EQ(num_samples, c.num_samples);
  }
}

}  // namespace
}  // namespace cambium
