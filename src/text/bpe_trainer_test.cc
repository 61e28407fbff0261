// SPDX-License-Identifier: Apache-2.0
#include "text/bpe_trainer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "text/byte_unicode.h"
#include "text/pre_tokenizer.h"
#include "text/random_text_test_util.h"
#include "text/tokenizer.h"

namespace cambium {
namespace {

TextSource FromTexts(const std::vector<std::string>& texts) {
  return [&texts, i = size_t{0}](std::string* text) mutable {
    if (i == texts.size()) return false;
    *text = texts[i++];
    return true;
  };
}

TokenizerData Train(const BpeTrainerOptions& options, const std::vector<std::string>& texts,
                    size_t num_threads = 1) {
  ThreadPool pool(num_threads, /*pin=*/false);
  return TrainBpe(options, FromTexts(texts), pool);
}

using Merges = std::vector<std::pair<std::string, std::string>>;

Merges MergesOf(const TokenizerData& data) {
  Merges merges;
  for (const auto& [left, right] : data.merges) {
    merges.emplace_back(data.tokens[left], data.tokens[right]);
  }
  return merges;
}

// The definition, read off the header: count every pair anew before every merge.
Merges TrainSlowly(const std::vector<std::string>& texts, size_t num_merges, uint64_t min_count) {
  const PreTokenizer pre("qwen2");
  std::map<std::string, uint64_t> words;
  for (const std::string& text : texts) {
    pre.ForEachPiece(text, [&](std::string_view piece) { ++words[std::string(piece)]; });
  }
  std::vector<std::pair<std::vector<std::string>, uint64_t>> split;
  for (const auto& [word, count] : words) {
    split.push_back({{}, count});
    for (const char c : word) split.back().first.emplace_back(1, c);
  }
  Merges merges;
  while (merges.size() < num_merges) {
    std::map<std::pair<std::string, std::string>, uint64_t> pairs;
    for (const auto& [tokens, count] : split) {
      for (size_t i = 0; i + 1 < tokens.size(); ++i) pairs[{tokens[i], tokens[i + 1]}] += count;
    }
    std::pair<std::string, std::string> best;
    uint64_t best_count = 0;
    for (const auto& [pair, count] : pairs) {  // ascending, so the last of equals is the greatest
      if (count >= best_count) {
        best = pair;
        best_count = count;
      }
    }
    if (best_count < min_count) break;
    merges.push_back(best);
    for (auto& [tokens, count] : split) {
      std::vector<std::string> joined;
      for (size_t i = 0; i < tokens.size(); ++i) {
        if (i + 1 < tokens.size() && tokens[i] == best.first && tokens[i + 1] == best.second) {
          joined.push_back(tokens[i] + tokens[i + 1]);
          ++i;
        } else {
          joined.push_back(tokens[i]);
        }
      }
      tokens = std::move(joined);
    }
  }
  return merges;
}

TEST(BpeTrainer, TiesGoToTheGreaterPair) {
  // "ab", "cd", "\xc3\xa9" twice each: the unsigned greatest left byte is first, then the right
  // one.
  EXPECT_EQ(MergesOf(Train({.vocab_size = 260}, {"ab cd\xc3\xa9 ab cd\xc3\xa9"})).front(),
            (std::pair<std::string, std::string>{"\xc3", "\xa9"}));
  EXPECT_EQ(MergesOf(Train({.vocab_size = 258}, {"ab", "ac", "ab", "ac"})), (Merges{{"a", "c"}}));
}

TEST(BpeTrainer, OverlappingPairsAreJoinedFromTheLeft) {
  const TokenizerData data = Train({.vocab_size = 259}, {"aaaaa", "aaaaa"});
  EXPECT_EQ(MergesOf(data), (Merges{{"a", "a"}, {"aa", "aa"}}));
}

TEST(BpeTrainer, EqualsTheDefinitionOnRandomTexts) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    std::vector<std::string> texts;
    for (uint64_t i = 0; i < 20; ++i) {
      std::string text = RandomText(WideFragments(), seed * 100 + i, 60);
      if (seed % 2 == 0) {
        for (char& c : text) c = static_cast<char>("aab "[static_cast<uint8_t>(c) % 4]);
      }
      texts.push_back(text);
    }
    const TokenizerData data = Train({.vocab_size = 256 + 1 + 60}, texts);
    ASSERT_EQ(MergesOf(data), TrainSlowly(texts, data.merges.size(), 2)) << seed;
    if (data.tokens.size() < 256 + 1 + 60) {  // ended for lack of pairs
      ASSERT_EQ(TrainSlowly(texts, 100, 2).size(), data.merges.size()) << seed;
    }
    const Tokenizer tokenizer(data);
    for (const std::string& text : texts) {
      ASSERT_EQ(tokenizer.Decode(tokenizer.Encode(text)), text);
    }
  }
}

