// SPDX-License-Identifier: Apache-2.0
// `cambium train` as a user meets it: what contradicts a run, what is left behind, what is said.
#include <gtest/gtest.h>

#include "base/json.h"
#include "cli/program_fixture.h"
#include "cli/train_sample.h"

namespace cambium {
namespace {

constexpr const char* kShape = "--preset nano --tokenizer byte --rows 4 --row-tokens 32 --steps 4";

class TrainCommandTest : public ProgramFixture {
 protected:
  TrainCommandTest() {
    std::string text;
    for (int i = 0; i < 60; ++i) {
      text += fmt::format("Leaf {} fell on stone {}.\n<|endoftext|>\n", i * 37 % 101, i * 11 % 17);
    }
    WriteFileAtomically(folder_ / "text.txt", text);
  }

  ProgramResult Train(const std::string& options, const std::string& shape = kShape) {
    return Run("train --data text.txt --ledger runs.sqlite " + shape + " " + options);
  }
  void ExpectError(const std::string& arguments, int exit_code, const std::string& message) {
    const ProgramResult result = Run(arguments);
    EXPECT_EQ(result.exit_code, exit_code) << arguments << "\n" << result.err;
    EXPECT_TRUE(result.err.starts_with("cambium: error: ")) << arguments << "\n" << result.err;
    EXPECT_NE(result.err.find(message), std::string::npos) << arguments << "\n" << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
};

TEST_F(TrainCommandTest, OptionsThatContradictARunAreRefused) {
  ASSERT_EQ(Train("--out run --quiet").exit_code, 0);
  ASSERT_EQ(Run("tokenizer train --data text.txt --vocab-size 260 --out other.json").exit_code, 0);
  const struct {
    const char* option;
    const char* recorded;
  } kWrong[] = {{"--steps 5", "has 4,"},          {"--seed 2", "has 1,"},
                {"--preset tiny", "nano"},        {"--dtype f32", "bf16"},
                {"--vocab-size 300", "has 257"},  {"--rows 8", "has 4"},
                {"--row-tokens 64", "has 32"},    {"--lr 0.5", "has 0.00"},
                {"--val-fraction 0.2", "0.1"},    {"--batch-mode stream", "has auto"},
                {"--optimizer adamw", "muon"},    {"--schedule cosine", "wsd"},
                {"--tokens 1M", "has 512 tokens"}};
  for (const auto& [option, recorded] : kWrong) {
    for (const char* base : {"--out run --resume", "--out new --config run/config.toml"}) {
      const std::string command = fmt::format("train --data text.txt {} {}", base, option);
      ExpectError(command, 2, option);
      ExpectError(command, 2, recorded);
    }
  }
  ExpectError("train --data text.txt --out run --resume --budget 10m", 2, "4 steps of 128 tokens");
  ExpectError("train --data text.txt --out run --resume --tokenizer other.json", 2, "other.json");
  ExpectError("train --data text.txt --out run", 2, "--resume");
  Shell("sed 's/seed = 1/seed = 2/' run/config.toml > other.toml");
  ExpectError("train --data text.txt --out run --resume --config other.toml", 2, "other.toml");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "new"));

