// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <limits>
#include <stdexcept>
#include <vector>

#include "base/byte_reader.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/interrupt.h"
#include "base/philox.h"
#include "base/progress.h"
#include "base/sparkline.h"
#include "base/text_width.h"
#include "base/thread_pool.h"

namespace cambium {
namespace {

// Known answers of the Random123 distribution (kat_vectors, philox4x32 10).
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, BelowCoversTheRangeAndDependsOnPurpose) {
  const Philox random(7, RandomPurpose::kTest);
  const Philox other(7, RandomPurpose::kInit);
  std::vector<int> seen(5);
  int equal = 0;
  for (uint64_t i = 0; i < 500; ++i) {
    ++seen[random.Below(5, 1, i)];
    equal += random.Bits64(1, i) == other.Bits64(1, i);
  }
  for (const int count : seen) EXPECT_GT(count, 60);
  EXPECT_EQ(equal, 0);
}

TEST(Sha256, KnownAnswer) {
  EXPECT_EQ(ToHex(Sha256Of("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(ThreadPool, EveryTaskOnceAtAnyThreadCount) {
  for (const size_t threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    for (int round = 0; round < 50; ++round) {
      std::vector<std::atomic<int>> hits(97);
      pool.ParallelFor(hits.size(), [&](size_t task, size_t thread) {
        EXPECT_LT(thread, threads);
        ++hits[task];
      });
      for (const auto& hit : hits) EXPECT_EQ(hit, 1);
    }
    std::vector<std::atomic<int>> hits(1000);
    pool.ParallelRanges(hits.size(), 16, [&](size_t begin, size_t end, size_t) {
      EXPECT_EQ(begin % 16, 0u);
      for (size_t i = begin; i < end; ++i) ++hits[i];
    });
    for (const auto& hit : hits) EXPECT_EQ(hit, 1);
  }
}

// In a process of its own: CPUs are counted once.
TEST(ThreadPoolDeathTest, PinningTheCallerLeavesTheNumberOfCpus) {
#if defined(CAMBIUM_EMULATED)
  GTEST_SKIP() << "this kind of death test starts the program again, without the emulator";
#endif
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto count_behind_a_pool = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof(set), &set);
    const auto num_cpus = static_cast<size_t>(CPU_COUNT(&set));
    const ThreadPool pinned(2);
    const ThreadPool all;
    _exit(NumAvailableCpus() == num_cpus && all.num_threads() == num_cpus ? 0 : 1);
  };
  EXPECT_EXIT(count_behind_a_pool(), ::testing::ExitedWithCode(0), "");
}

TEST(ThreadPool, RethrowsAndGoesOn) {
  ThreadPool pool(3);
  EXPECT_THROW(pool.ParallelFor(10,
                                [](size_t task, size_t) {
                                  if (task == 5) Fail(ErrorCode::kIo, "task {}", task);
                                }),
               Error);
  std::atomic<int> count{0};
  pool.ParallelFor(10, [&](size_t, size_t) { ++count; });
  EXPECT_EQ(count, 10);
}

TEST(ThreadPool, TasksFlushDenormals) {
  ThreadPool pool(2);
  pool.ParallelFor(8, [](size_t, size_t) {
    volatile float tiny = 1e-38f;
    EXPECT_EQ(tiny * 0.01f, 0.0f);
  });
}

TEST(AtomicFileWriter, KeepsTheOldFileUntilCommit) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("cambium-{}", getpid());
  WriteFileAtomically(path, "old");
  {
    AtomicFileWriter writer(path);
    writer.Write("new, never committed");
  }
  EXPECT_EQ(ReadFile(path), "old");
  const std::string big(3 << 20, 'x');
  WriteFileAtomically(path, big);
  EXPECT_EQ(ReadFile(path), big);
  EXPECT_EQ(MappedFile(path).bytes().size(), big.size());
  std::filesystem::remove(path);
  try {
    ReadFile(path);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos);
  }
}

TEST(ByteReader, FailsOnceAndRemembersWhere) {
  const std::vector<uint8_t> bytes = {1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255};
  ByteReader reader(bytes, "file");
  EXPECT_EQ(reader.Read<uint32_t>("magic"), 1u);
  EXPECT_EQ(reader.ReadCount64(1, "count"), 0u);
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.Read<uint32_t>("later"), 0u);
  try {
    reader.ThrowIfFailed();
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("file: offset 4: count"), std::string::npos);
  }
}

