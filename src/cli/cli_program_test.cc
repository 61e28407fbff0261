// SPDX-License-Identifier: Apache-2.0
// The program as a user meets it: exit codes, streams, help.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/exit_codes.h"
#include "cli/program_fixture.h"
#include "cli/text_table.h"
#include "ledger/ledger.h"

namespace cambium {
namespace {

using CliProgramTest = ProgramFixture;
using Result = ProgramResult;

TEST_F(CliProgramTest, PrintsItsVersion) {
  const Result text = Run("--version");
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_NE(text.out.find("numerics version 1"), std::string::npos) << text.out;
  const Json json = Json::parse(Run("--version --json").out);
  EXPECT_EQ(json["numerics_version"], 1);
  EXPECT_EQ(json["simd_target"], json["simd_targets"].back());

  for (const auto& target : json["simd_targets"]) {
    const std::string name = target.get<std::string>();
    EXPECT_EQ(Json::parse(Run("--isa " + name + " --version --json").out)["simd_target"], name);
  }
}

TEST_F(CliProgramTest, WrongUsageExitsWith2) {
  for (const char* arguments :
       {"", "frobnicate", "--frobnicate", "runs", "runs show", "runs list --limit",
        "runs list --limit -1", "runs list --limit x", "fingerprint", "--isa sse2 --version",
        "--threads -1 --version", "--threads 1000000 --version", "runs list extra"}) {
    const Result result = Run(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments;
    EXPECT_EQ(result.out, "") << arguments;
    EXPECT_TRUE(result.err.starts_with("cambium: error: ")) << arguments << "\n" << result.err;
    EXPECT_NE(result.err.find("--help"), std::string::npos) << arguments << "\n" << result.err;
    const Result json = Run(std::string("--json ") + arguments);
    EXPECT_EQ(json.exit_code, 2) << arguments;
    EXPECT_EQ(Json::parse(json.out)["error"]["code"], "invalid_argument") << arguments;
  }
  EXPECT_NE(Run("runs show").err.find("`" + ProgramName() + " runs show --help`"),
            std::string::npos);
}

TEST_F(CliProgramTest, NamesTheWordThatIsWrongAndWhatWasMeant) {
  const std::pair<const char*, const char*> cases[] = {
      {"chatt --model x", "there is no command 'chatt' (did you mean 'chat'?)"},
      {"--threads 1 frobnicate", "there is no command 'frobnicate'; try"},
      {"generate --modell x --prompt y", "there is no option '--modell' (did you mean '--model'?)"},
      {"generate --model x --promt=y", "there is no option '--promt' (did you mean '--prompt'?)"},
      {"generate --model x --prompt y --thread 1", "did you mean '--threads'?"},
      {"generate --model x --prompt y --zebra 1", "there is no option '--zebra'; try"},
      {"generate --model x --prompt y z", "'z' is one argument too many; try"},
      {"runs lits", "there is no command 'lits' (did you mean 'list'?)"},
      {"generate --prompt y", "--model is required; try"}};
  for (const auto& [arguments, message] : cases) {
    const Result result = Run(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments;
    EXPECT_NE(result.err.find(message), std::string::npos) << arguments << "\n" << result.err;
  }
}

TEST_F(CliProgramTest, FailuresExitWith1AndNameTheFile) {
  const Result text = Run("fingerprint missing.gguf");
  EXPECT_EQ(text.exit_code, 1);
  EXPECT_EQ(text.out, "");
  EXPECT_TRUE(text.err.starts_with("cambium: error: missing.gguf: ")) << text.err;
  const Result json = Run("fingerprint missing.gguf --json");
  EXPECT_EQ(json.exit_code, 1);
  const Json error = Json::parse(json.out)["error"];
  EXPECT_EQ(error["code"], "not_found");
  EXPECT_EQ("cambium: error: " + error["message"].get<std::string>() + "\n", json.err);
}

TEST_F(CliProgramTest, ExitCodesFollowTheErrorCode) {
  EXPECT_EQ(ExitCodeOf(ErrorCode::kInvalidArgument), 2);
  EXPECT_EQ(ExitCodeOf(ErrorCode::kCancelled), 130);
  EXPECT_EQ(ExitCodeOf(ErrorCode::kCorruptData), 1);
  EXPECT_EQ(ExitCodeOf(ErrorCode::kInternal), 1);
}

TEST_F(CliProgramTest, FingerprintIsWhatSha256sumPrints) {
  WriteFileAtomically(folder_ / "x", "some bytes");
  EXPECT_EQ(Run("fingerprint x").out, Shell("sha256sum x").out);
  const Json json = Json::parse(Run("fingerprint x --json").out);
  EXPECT_EQ(json["bytes"], 10);
  EXPECT_EQ(json["sha256"].get<std::string>() + "  x\n", Shell("sha256sum x").out);
}

TEST_F(CliProgramTest, ShowsRuns) {
  EXPECT_EQ(Run("runs list --ledger new.sqlite").out, "");
  EXPECT_EQ(Json::parse(Run("runs list --ledger new.sqlite --json").out)["runs"].size(), 0u);
  EXPECT_EQ(Run("runs show latest --ledger new.sqlite").exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "new.sqlite")) << "reading has made a ledger";
  EXPECT_EQ(Run("runs list --ledger no/such/runs.sqlite").out, "");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "no"));