  // What agrees is welcome, and so is what decides no bits.
  EXPECT_EQ(Train("--out run --resume --dtype bf16 --seed 1 --threads 1 --quiet").exit_code, 0);
  const char* tokens = "--preset nano --tokenizer byte --rows 4 --row-tokens 32 --tokens 600";
  ASSERT_EQ(Train("--out tokens --quiet", tokens).exit_code, 0);
  EXPECT_EQ(Train("--out tokens --resume --quiet", tokens).exit_code, 0);
  EXPECT_EQ(Train("--out again --config run/config.toml --quiet").exit_code, 0);
  const auto fingerprint = [this](const char* path) {
    return Run(fmt::format("fingerprint {}", path)).out.substr(0, 64);
  };
  EXPECT_EQ(fingerprint("again"), fingerprint("run"));
}

// The file alone, in another folder, and the text: the same run.
TEST_F(TrainCommandTest, AConfigurationCarriesAllThatDecidesTheRun) {
  std::string text;
  for (int i = 0; i < 80; ++i)
    text += fmt::format("Stone {} is under leaf {}.\n%%\n", i, i * 7 % 31);
  WriteFileAtomically(folder_ / "cut.txt", text);
  const std::string options =
      "train --data cut.txt --ledger runs.sqlite --quiet --json --separator=%% --preset nano "
      "--rows 4 --row-tokens 32 --steps 4 --vocab-size 270 --out run";
  const ProgramResult first = Run(options);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  Shell("mkdir elsewhere; cp run/config.toml elsewhere");
  const std::string again =
      "train --ledger runs.sqlite --quiet --json --config elsewhere/config.toml ";
  // The tokenizer is trained again.
  const ProgramResult second = Run(again + "--data cut.txt --out second");
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(Json::parse(second.out)["fingerprint"], Json::parse(first.out)["fingerprint"]);
  EXPECT_EQ(ReadFile(folder_ / "second/config.toml"), ReadFile(folder_ / "run/config.toml"));

  ExpectError(again + "--data cut.txt --out third --separator=--", 2, "--separator --");
  ExpectError(again + "--data cut.txt --out third --skip-bad-lines", 2, "--skip-bad-lines");
  // On other text it would be another tokenizer: both hashes are named.
  const auto hash_of = [this](const std::string& config) {
    const std::string toml = ReadFile(folder_ / config);
    return toml.substr(toml.find("sha256 = \"") + 10, 64);
  };
  const std::string hash = hash_of("run/config.toml");
  const ProgramResult other = Run(again + "--data text.txt --out third");
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_NE(other.err.find("(SHA-256 " + hash + ")"), std::string::npos) << other.err;
  EXPECT_EQ(std::count(other.err.begin(), other.err.end(), '('), 2) << other.err;
  ASSERT_EQ(Run("tokenizer train --data text.txt --vocab-size 270 --out t.json").exit_code, 0);
  ExpectError(again + "--data cut.txt --out third --tokenizer t.json", 2, "SHA-256 " + hash);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "third"));

  // A tokenizer from a file: its path is recorded, and its content.
  const std::string from_file =
      "train --data text.txt --ledger runs.sqlite --quiet --tokenizer t.json --preset nano --rows "
      "4 "
      "--row-tokens 32 --steps 4 --out file";
  ASSERT_EQ(Run(from_file).exit_code, 0);
  Shell("cp file/config.toml elsewhere");
  EXPECT_EQ(Run(again + "--data text.txt --out fourth").exit_code, 0);
  ASSERT_EQ(Run("tokenizer train --data cut.txt --vocab-size 270 --out t.json").exit_code, 0);
  ExpectError(again + "--data text.txt --out fifth", 1, "SHA-256 " + hash_of("file/config.toml"));
}

TEST_F(TrainCommandTest, ARunIsVerifiedAsLongAsItsTokenizerIsThere) {
  ASSERT_EQ(Run("tokenizer train --data text.txt --vocab-size 270 --out t.json").exit_code, 0);
  const std::string shape = "--preset nano --rows 4 --row-tokens 32 --steps 3 --quiet --out ";
  ASSERT_EQ(Train("", shape + "from_file --tokenizer t.json").exit_code, 0);
  const std::string verify = "runs verify latest --ledger runs.sqlite --quiet";
  EXPECT_EQ(Run(verify).exit_code, 0);
  Shell("rm -r from_file");
  EXPECT_EQ(Run(verify).exit_code, 0) << "by the recorded path";
  Shell("mv t.json u.json");
  ExpectError(verify, 1, "t.json is not there");

  ASSERT_EQ(Train("", shape + "trained --vocab-size 280").exit_code, 0);
  EXPECT_EQ(Run(verify).exit_code, 0);
  Shell("rm -r trained");
  EXPECT_EQ(Run(verify).exit_code, 0) << "trained again";
}