TEST(Sparkline, JoinsNeighboursWhenItIsFull) {
  Sparkline line(4);
  EXPECT_EQ(line.Text(), "");
  line.Add(7);
  EXPECT_EQ(line.Text(), "");
  line.Add(0);
  EXPECT_EQ(line.Text(), "█▁");
  for (const double value : {7.0, 0.0}) line.Add(value);
  EXPECT_EQ(line.Text(), "█▁█▁");
  line.Add(3.5);  // joins to (3.5, 3.5, 3.5)
  EXPECT_EQ(line.Text(), "▁▁▁");
  Sparkline falling(8);
  for (int i = 1000; i > 0; --i) falling.Add(i);
  const std::string text = falling.Text();
  EXPECT_EQ(text.substr(0, 3), "█");
  EXPECT_EQ(text.substr(text.size() - 3), "▁");
  EXPECT_LE(text.size(), 8 * 3u);
  falling.Add(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(falling.Text(), text);
}

TEST(Progress, Formats) {
  EXPECT_EQ(FormatDuration(3723), "1h02m");
  EXPECT_EQ(FormatDuration(12.2), "12s");
  EXPECT_EQ(FormatCount(1234567), "1.23M");
  EXPECT_EQ(FormatBytes(0x1p31), "2.00 GiB");
}

// What a log holds of a job that is at 34 of 100 when `end` ends it. Tests have no terminal.
std::string ProgressLog(const std::function<void(Progress&)>& end) {
  testing::internal::CaptureStderr();
  try {
    Progress progress("reading", 100, "B");
    progress.Update(34, "loss 2.3");
    end(progress);
  } catch (const std::runtime_error&) {
  }
  return testing::internal::GetCapturedStderr();
}

TEST(Progress, ALogHasNoUnfinishedJobs) {
  if (isatty(STDERR_FILENO) == 1) GTEST_SKIP() << "standard error is a terminal";
  // Done early, as where a sample of the text was enough.
  EXPECT_TRUE(ProgressLog([](Progress&) {}).starts_with("reading 100%  "));
  EXPECT_TRUE(ProgressLog([](Progress& p) { p.Complete(); }).starts_with("reading 100%  "));
  // Stopped: how far it came. Failed: the error says it.
  EXPECT_TRUE(ProgressLog([](Progress& p) { p.Finish(); }).starts_with("reading  34%  "));
  EXPECT_EQ(ProgressLog([](Progress&) { throw std::runtime_error(""); }), "");
}

TEST(Progress, LeavesOutWhatMattersLeast) {
  const ProgressFields fields = {.title = "training",
                                 .fraction = 0.5,
                                 .done = "50%",
                                 .rate = "12.3k tok/s",
                                 .details = {"loss 2.312", "64% of peak"},
                                 .time = "3m20s left"};
  EXPECT_EQ(FitProgress(fields, 67),
            "training ██░░ 50%  12.3k tok/s  loss 2.312  64% of peak  3m20s left");
  EXPECT_EQ(FitProgress(fields, 66),
            "training 50%  12.3k tok/s  loss 2.312  64% of peak  3m20s left");
  EXPECT_EQ(FitProgress(fields, 39), "training 50%  loss 2.312  3m20s left");
  EXPECT_EQ(FitProgress(fields, 28), "training 50%  loss 2.312");
  EXPECT_EQ(FitProgress(fields, 15), "training 50%");
  for (size_t width = 14; width < 100; ++width) {
    EXPECT_LE(TextWidth(FitProgress(fields, width)), width);
  }
}

// One exit code for "stopped", whichever signal came.
TEST(InterruptDeathTest, ExitsAtOnceWhereNothingIsToSave) {
  for (const int signal : {SIGINT, SIGTERM}) {
    EXPECT_EXIT(
        {
          InstallInterruptHandler();
          ExitAtOnceOnInterrupt("stopped");
          dup2(STDERR_FILENO, STDOUT_FILENO);  // where the test can see it
          (void)raise(signal);
          _exit(7);
        },
        testing::ExitedWithCode(130), "^stopped$");
    EXPECT_EXIT(
        {
          InstallInterruptHandler();
          (void)raise(signal);
          ExitAtOnceOnInterrupt();  // it came before
          _exit(7);
        },
        testing::ExitedWithCode(130), "");
  }
}

}  // namespace
}  // namespace cambium
