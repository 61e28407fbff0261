// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "ledger/environment.h"
#include "ledger/run_id.h"

namespace cambium {
namespace {

class LedgerTest : public ::testing::Test {
 protected:
  LedgerTest() {
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("cambium_ledger_test.{}.{}", getpid(), UnixTimeMs());
    std::filesystem::create_directories(folder_);
    path_ = folder_ / "runs.sqlite";
  }
  ~LedgerTest() override { std::filesystem::remove_all(folder_); }

  // Executes SQL behind the ledger's back.
  void Sql(const std::filesystem::path& file, const char* sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database);
    ASSERT_EQ(sqlite3_close(database), SQLITE_OK);
  }

  std::filesystem::path folder_;
  std::filesystem::path path_;
};

ErrorCode CodeOf(const std::function<void()>& action, std::string* message = nullptr) {
  try {
    action();
  } catch (const Error& error) {
    if (message != nullptr) *message = error.what();
    return error.code();
  }
  ADD_FAILURE() << "no error was thrown";
  return ErrorCode::kCancelled;
}

RunStart ExampleStart() {
  return {.kind = "train",
          .configuration = R"({"seed":1})",
          .data_hash = "d1",
          .tokenizer_hash = "t1",
          .numerics_version = 1,
          .compute_type = "bf16",
          .simd_target = "avx2",
          .threads = 2,
          .out_dir = "/out/a b"};
}

TEST_F(LedgerTest, KeepsWhatWasRecorded) {
  std::string id;
  const RunEnd end = {.status = RunStatus::kDone,
                      .message = "",
                      .tokens = 8'192'000,
                      .flops = 9'007'199'254'740'993,  // 2^53 + 1: lost in a double
                      .wall_seconds = 12.5,
                      .cpu_seconds = 24.25,
                      .fingerprint = "ff00"};
  {
    Ledger ledger(path_);
    id = ledger.BeginRun(ExampleStart());
    const RunRecord running = ledger.Show(id).record;
    EXPECT_EQ(running.end.status, RunStatus::kRunning);
    EXPECT_FALSE(RunWasKilled(running));
    ledger.RecordFingerprint(id, {.step = 20, .sha256 = "bb", .loss = 0.1f});
    ledger.RecordFingerprint(id, {.step = 3, .sha256 = "aa", .loss = 2.5f});
    ledger.RecordMetric(id, {.step = 5, .name = "loss", .value = 1.25});
    ledger.RecordMetric(
        id,
        {.step = 5, .name = "bits_per_byte", .value = std::numeric_limits<double>::quiet_NaN()});
    ledger.FinishRun(id, end);
  }
  Ledger ledger(path_);
  const RunDetails details = ledger.Show(id);
  EXPECT_EQ(details.record.start.kind, "train");
  EXPECT_EQ(details.record.start.configuration, R"({"seed":1})");
  EXPECT_EQ(details.record.start.data_hash, "d1");
  EXPECT_EQ(details.record.start.tokenizer_hash, "t1");
  EXPECT_EQ(details.record.start.numerics_version, 1);
  EXPECT_EQ(details.record.start.compute_type, "bf16");
  EXPECT_EQ(details.record.start.simd_target, "avx2");
  EXPECT_EQ(details.record.start.threads, 2);
  EXPECT_EQ(details.record.start.out_dir, "/out/a b");
  EXPECT_EQ(details.record.binary_version, BinaryVersion());
  EXPECT_EQ(details.record.cpu_model, CpuModel());
  EXPECT_EQ(details.record.host, HostName());
  EXPECT_EQ(details.record.pid, getpid());
  EXPECT_EQ(details.record.end.status, RunStatus::kDone);
  EXPECT_EQ(details.record.end.tokens, end.tokens);
  EXPECT_EQ(details.record.end.flops, end.flops);
  EXPECT_EQ(details.record.end.wall_seconds, 12.5);
  EXPECT_EQ(details.record.end.cpu_seconds, 24.25);
  EXPECT_EQ(details.record.end.fingerprint, "ff00");
  ASSERT_EQ(details.fingerprints.size(), 2u);
  EXPECT_EQ(details.fingerprints[0].step, 3);
  EXPECT_EQ(details.fingerprints[1].step, 20);
  EXPECT_EQ(details.fingerprints[1].sha256, "bb");
  EXPECT_EQ(details.fingerprints[1].loss, 0.1f);
  ASSERT_EQ(details.metrics.size(), 2u);
  EXPECT_EQ(details.metrics[0].name, "bits_per_byte");
  EXPECT_TRUE(std::isnan(details.metrics[0].value));
  EXPECT_EQ(details.metrics[1].value, 1.25);
}

TEST_F(LedgerTest, LossIsKeptByItsBits) {
  Ledger ledger(path_);
  const std::string id = ledger.BeginRun(ExampleStart());
  const uint32_t nan_bits = 0xffc12345;
  ledger.RecordFingerprint(id, {.step = 1, .sha256 = "a", .loss = std::bit_cast<float>(nan_bits)});
  EXPECT_EQ(std::bit_cast<uint32_t>(ledger.Show(id).fingerprints[0].loss), nan_bits);
}

TEST_F(LedgerTest, AStepComputedAgainMustHaveTheSameBits) {
  Ledger ledger(path_);
  const std::string id = ledger.BeginRun(ExampleStart());
  ledger.RecordFingerprint(id, {.step = 7, .sha256 = "aa", .loss = 1.0f});
  ledger.FinishRun(id, {.status = RunStatus::kInterrupted});
  ledger.ResumeRun(id);
  EXPECT_EQ(ledger.Show(id).record.end.status, RunStatus::kRunning);
  ledger.RecordFingerprint(id, {.step = 7, .sha256 = "aa", .loss = 1.0f});
  std::string message;
  EXPECT_EQ(CodeOf(
                [&] {
                  ledger.RecordFingerprint(id, {7, "ab", 1.0f});
                },
                &message),
            ErrorCode::kInternal);
  EXPECT_NE(message.find("step 7"), std::string::npos) << message;
  EXPECT_EQ(CodeOf([&] { ledger.RecordFingerprint(id, {7, "aa", -1.0f}); }), ErrorCode::kInternal);
  // The ledger goes on after an error.
  ledger.RecordFingerprint(id, {.step = 8, .sha256 = "cc", .loss = 1.0f});
  EXPECT_EQ(ledger.Show(id).fingerprints.size(), 2u);
}

TEST_F(LedgerTest, IdsSortByTimeAndAreFoundByTheirBeginning) {
  Ledger ledger(path_);
  EXPECT_EQ(CodeOf([&] { ledger.Show("latest"); }), ErrorCode::kNotFound);
  std::vector<std::string> ids(50);
  for (std::string& id : ids) id = ledger.BeginRun(ExampleStart());
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
  EXPECT_EQ(ledger.Show("latest").record.id, ids.back());
  EXPECT_EQ(ledger.Show(ids[10]).record.id, ids[10]);
  EXPECT_EQ(ledger.Show(ids[10].substr(0, 9)).record.id, ids[10]);
  std::string message;
  EXPECT_EQ(CodeOf([&] { ledger.Show(ids[0].substr(0, 3)); }, &message),
            ErrorCode::kInvalidArgument);
  EXPECT_NE(message.find("50 runs begin with"), std::string::npos) << message;
  EXPECT_EQ(CodeOf([&] { ledger.Show("zzzz"); }), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf([&] { ledger.Show(""); }), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf([&] { ledger.Show("%"); }), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf([&] { ledger.FinishRun(ids[0].substr(0, 9), {}); }), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf([&] { ledger.ResumeRun("nobody"); }), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf([&] { ledger.RecordMetric("nobody", {1, "loss", 1.0}); }), ErrorCode::kInternal);

  const std::vector<RunRecord> newest = ledger.List(3);
  ASSERT_EQ(newest.size(), 3u);
  EXPECT_EQ(newest[0].id, ids[49]);
  EXPECT_EQ(newest[2].id, ids[47]);
  EXPECT_EQ(ledger.List().size(), 50u);
}

TEST_F(LedgerTest, RunIdsHoldTheirTime) {
  const int64_t now_ms = 1'785'000'000'123;
  const std::string id = MakeRunId(now_ms, 0x3ff);
  EXPECT_EQ(id.size(), 10u);
  EXPECT_EQ(id.substr(8), "zz");
  EXPECT_EQ(RunIdTimeMs(id), now_ms);
  EXPECT_EQ(UtcTime(now_ms), "2026-07-25T17:20:00Z");
}

TEST_F(LedgerTest, DamagedFilesAreReported) {
  const std::filesystem::path junk = folder_ / "junk.sqlite";
  WriteFileAtomically(junk, std::string(5000, 'x'));
  std::string message;
  EXPECT_EQ(CodeOf([&] { Ledger ledger(junk); }, &message), ErrorCode::kCorruptData);
  EXPECT_NE(message.find("junk.sqlite"), std::string::npos) << message;
  EXPECT_NE(message.find("--ledger"), std::string::npos) << message;
  EXPECT_EQ(ReadFile(junk), std::string(5000, 'x')) << "the file was changed";

  {
    Ledger ledger(path_);
    for (int i = 0; i < 200; ++i) ledger.BeginRun(ExampleStart());
  }
  // Every page but the first is overwritten: opening works, reading does not.
  std::string bytes = ReadFile(path_);
  ASSERT_GT(bytes.size(), size_t{3 * 4096});
  std::fill(bytes.begin() + 4096, bytes.end(), '\xa5');
  WriteFileAtomically(path_, bytes);
  EXPECT_EQ(CodeOf([&] {
              Ledger ledger(path_);
              ledger.BeginRun(ExampleStart());
            }),
            ErrorCode::kCorruptData);

  // Cut inside a page.
  WriteFileAtomically(path_, bytes.substr(0, 4096 + 100));
  EXPECT_EQ(CodeOf([&] {
              Ledger ledger(path_);
              ledger.List();
            }),
            ErrorCode::kCorruptData);
}

TEST_F(LedgerTest, OtherFilesAreRefusedAndLeftAlone) {
  const std::filesystem::path foreign = folder_ / "foreign.sqlite";
  Sql(foreign, "CREATE TABLE addresses (name TEXT)");
  const std::string before = ReadFile(foreign);
  EXPECT_EQ(CodeOf([&] { Ledger ledger(foreign); }), ErrorCode::kCorruptData);
  EXPECT_EQ(ReadFile(foreign), before);

  { Ledger ledger(path_); }
  Sql(path_, "PRAGMA user_version = 1000");
  EXPECT_EQ(CodeOf([&] { Ledger ledger(path_); }), ErrorCode::kUnsupported);

  EXPECT_EQ(CodeOf([&] { Ledger ledger(folder_); }), ErrorCode::kIo);
  // A folder of the path is a file.
  EXPECT_EQ(CodeOf([&] { Ledger ledger(foreign / "runs.sqlite"); }), ErrorCode::kNotFound);
}

TEST_F(LedgerTest, MakesNoFolderThatWasPerhapsMistyped) {
  std::string message;
  EXPECT_EQ(CodeOf([&] { Ledger ledger(folder_ / "no such" / "runs.sqlite"); }, &message),
            ErrorCode::kNotFound);
  EXPECT_NE(message.find("no such"), std::string::npos) << message;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "no such"));
  // The default place is ours to make.
  setenv("XDG_DATA_HOME", (folder_ / "data").c_str(), 1);
  Ledger ledger(DefaultLedgerPath());
  unsetenv("XDG_DATA_HOME");
  EXPECT_TRUE(std::filesystem::exists(folder_ / "data" / "cambium" / "runs.sqlite"));
}