TEST_F(TrainCommandTest, ACompleteRunIsLeftAsItIs) {
  const Json first = Json::parse(Train("--out run --json --quiet").out);
  EXPECT_EQ(first["already_finished"], false);
  const std::string before = Shell("ls -l --time-style=full-iso run").out;
  const ProgramResult text = Train("--out run --resume");
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_TRUE(text.out.starts_with("already finished: all 4 steps")) << text.out;
  Json again = Json::parse(Train("--out run --resume --json").out);
  EXPECT_EQ(again["already_finished"], true);
  again["already_finished"] = false;
  EXPECT_EQ(again, first);
  EXPECT_EQ(Shell("ls -l --time-style=full-iso run").out, before);
  // Its data is not needed, but another form of the model can still be asked for.
  EXPECT_EQ(Train("--out run --resume --hf --quiet").exit_code, 0);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run" / "hf" / "model.safetensors"));
  EXPECT_EQ(Shell("rm text.txt; cambium train --data text.txt --out run --resume").exit_code, 0);
}

TEST_F(TrainCommandTest, ValuesOutOfRangeAreSaid) {
  const char* const kWrong[] = {
      "--rows 0",          "--row-tokens 0",   "--eval-every -1", "--tokens 0",     "--tokens x",
      "--seed -1",         "--steps 0",        "--lr 0",          "--lr -1",        "--budget 1s",
      "--val-fraction -1", "--val-fraction 1", "--vocab-size 0",  "--rows 1e3",     "--dtype f16",
      "--threads -1",      "--threads 0x2",    "--schedule no",   "--optimizer sgd"};
  for (const std::string wrong : kWrong) {
    const size_t space = wrong.find(' ');
    ExpectError("train --data text.txt --out new " + wrong, 2,
                wrong.substr(0, space) + ": '" + wrong.substr(space + 1) + "' is n");
  }
  ExpectError("train --data text.txt --out new --preset huge", 2, "'huge' is not one of: nano");
  ExpectError("train --data text.txt --out new --config no.toml", 1, "no.toml");
  ExpectError("train --data text.txt --out new --config text.txt", 1, "text.txt: line 1");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "new"));
}

// Under a limit of the address space: what took the memory first would end with another error.
TEST_F(TrainCommandTest, WhatDoesNotFitTheMemoryIsRefusedBeforeItIsTaken) {
  // For a program that took the memory after all. AddressSanitizer itself takes more.
#if defined(__SANITIZE_ADDRESS__)
  constexpr const char* kLimitMemory = ":";
#else
  constexpr const char* kLimitMemory = "ulimit -v 4000000";
#endif
  ASSERT_EQ(Train("--out run --quiet").exit_code, 0);
  const struct {
    const char* change;
    int exit_code;
    const char* message;
  } kTooMuch[] = {
      {"s/^width = .*/width = 1000000/; s/^ffn_width = .*/ffn_width = 1000000/", 1,
       "of memory, and "},
      {"s/^num_layers = .*/num_layers = 4000/; s/^width = .*/width = 65536/", 1, "of memory, and "},
      {"s/^num_layers = .*/num_layers = 100000/", 2, "num_layers = 100000 must be in [1, 4096]"},
      {"s/^width = .*/width = 1000000000/", 2, "width = 1000000000 must be in"}};
  for (const auto& [change, exit_code, message] : kTooMuch) {
    const ProgramResult result =
        Shell(fmt::format("sed '{}' run/config.toml > huge.toml; {}; "
                          "cambium train --data text.txt --out new --config huge.toml --threads 1",
                          change, kLimitMemory));
    EXPECT_EQ(result.exit_code, exit_code) << change << "\n" << result.err;
    EXPECT_NE(result.err.find(message), std::string::npos) << change << "\n" << result.err;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "new")) << change;
  }
}