TEST(BpeTrainer, ResultDoesNotDependOnThreadsOrCutting) {
  std::vector<std::string> texts;
  std::string giant;  // longer than one task
  for (uint64_t i = 0; i < 3000; ++i) {
    texts.push_back(RandomText(WideFragments(), i, 80));
    giant += texts.back() + " word and";
  }
  texts.push_back(giant + giant + giant);
  ASSERT_GT(texts.back().size(), size_t{600} << 10);
  const BpeTrainerOptions options = {.vocab_size = 700};
  const TokenizerData one = Train(options, texts, 1);
  const Sha256Digest hash = Tokenizer(one).Hash();
  for (const size_t num_threads : {2, 3, 8}) {
    EXPECT_EQ(Tokenizer(Train(options, texts, num_threads)).Hash(), hash) << num_threads;
  }
}

TEST(BpeTrainer, LayoutAndLimits) {
  const BpeTrainerOptions options = {.vocab_size = 260,
                                     .special_tokens = {"<|endoftext|>", "<|user|>"}};
  const TokenizerData data = Train(options, {"the the the then"});
  ASSERT_EQ(data.tokens.size(), 260u);
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(data.tokens[byte], std::string(1, static_cast<char>(byte)));
  }
  EXPECT_EQ(data.eos_id, 258);
  EXPECT_EQ(data.tokens[259], "<|user|>");
  EXPECT_EQ(data.types[259], TokenType::kControl);
  // Too little text for the vocabulary, and none at all.
  EXPECT_LT(Train({.vocab_size = 1000}, {"the the"}).tokens.size(), 300u);
  EXPECT_EQ(Train({.vocab_size = 1000}, {}).tokens.size(), 257u);
  EXPECT_EQ(Train({.vocab_size = 1000}, {"", "a"}).tokens.size(), 257u);
  // min_count.
  EXPECT_EQ(MergesOf(Train({.vocab_size = 300, .min_count = 3}, {"ab", "ab", "ab", "cd", "cd"})),
            (Merges{{"a", "b"}}));
}

TEST(BpeTrainer, TextNeverMakesATokenOfASpecialName) {
  const std::string name = "aabb";  // one piece, unlike <|...|>
  std::vector<std::string> texts(50, name + name + " " + name);
  const TokenizerData data = Train({.vocab_size = 280, .special_tokens = {name}}, texts);
  EXPECT_EQ(std::count(data.tokens.begin(), data.tokens.end(), name), 1);
  const Tokenizer tokenizer(data);
  const std::string text = name + " " + name + name;
  for (const int32_t id : tokenizer.Encode(text)) {
    EXPECT_NE(tokenizer.Type(id), TokenType::kControl);
  }
}

TEST(BpeTrainer, RefusesWhatCannotBeMet) {
  const std::vector<BpeTrainerOptions> bad = {
      {.vocab_size = 256},
      {.vocab_size = -5},
      {.vocab_size = 300, .special_tokens = {"a"}},
      {.vocab_size = 300, .special_tokens = {"<a b>"}},
      {.vocab_size = 300, .special_tokens = {"<a>", "<a>"}},
  };
  for (const BpeTrainerOptions& options : bad) {
    try {
      (void)Train(options, {"text"});
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << error.what();
    }
  }
}

// stanford-cs336/assignment1-basics: byte-level BPE, GPT-2's pattern, 500 tokens with one special.
TEST(BpeTrainer, ReferenceMergesInOrder) {
  const char* shared = std::getenv("CAMBIUM_SHARED");
  const auto folder =
      (shared != nullptr ? std::filesystem::path(shared)
                         : std::filesystem::path(CAMBIUM_SOURCE_DIR) / "../shared") /
      "data/tokenizers/bpe-training";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
  const TokenizerData data =
      Train({.pre_tokenizer = "gpt-2", .vocab_size = 500}, {ReadFile(folder / "corpus.en")});
  std::string merges;
  for (const auto& [left, right] : MergesOf(data)) {
    merges += BytesToPrintable(left) + " " + BytesToPrintable(right) + "\n";
  }
  EXPECT_EQ(merges, ReadFile(folder / "train-bpe-reference-merges.txt"));
}

}  // namespace
}  // namespace cambium