TEST_F(LedgerTest, AnEmptyFileBecomesALedger) {
  const std::filesystem::path empty = folder_ / "empty.sqlite";
  WriteFileAtomically(empty, "");
  Ledger ledger(empty);
  ledger.BeginRun(ExampleStart());
  EXPECT_EQ(ledger.List().size(), 1u);
}

TEST_F(LedgerTest, AFullLedgerFailsWithAnErrorAndKeepsWhatItHas) {
  Ledger ledger(path_);
  const std::string id = ledger.BeginRun(ExampleStart());
  // A file that may not grow stands in for a full disk: larger than the limit gives EFBIG.
  signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const rlimit small = {.rlim_cur = 256 * 1024, .rlim_max = old_limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  RunStart large = ExampleStart();
  large.configuration.assign(size_t{1} << 20, 'x');
  EXPECT_THROW(ledger.BeginRun(large), Error);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  EXPECT_EQ(ledger.List().size(), 1u);
  ledger.FinishRun(id, {.status = RunStatus::kFailed, .message = "disk full"});
  EXPECT_EQ(ledger.Show(id).record.end.message, "disk full");
}

TEST(EnvironmentTest, DefaultLedgerPathFollowsTheXdgSpecification) {
  const char* home = std::getenv("HOME");
  const std::string saved_home = home != nullptr ? home : "";
  setenv("HOME", "/home/someone", 1);
  setenv("XDG_DATA_HOME", "/data", 1);
  EXPECT_EQ(DefaultLedgerPath(), "/data/cambium/runs.sqlite");
  setenv("XDG_DATA_HOME", "relative", 1);
  EXPECT_EQ(DefaultLedgerPath(), "/home/someone/.local/share/cambium/runs.sqlite");
  unsetenv("XDG_DATA_HOME");
  EXPECT_EQ(DefaultLedgerPath(), "/home/someone/.local/share/cambium/runs.sqlite");
  unsetenv("HOME");
  EXPECT_EQ(CodeOf([] { DefaultLedgerPath(); }), ErrorCode::kInvalidArgument);
  setenv("HOME", saved_home.c_str(), 1);
}

TEST(EnvironmentTest, DescribesTheMachine) {
  EXPECT_FALSE(CpuModel().empty());
  EXPECT_FALSE(HostName().empty());
  EXPECT_TRUE(BinaryVersion().starts_with(CambiumVersion()));
  EXPECT_GE(ProcessCpuSeconds(), 0.0);
}

}  // namespace
}  // namespace cambium