  Ledger ledger(folder_ / "runs.sqlite");
  for (int i = 0; i < 3; ++i) {
    const std::string id = ledger.BeginRun({.kind = "a kind of run with a very long name",
                                            .configuration = R"({"seed": 7})",
                                            .numerics_version = 1,
                                            .compute_type = "bf16",
                                            .threads = 2,
                                            .out_dir = "/out"});
    for (int step = 0; step < 30; ++step) {
      ledger.RecordFingerprint(id, {.step = step, .sha256 = std::string(64, 'a'), .loss = 0.1f});
    }
    ledger.RecordMetric(id, {.step = 30, .name = "bits_per_byte", .value = 1.5});
    ledger.FinishRun(id, {.status = RunStatus::kDone,
                          .tokens = 1'234'567,
                          .flops = 9'007'199'254'740'993,
                          .wall_seconds = 200'000,
                          .fingerprint = std::string(64, 'f')});
  }
  const Result list = Run("runs list --ledger runs.sqlite");
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_EQ(std::count(list.out.begin(), list.out.end(), '\n'), 4);
  std::istringstream lines(list.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(TextWidth(line), 80u) << line;

  const Json runs = Json::parse(Run("--json runs list --limit 2 --ledger runs.sqlite").out)["runs"];
  ASSERT_EQ(runs.size(), 2u);
  const std::string id = runs[0]["id"];
  const Result shown = Run("runs show --ledger runs.sqlite " + id);
  EXPECT_NE(shown.out.find("9007199254740993"), std::string::npos) << shown.out;
  const Json run = Json::parse(Run("runs show latest --json --ledger runs.sqlite").out);
  EXPECT_EQ(run["id"], id);
  EXPECT_EQ(run["flops"], 9'007'199'254'740'993);
  EXPECT_EQ(run["configuration"]["seed"], 7);
  EXPECT_EQ(run["fingerprints"].size(), 30u);
  EXPECT_EQ(run["fingerprints"][0]["loss_bits"], "3dcccccd");
  EXPECT_EQ(run["metrics"][0]["value"], 1.5);

  // Three runs within the same minute begin alike.
  EXPECT_EQ(Run("runs show --ledger runs.sqlite " + id.substr(0, 2)).exit_code, 2);
}

TEST_F(CliProgramTest, EveryHelpFitsTheTerminalAndEndsWithExamples) {
  // Breadth first through the commands that the help texts name.
  std::vector<std::string> commands = {""};
  for (size_t i = 0; i < commands.size(); ++i) {
    const std::string command = commands[i];
    const Result help = Run(command + " --help");
    EXPECT_EQ(help.exit_code, 0) << command << help.err;
    const size_t examples = help.out.find("\nExamples:\n  cambium ");
    ASSERT_NE(examples, std::string::npos) << help.out;
    EXPECT_EQ(help.out.find("\n\n", examples), std::string::npos)
        << "something follows the examples\n"
        << help.out;
    EXPECT_NE(help.out.find("\nUsage: cambium" + command + " "), std::string::npos) << help.out;
    std::istringstream lines(help.out);
    bool in_commands = false;
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(TextWidth(line), 80u) << line;
      if (line.empty()) in_commands = false;
      if (in_commands && line.size() > 2 && line[2] != ' ') {
        commands.push_back(command + " " + line.substr(2, line.find(' ', 2) - 2));
      }
      if (line == "Subcommands:") in_commands = true;
    }
  }
  EXPECT_GE(commands.size(), 5u);
  // With --json, in whichever order, one object.
  for (const char* arguments : {"--help --json", "train --json --help"}) {
    const Result help = Run(arguments);
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_EQ(Json::parse(help.out)["help"].get<std::string>().find("Usage: cambium") ==
                  std::string::npos,
              false)
        << help.out;
  }
  EXPECT_NE(Run("--help").out.find("Exit codes: 0 done"), std::string::npos);
}

TEST_F(CliProgramTest, AFullDiskIsAnError) {
  const Result result = Run("--version >/dev/full");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("standard output: cannot write: No space left"), std::string::npos)
      << result.err;
}

TEST_F(CliProgramTest, AClosedPipeEndsQuietly) {
  // With SIGPIPE ignored, as services run programs, writing fails with EPIPE instead.
  const Result result = Shell(
      "trap '' PIPE; { sleep 0.2; cambium --version; echo \"code $?\" >&2; } | exec 0<&- true");
  EXPECT_EQ(result.err, "code 0\n");
}

TEST_F(CliProgramTest, SaysWhenTheCpuIsTooOld) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the emulator has no room for AddressSanitizer's shadow memory";
#endif
  if (std::string(CAMBIUM_PROGRAM).find("qemu") != std::string::npos ||
      std::system("command -v qemu-x86_64 >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "needs qemu-x86_64, on x86-64";
  }
  const Result result =
      Shell("qemu-x86_64 -cpu Nehalem " + std::string(CAMBIUM_PROGRAM) + " --version 2>err.txt");
  EXPECT_EQ(result.exit_code, 1);
  // Older emulators add warnings of their own.
  const std::string err = ReadFile(folder_ / "err.txt");
  EXPECT_NE(err.find("cambium: error: this CPU lacks AVX2"), std::string::npos) << err;
}

}  // namespace
}  // namespace cambium