TEST_F(TrainCommandTest, UselessDataIsSaidFirstAndLeavesNothing) {
  Shell(
      ": > empty.txt; printf 'x' > short.txt; mkdir nothing binaries; "
      "head -c 3000 /dev/zero > zero.bin; cp zero.bin binaries; "
      "gzip -c zero.bin | head -c 20 > cut.txt.gz");
  for (const char* data :
       {"missing", "empty.txt", "short.txt", "nothing", "zero.bin", "binaries", "cut.txt.gz"}) {
    const ProgramResult result =
        Run(fmt::format("train --data {} --out deep/new --ledger runs.sqlite {}", data, kShape));
    EXPECT_EQ(result.exit_code, 1) << data << "\n" << result.err;
    EXPECT_NE(result.err.find(std::string("cambium: error: ") + data), std::string::npos)
        << result.err;
    EXPECT_EQ(result.err.find("parameters "), std::string::npos) << "the plan\n" << result.err;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "deep")) << data;
  }
  ExpectError("train --data text.txt --out text.txt/new", 1, "text.txt/new: cannot make");
}

TEST_F(TrainCommandTest, CtrlCSavesAndSaysHowToGoOn) {
  // Runs until some more steps are logged, and then is sent the signal.
  const auto interrupt = [this](const std::string& command, const char* signal = "INT") {
    return Shell(fmt::format(
        "lines() {{ cat 'my run/metrics.jsonl' 2>/dev/null | wc -l; }}; before=$(lines); "
        "{} {} & while [ $(lines) -le $before ]; do sleep 0.05; done; kill -{} $!; wait $!",
        CAMBIUM_PROGRAM, command, signal));
  };
  const std::string begin =
      "train --data text.txt --out 'my run' --separator=--- --skip-bad-lines --ledger "
      "'my runs.sqlite' ";
  const ProgramResult text = interrupt(
      begin +
      "--preset nano --tokenizer byte --steps 100000 --rows 4 --checkpoint-every 0 --quiet");
  EXPECT_EQ(text.exit_code, 130) << text.err;
  EXPECT_TRUE(text.out.starts_with("stopped after step ")) << text.out;
  const std::string go_on =
      "train --data text.txt --out 'my run' --separator=--- --skip-bad-lines --checkpoint-every 0 "
      "--ledger 'my runs.sqlite' ";
  EXPECT_TRUE(
      text.out.ends_with("To go on:\n  " + ProgramName() + " " + go_on + "--quiet --resume\n"))
      << text.out;
  const ProgramResult again = interrupt(go_on + "--quiet --resume --json");
  EXPECT_EQ(again.exit_code, 130) << again.err;
  const Json json = Json::parse(again.out);
  EXPECT_EQ(json["interrupted"], true);
  EXPECT_EQ(json["finished"], false);
  EXPECT_GT(json["step"], 0);
  EXPECT_EQ(json["steps"], 100000);
  EXPECT_EQ(json["command_to_go_on"], ProgramName() + " " + go_on + "--json --quiet --resume");
  // What service managers send is no different.
  const ProgramResult terminated = interrupt(go_on + "--quiet --resume --json", "TERM");
  EXPECT_EQ(terminated.exit_code, 130) << terminated.err;
  EXPECT_GT(Json::parse(terminated.out)["step"], json["step"]);
}

