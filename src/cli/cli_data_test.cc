// SPDX-License-Identifier: Apache-2.0
// cambium data and cambium tokenizer, as programs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"
#include "base/json.h"
#include "cli/program_fixture.h"

namespace cambium {
namespace {

using CliDataTest = ProgramFixture;

size_t NumLines(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_F(CliDataTest, TheSameOptionsGiveTheSameBytesOnAnyNumberOfThreads) {
  const std::string one = Run("data generate --records 2k --seed 7 --threads 1 --quiet").out;
  EXPECT_EQ(NumLines(one), 2000u);
  EXPECT_EQ(Run("data generate --records 2k --seed 7 --threads 3 --quiet").out, one);
  EXPECT_NE(Run("data generate --records 2k --seed 8 --quiet").out, one);
  EXPECT_NE(Run("data generate --records 2k --seed 7 --split heldout --quiet").out, one);
  // A shorter run is the beginning of a longer one.
  EXPECT_TRUE(one.starts_with(Run("data generate --records 100 --seed 7 --quiet").out));
  const Json record = Json::parse(one.substr(0, one.find('\n')));
  EXPECT_TRUE(record.contains("text") && record.contains("kind"));
}

TEST_F(CliDataTest, GeneratesKindsSizesAndFormats) {
  const std::string sums =
      Run("data generate --records 50 --kind arithmetic --kind story --quiet").out;
  size_t begin = 0;
  for (size_t end; (end = sums.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string kind = Json::parse(sums.substr(begin, end - begin))["kind"];
    EXPECT_TRUE(kind == "arithmetic" || kind == "story") << kind;
  }
  const std::string sized = Run("data generate --bytes 20k --quiet").out;
  EXPECT_LE(sized.size(), 20'000u);
  EXPECT_GT(sized.size(), 15'000u);
  EXPECT_EQ(NumLines(Run("data generate --bytes 1 --quiet").out), 1u);

  const std::string text = Run("data generate --records 3 --format text --quiet").out;
  EXPECT_TRUE(text.ends_with("\n<|endoftext|>\n")) << text;

  const ProgramResult json = Run("data generate --records 300 --out a.jsonl.zst --json");
  const Json result = Json::parse(json.out);
  EXPECT_EQ(result["records"], 300);
  EXPECT_EQ(Run("data generate --records 300 --out a.jsonl --quiet").exit_code, 0);
  EXPECT_EQ(ReadFile(folder_ / "a.jsonl").size(), result["bytes"]);
  EXPECT_LT(ReadFile(folder_ / "a.jsonl.zst").size(), result["bytes"]);
}

TEST_F(CliDataTest, WrongUsageIsSaid) {
  for (const char* arguments :
       {"data generate", "data generate --records 5 --bytes 5", "data generate --records many",
        "data generate --records 5 --kind poem", "data generate --records 5 --split test",
        "data generate --records 5 --json", "data generate --records 0", "data generate --bytes 0",
        "data generate --records 5 --seed -1"}) {
    const ProgramResult result = Run(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments << result.err;
    EXPECT_TRUE(result.err.starts_with("cambium: error: ")) << result.err;
  }
  for (const char* out : {"missing/a.jsonl", "err/a.jsonl"}) {
    const ProgramResult result = Run(fmt::format("data generate --records 5 --out {}", out));
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_TRUE(result.err.starts_with(fmt::format("cambium: error: {}: cannot create: ", out)))
        << result.err;
  }
}

TEST_F(CliDataTest, AReaderThatGoesAwayIsNoError) {
  const ProgramResult piped =
      Shell("{ cambium data generate --bytes 20M --quiet; echo $? >&2; } | head -n 1");
  EXPECT_EQ(NumLines(piped.out), 1u);
  // By the signal, or quietly where it is ignored.
  EXPECT_TRUE(piped.err == "141\n" || piped.err == "0\n") << piped.err;
  const ProgramResult ignored = Shell(
      "trap '' PIPE; { cambium data generate --bytes 20M --quiet; echo $? >&2; } | head -n 1");
  EXPECT_EQ(ignored.err, "0\n");
}

TEST_F(CliDataTest, CtrlCLeavesNothingBehind) {
  // The shell's own children ignore SIGINT in the background; timeout sends it to its child, and
  // once only in the foreground (a second one ends the program at once).
  const ProgramResult result =
      Shell("timeout --foreground --preserve-status -s INT 0.5 " CAMBIUM_PROGRAM
            " data generate --bytes 100G --out big.jsonl --quiet");
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_TRUE(result.err.starts_with("cambium: error: ")) << result.err;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("big")) << entry.path();
  }
}

TEST_F(CliDataTest, TokenizersAreTrainedAndUsed) {
  ASSERT_EQ(Run("data generate --records 500 --out a.jsonl --quiet").exit_code, 0);
  const Json trained =
      Json::parse(Run("tokenizer train --data a.jsonl --vocab-size 600 --out t.json --json").out);
  EXPECT_EQ(trained["vocab_size"], 600);
  EXPECT_EQ(trained["documents"], 500);
  const Json again = Json::parse(
      Run("tokenizer train --data a.jsonl --vocab-size 600 --out u.json --json --threads 3").out);
  EXPECT_EQ(again["hash"], trained["hash"]);
  EXPECT_EQ(ReadFile(folder_ / "u.json"), ReadFile(folder_ / "t.json"));

  // Any bytes come back, through standard input and output.
  std::string bytes = "Once upon a time <|endoftext|>";
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  WriteFileAtomically(folder_ / "in", bytes);
  for (const char* tokenizer : {"t.json", "byte"}) {
    ASSERT_EQ(Shell(fmt::format("cambium tokenizer encode --tokenizer {0} <in >ids && "
                                "cambium tokenizer decode --tokenizer {0} <ids >back",
                                tokenizer))
                  .exit_code,
              0);
    EXPECT_EQ(ReadFile(folder_ / "back"), bytes) << tokenizer;
  }
  const Json encoded =
      Json::parse(Run("tokenizer encode --tokenizer byte --json 'a<|endoftext|>'").out);
  EXPECT_EQ(encoded["num_tokens"], 14);
  EXPECT_EQ(encoded["ids"][0], 97);
  EXPECT_EQ(Run("tokenizer encode --tokenizer byte --parse-special 'a<|endoftext|>'").out,
            "97 256\n");
  EXPECT_EQ(Run("tokenizer encode --tokenizer byte --count --file in").out, "286\n");
  EXPECT_EQ(Run("tokenizer decode --tokenizer byte 79 110 99 101").out, "Once");

  EXPECT_EQ(Run("tokenizer decode --tokenizer byte 257").exit_code, 2);
  EXPECT_EQ(Run("tokenizer decode --tokenizer byte -- -1").exit_code, 2);
  for (const char* ids : {"1 x", "1 257", "-1"}) {
    const ProgramResult result =
        Shell(fmt::format("echo '{}' | cambium tokenizer decode --tokenizer byte", ids));
    EXPECT_EQ(result.exit_code, 1) << ids;
    EXPECT_NE(result.err.find("standard input: "), std::string::npos) << result.err;
  }
  EXPECT_EQ(Run("tokenizer encode --tokenizer missing.json x").exit_code, 1);
  EXPECT_EQ(Run("tokenizer encode --tokenizer in x").exit_code, 1);
}

}  // namespace
}  // namespace cambium
