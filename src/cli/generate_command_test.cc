// SPDX-License-Identifier: Apache-2.0
// `cambium generate` as a user meets it, on a small random model.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "cli/nano_model_test_util.h"
#include "cli/program_fixture.h"

namespace cambium {
namespace {

class GenerateCommandTest : public ProgramFixture {
 protected:
  GenerateCommandTest() { WriteNanoModel(folder_ / "model.gguf"); }

  // arguments come behind `cambium generate --model model.gguf`.
  ProgramResult Run(const std::string& arguments) {
    return ProgramFixture::Run("generate --model model.gguf " + arguments);
  }
  Json RunJson(const std::string& arguments) {
    const ProgramResult result = Run(arguments + " --json");
    EXPECT_EQ(result.exit_code, 0) << arguments << "\n" << result.err;
    return Json::parse(result.out);
  }
};

TEST_F(GenerateCommandTest, TheSameSeedGivesTheSameText) {
  const std::string prompt = "--prompt 'Once upon a time' --max-tokens 20 --ignore-eos";
  const Json json = RunJson(prompt + " --seed 5");
  EXPECT_EQ(json["seed"], 5);
  EXPECT_EQ(json["compute"], "bf16");
  EXPECT_EQ(json["tokens"].size(), 20u);
  EXPECT_EQ(json["prompt_tokens"], 16);
  EXPECT_EQ(json["finish_reason"], "length");
  EXPECT_GT(json["timings"]["decode_tokens_per_second"], 0);

  const ProgramResult streamed = Run(prompt + " --seed 5");
  EXPECT_EQ(streamed.exit_code, 0) << streamed.err;
  EXPECT_EQ(streamed.out, json["text"].get<std::string>() + "\n");
  EXPECT_NE(streamed.err.find("20 tokens"), std::string::npos) << streamed.err;

  for (const char* same : {" --seed 5 --threads 3", " --seed 5 --prefill-chunk 3"}) {
    EXPECT_EQ(RunJson(prompt + same)["continuations"], json["continuations"]) << same;
  }
  EXPECT_NE(RunJson(prompt + " --seed 6")["tokens"], json["tokens"]);
}

TEST_F(GenerateCommandTest, ABatchIsItsTextsOneByOne) {
  WriteFileAtomically(folder_ / "prompt.txt", "The end.\n\nA new story");
  const std::string prompt = "--prompt-file prompt.txt --max-tokens 12 --top-p 0.9";
  const Json batch = RunJson(prompt + " --num 3");
  ASSERT_EQ(batch["continuations"].size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(RunJson(fmt::format("{} --sequence {}", prompt, i))["continuations"][0],
              batch["continuations"][i]);
  }
  const ProgramResult text = Run(prompt + " --num 3");
  EXPECT_NE(text.out.find("--- 2 "), std::string::npos) << text.out;
}

// Part of the compute type: it decides bits, and nothing else may.
TEST_F(GenerateCommandTest, HoldsKeysAsTold) {
  const std::string prompt =
      "--prompt 'Once upon a time' --max-tokens 12 --ignore-eos --seed 5 --fingerprint";
  const auto fingerprint = [](const Json& json) { return json["continuations"][0]["fingerprint"]; };
  const Json plain = RunJson(prompt);
  EXPECT_EQ(plain["kv_type"], "bf16");
  for (const char* same : {"bf16", "f32"}) {  // computed in bf16, nothing wider is there to hold
    const Json json = RunJson(fmt::format("{} --kv-type {}", prompt, same));
    EXPECT_EQ(json["kv_type"], same);
    EXPECT_EQ(fingerprint(json), fingerprint(plain)) << same;
  }
  const Json held = RunJson(prompt + " --kv-type q8_0");
  EXPECT_EQ(held["kv_type"], "q8_0");
  EXPECT_NE(fingerprint(held), fingerprint(plain));
  for (const char* same : {"--threads 3", "--prefill-chunk 3", "--speculate ngram"}) {
    EXPECT_EQ(fingerprint(RunJson(fmt::format("{} --kv-type q8_0 {}", prompt, same))),
              fingerprint(held))
        << same;
  }
}

TEST_F(GenerateCommandTest, TakesEverySampler) {
  const std::string prompt = "--prompt 'Once upon' --max-tokens 12 --ignore-eos --seed 4";
  const Json plain = RunJson(prompt);
  EXPECT_EQ(plain["sampling"]["temperature"], 0.8);
  EXPECT_EQ(plain["sampling"]["dry_last_n"], Json());
  for (const char* option :
       {"--top-k 2", "--top-p 0.05", "--min-p 0.9", "--typical-p 0.1", "--top-n-sigma 0.2",
        "--xtc-probability 1 --xtc-threshold 0.001", "--temperature 0", "--temperature 3",
        "--dynatemp-range 0.7 --dynatemp-exponent 30", "--repeat-penalty 5 --temperature 0.1",
        "--frequency-penalty 50", "--presence-penalty -50", "--mirostat --mirostat-tau 0.5",
        "--logit-bias 65=99"}) {
    EXPECT_NE(RunJson(fmt::format("{} {}", prompt, option))["tokens"], plain["tokens"]) << option;
  }
  const Json biased = RunJson(prompt + " --logit-bias 65=-inf --logit-bias 66=99");
  EXPECT_EQ(biased["text"], "BBBBBBBBBBBB");
  EXPECT_EQ(biased["sampling"]["logit_bias"], Json({{"65", "-inf"}, {"66", 99.0}}));
  const std::string dry = prompt + " --logit-bias 66=20 --logit-bias 67=9 --dry-multiplier 1";
  const std::string text = RunJson(dry)["text"];
  EXPECT_NE(text.find("BBB"), std::string::npos) << text;
  EXPECT_NE(text.find('C'), std::string::npos) << text;
  EXPECT_EQ(RunJson(dry + " --dry-breaker B")["text"], "BBBBBBBBBBBB");
}

TEST_F(GenerateCommandTest, SaysWhatIsWrong) {
  for (const char* wrong : {"",
                            "--prompt a --prompt-file b",
                            "--prompt a --max-tokens 0",
                            "--prompt a --num 0",
                            "--prompt a --temperature -1",
                            "--prompt a --top-p 2",
                            "--prompt a --compute f16",
                            "--prompt a --kv-type q4_0",
                            "--prompt ''",
                            "--prompt a --top-k -3",
                            "--prompt a --seed -1",
                            "--prompt a --stop ''",
                            "--prompt a --max-tokens 1000",
                            "--prompt a --typical-p 0",
                            "--prompt a --xtc-threshold 2",
                            "--prompt a --dry-base 0.5",
                            "--prompt a --dry-breaker longer-than-a-byte",
                            "--prompt a --logit-bias 5",
                            "--prompt a --logit-bias 5=x",
                            "--prompt a --logit-bias 900=1",
                            "--prompt a --logit-bias 5=1 --logit-bias 5=2",
                            "--prompt a --mirostat-eta -1"}) {
    const ProgramResult result = Run(wrong);
    EXPECT_EQ(result.exit_code, 2) << wrong << "\n" << result.out;
    EXPECT_TRUE(result.err.starts_with("cambium: error: ")) << wrong << "\n" << result.err;
  }
  EXPECT_NE(Run("--prompt a --max-tokens 0")
                .err.find("--max-tokens: '0' is not a whole number of at least 1;"),
            std::string::npos);
  WriteFileAtomically(folder_ / "empty.txt", "");
  const ProgramResult empty = Run("--prompt-file empty.txt --max-tokens 1");
  EXPECT_NE(empty.err.find("note: empty.txt is empty"), std::string::npos) << empty.err;
  const ProgramResult missing = Run("--prompt-file nowhere.txt");
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_NE(missing.err.find("nowhere.txt"), std::string::npos) << missing.err;
}

TEST_F(GenerateCommandTest, SaysWhatItTakesOfMemory) {
  const std::string prompt = "--prompt abc --max-tokens 6 --num 3";
  const Json memory = RunJson(prompt)["memory"];
  EXPECT_EQ(memory["sequences"], 3);
  EXPECT_EQ(memory["positions"], 8);
  // 2 layers, 2 heads of 32, keys and values in bf16, and 16 positions at least.
  EXPECT_EQ(memory["kv_cache"], 3 * 2 * 2 * 32 * 2 * 2 * 16);
  EXPECT_GT(memory["weights"], 0);
  EXPECT_GT(memory["working"], 0);
  const ProgramResult text = Run(prompt);
  EXPECT_TRUE(text.err.starts_with("memory      ")) << text.err;
  EXPECT_NE(text.err.find("keys and values (3 x 8 positions, bf16)"), std::string::npos)
      << text.err;
  EXPECT_EQ(Run(prompt + " --quiet").err, "");
}

// One of the sequences fits, all of them do not; found out before any of them is there.
TEST_F(GenerateCommandTest, WhatDoesNotFitTheMemoryIsRefusedBeforeItIsTaken) {
#if defined(__SANITIZE_ADDRESS__) || defined(CAMBIUM_EMULATED)
  GTEST_SKIP() << "a limit of the address space has no room for AddressSanitizer's shadow memory, "
                  "nor for an emulator";
#endif
  const auto limited = [&](const std::string& arguments) {
    return Shell("ulimit -v 200000; cambium --threads 1 " + arguments);
  };
  const std::string generate = "generate --model model.gguf --prompt hi --max-tokens 500 ";
  EXPECT_EQ(limited(generate + "--num 2").exit_code, 0);
  const ProgramResult result = limited(generate + "--num 1024");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "");
  for (const char* part : {"cambium: error: the model with 1024 sequences of 501 tokens",
                           "of keys and values) needs", "(ulimit -v) leaves", "fewer sequences"}) {
    EXPECT_NE(result.err.find(part), std::string::npos) << part << "\n" << result.err;
  }
  const ProgramResult bench = limited(
      "bench generate --preset nano --vocab-size 300 --prompt-tokens 0 --steps 1 --batch 2,256 "
      "--depth 5000");
  EXPECT_EQ(bench.exit_code, 1);
  EXPECT_NE(bench.err.find("256 sequences of 5002 tokens"), std::string::npos) << bench.err;
  const ProgramResult preset =
      limited("bench generate --preset gpt2 --vocab-size 300 --steps 1 --batch 1");
  EXPECT_EQ(preset.exit_code, 1);
  EXPECT_NE(preset.err.find("the preset gpt2 in f32 needs"), std::string::npos) << preset.err;
}

}  // namespace
}  // namespace cambium