TEST_F(TrainCommandTest, TwoProcessesDoNotShareAFolder) {
  // Enough for the shell to stop the first process in the middle.
#if defined(__SANITIZE_ADDRESS__)
  constexpr int kSteps = 40;
#else
  constexpr int kSteps = 400;
#endif
  const std::string shape = fmt::format(
      "train --data text.txt --ledger runs.sqlite --preset nano --tokenizer byte --rows 4 "
      "--steps {} --checkpoint-every 0 --quiet --no-samples --out ",
      kSteps);
  // A second one while the first is at work, which is then killed.
  const ProgramResult second = Shell(
      fmt::format("{} {} & while ! test -s run/metrics.jsonl; do sleep 0.01; done; kill -STOP $!; "
                  "cambium {} --resume; code=$?; kill -KILL $!; wait $! 2>/dev/null; exit $code",
                  CAMBIUM_PROGRAM, shape + "run", shape + "run"));
  EXPECT_EQ(second.exit_code, 1) << second.err;
  EXPECT_NE(second.err.find("error: run: another process, number "), std::string::npos)
      << second.err;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run/.lock"));
  // Neither the lock of a killed process nor that of one that ended is in the way. The killed run
  // had no checkpoint: its configuration is what it starts again with.
  ExpectError("train --data text.txt --out run --resume --steps 5", 2,
              fmt::format("has {}", kSteps));
  const ProgramResult resumed = Run("train --data text.txt --out run --resume --no-samples --json");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("no checkpoint yet"), std::string::npos) << resumed.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/.lock"));
  const ProgramResult whole = Run(shape + "whole --json");
  EXPECT_EQ(Json::parse(resumed.out)["fingerprint"], Json::parse(whole.out)["fingerprint"]);
}

TEST_F(TrainCommandTest, AConfigurationBelongsToItsText) {
  ASSERT_EQ(Train("--out run --quiet").exit_code, 0);
  Shell("sed '$ a More.' text.txt > other.txt");
  ExpectError("train --data other.txt --out new --config run/config.toml --quiet", 2, "[data]");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "new/model.gguf"));
  Shell("sed '/^.data.$/,/^sha256/d' run/config.toml > free.toml");
  EXPECT_EQ(Run("train --data other.txt --out new --config free.toml --quiet").exit_code, 0);
}

TEST_F(TrainCommandTest, SamplesChangeNothing) {
  const ProgramResult with = Train("--out with --eval-every 2 --json --threads 2");
  ASSERT_EQ(with.exit_code, 0) << with.err;
  const size_t sample = with.err.find("  sample: ");
  ASSERT_NE(sample, std::string::npos) << with.err;
  EXPECT_NE(with.err.find("  sample: ", sample + 1), std::string::npos) << with.err;
  const ProgramResult without = Train("--out without --eval-every 2 --no-samples --json");
  EXPECT_EQ(without.err.find("sample"), std::string::npos) << without.err;
  EXPECT_EQ(Json::parse(with.out)["fingerprint"], Json::parse(without.out)["fingerprint"]);

  // Only the validation at the end.
  const ProgramResult last = Train("--out last --eval-every 0 --json");
  EXPECT_EQ(last.err.find("step      2  validation"), std::string::npos) << last.err;
  EXPECT_NE(last.err.find("step      4  validation"), std::string::npos) << last.err;
}

TEST(TrainSampleTest, OneLineHoldsNoControlCharacters) {
  EXPECT_EQ(OneLine("a\nb\x1b[2J\x7f é \xc2\x9b!"), "a\\nb?[2J? é ?!");
}

TEST_F(TrainCommandTest, SaysWhatItSkippedAndRepaired) {
  std::filesystem::create_directories(folder_ / "data");
  WriteFileAtomically(folder_ / "data" / "text.txt",
                      ReadFile(folder_ / "text.txt") + "bad \xff byte.\n");
  WriteFileAtomically(folder_ / "data" / "image.bin", std::string("\0\1\2\0", 4) + "x");
  const ProgramResult result =
      Run("train --data data --ledger runs.sqlite --out run " + std::string(kShape));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("1 binary"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("1 invalid UTF-8"), std::string::npos) << result.err;
}

