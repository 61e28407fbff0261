// SPDX-License-Identifier: Apache-2.0
// Several processes on one ledger file: opening it at once, writing at once, and dying.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <set>

#include "base/error.h"
#include "ledger/environment.h"
#include "ledger/ledger.h"

namespace cambium {
namespace {

constexpr int kProcesses = 4;
constexpr int kRunsEach = 25;

std::filesystem::path FreshFolder() {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      fmt::format("cambium_ledger_processes.{}.{}", getpid(), UnixTimeMs());
  std::filesystem::create_directories(folder);
  return folder;
}

// Runs the body in a child; its exit status is 0 unless an exception left the body.
pid_t InChild(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child != 0) return child;
  try {
    body();
  } catch (const std::exception& error) {
    fmt::print(stderr, "child: {}\n", error.what());
    _exit(1);
  }
  _exit(0);
}

int StatusOf(pid_t child) {
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

TEST(LedgerProcessesTest, ManyOpenAndWriteAtOnce) {
  const std::filesystem::path folder = FreshFolder();
  const std::filesystem::path path = folder / "runs.sqlite";
  std::vector<pid_t> children;
  children.reserve(kProcesses);
  for (int process = 0; process < kProcesses; ++process) {
    children.push_back(InChild([&] {
      Ledger ledger(path);
      for (int run = 0; run < kRunsEach; ++run) {
        const std::string id = ledger.BeginRun({.kind = "train", .threads = process});
        for (int step = 0; step < 5; ++step) {
          ledger.RecordFingerprint(id, {.step = step, .sha256 = id, .loss = 1.0f});
          ledger.RecordMetric(id, {.step = step, .name = "loss", .value = step * 0.5});
        }
        ledger.FinishRun(id, {.status = RunStatus::kDone, .tokens = run});
      }
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(StatusOf(child), 0);

  Ledger ledger(path);
  const std::vector<RunRecord> runs = ledger.List();
  EXPECT_EQ(runs.size(), size_t{kProcesses * kRunsEach});
  std::set<std::string> ids;
  std::vector<int64_t> next_tokens(kProcesses, kRunsEach - 1);
  for (const RunRecord& run : runs) {
    ids.insert(run.id);
    // Newest first: the runs of each process come back in their order.
    EXPECT_EQ(run.end.tokens, next_tokens[static_cast<size_t>(run.start.threads)]--);
    EXPECT_EQ(ledger.Show(run.id).fingerprints.size(), 5u);
  }
  EXPECT_EQ(ids.size(), runs.size());
  std::filesystem::remove_all(folder);
}

TEST(LedgerProcessesTest, AKilledRunIsSeenAndCanBeResumed) {
  const std::filesystem::path folder = FreshFolder();
  const std::filesystem::path path = folder / "runs.sqlite";
  const pid_t child = InChild([&] {
    Ledger ledger(path);
    const std::string id = ledger.BeginRun({.kind = "train"});
    ledger.RecordFingerprint(id, {.step = 1, .sha256 = "aa", .loss = 1.0f});
    raise(SIGKILL);
  });
  EXPECT_TRUE(WIFSIGNALED(StatusOf(child)));

  Ledger ledger(path);
  const RunDetails killed = ledger.Show("latest");
  EXPECT_EQ(killed.record.end.status, RunStatus::kRunning);
  EXPECT_TRUE(RunWasKilled(killed.record));
  ASSERT_EQ(killed.fingerprints.size(), 1u);

  ledger.ResumeRun(killed.record.id);
  EXPECT_FALSE(RunWasKilled(ledger.Show("latest").record));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace cambium