TEST_F(TrainCommandTest, AModelThatWasNotWrittenIsWrittenOnResume) {
  ASSERT_EQ(Train("--out run --quiet").exit_code, 0);
  const std::string model = ReadFile(folder_ / "run" / "model.gguf");
  std::filesystem::remove(folder_ / "run" / "model.gguf");
  EXPECT_EQ(Train("--out run --resume --quiet").exit_code, 0);
  EXPECT_EQ(ReadFile(folder_ / "run" / "model.gguf"), model);
}

TEST_F(TrainCommandTest, ValidationSaysHowMuchItSaw) {
  const ProgramResult result = Train("--out run --eval-every 2 --val-fraction 0.3 --json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_GT(json["validation_rows"], 0);
  EXPECT_EQ(json["validation_rows"], json["validation_rows_total"]);
  EXPECT_NE(
      result.err.find(fmt::format(", all {} rows)", json["validation_rows_total"].get<int>())),
      std::string::npos)
      << result.err;
  const std::string metrics = ReadFile(folder_ / "run" / "metrics.jsonl");
  EXPECT_NE(metrics.find("\"validation_rows_total\":"), std::string::npos) << metrics;
}

TEST_F(TrainCommandTest, ABrokenCheckpointIsExplained) {
  ASSERT_EQ(Train("--out run --quiet").exit_code, 0);
  Shell("for f in run/checkpoint*.ckpt; do truncate -s 100 $f; done");
  ExpectError("train --data text.txt --out run --resume", 1, "delete it and checkpoint.prev.ckpt");
  Shell("rm -f run/checkpoint.ckpt run/checkpoint.prev.ckpt");
  EXPECT_EQ(Train("--out run --quiet").exit_code, 0) << "what the message says to do";
}

TEST_F(TrainCommandTest, QuickstartKeepsToItsOwnFolder) {
  std::filesystem::create_directories(folder_ / "mine" / "model");
  WriteFileAtomically(folder_ / "mine" / "model" / "thesis.txt", "precious");
  ExpectError("quickstart --steps 1 --out mine --quiet --ledger runs.sqlite", 2, "is not empty");
  EXPECT_EQ(ReadFile(folder_ / "mine" / "model" / "thesis.txt"), "precious");
}

// Also with --quiet: who has no record must hear of it.
TEST_F(TrainCommandTest, ALostRecordIsAWarning) {
  const auto train = [this](const char* out, const char* ledger) {
    return Run(fmt::format("train --data text.txt --json --quiet {} --out {} --ledger {}", kShape,
                           out, ledger));
  };
  const ProgramResult kept = train("kept", "runs.sqlite");
  EXPECT_EQ(kept.err, "");
  EXPECT_EQ(Json::parse(kept.out)["recorded"], true) << kept.out;
  const ProgramResult lost = train("lost", "nowhere/runs.sqlite");
  EXPECT_EQ(lost.exit_code, 0);
  EXPECT_TRUE(lost.err.starts_with("warning: this run is not recorded: ")) << lost.err;
  EXPECT_EQ(Json::parse(lost.out)["recorded"], false) << lost.out;
  EXPECT_EQ(Json::parse(train("lost", "runs.sqlite --resume").out)["recorded"], false);
}

TEST_F(TrainCommandTest, HelpListsThePresetsAndBracketsDefaultsOnce) {
  const std::string help = Run("train --help").out;
  for (const char* line : {"tiny: ", "4 layers of width 128, 4 heads", "Default: [small]"}) {
    EXPECT_NE(help.find(line), std::string::npos) << help;
  }
  for (const char* command : {"bench generate", "tokenizer train"}) {
    const std::string text = Run(std::string(command) + " --help").out;
    EXPECT_EQ(text.find("[["), std::string::npos) << text;
    EXPECT_NE(text.find(" ["), std::string::npos) << text;
  }
}

TEST(CutSampleTest, KeepsToTheWidth) {
  EXPECT_EQ(CutSample("  sample: a|é", 13), "  sample: a|é");
  EXPECT_EQ(CutSample("  sample: a|éb", 13), "  sample: a|…");
}

}  // namespace
}  // namespace cambium
