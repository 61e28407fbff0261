// SPDX-License-Identifier: Apache-2.0
// Progress of a long job on standard error: one line rewritten in place on a terminal, a plain line
// every few seconds otherwise, nothing when quiet. Standard output stays free for results.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace cambium {

class Progress {
 public:
  // total 0: unknown. title: what is being done, e.g. "training". unit: of done and total.
  // done_before: of an earlier part of the job; rate and time left count from there.
  Progress(std::string title, uint64_t total, std::string unit, bool quiet = false,
           uint64_t done_before = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // details: shown after bar and rate, e.g. "loss 2.31  64% of peak". Cheap to call often: redraws
  // at most ten times a second on a terminal, every five seconds otherwise.
  void Update(uint64_t done, const std::string& details = "");
  // A line that stays (a sample, a note), above the bar.
  void Note(const std::string& line);
  // The job is done, even if its end came before `total`: draws 100 % and ends the line. Called by
  // the destructor, unless an exception ends the job.
  void Complete();
  // Draws how far the job came and ends the line. After an exception the destructor does this on a
  // terminal only: elsewhere the error that follows says enough.
  void Finish();

 private:
  void Draw(bool final);
  std::string Line(bool final) const;

  std::string title_;
  uint64_t total_;
  std::string unit_;
  bool quiet_;
  bool terminal_;
  bool finished_ = false;
  bool complete_ = false;
  int exceptions_;  // that were on their way when the job began
  uint64_t done_before_;
  uint64_t done_;
  std::string details_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_draw_;
};

struct ProgressFields {
  std::string title;
  double fraction = -1;              // of the job; below 0: unknown, without a bar
  std::string done;                  // " 12%", or a count
  std::string rate;                  // "1.2k tok/s"; fields may be empty
  std::vector<std::string> details;  // most important first
  std::string time;                  // "3m20s left", "12s"
};
// One line of at most `width` columns. What does not fit is left out as a whole, the least
// important first: the bar, further details, the rate, the time, the first detail.
std::string FitProgress(const ProgressFields& fields, size_t width);

// Columns of the terminal at standard error; 80 where there is none.
size_t TerminalWidth();

// "1h02m", "3m20s", "12s".
std::string FormatDuration(double seconds);
// "1.23M", "456", "7.8k" for counts; "1.9 GiB" for sizes.
std::string FormatCount(double count);
std::string FormatBytes(double size_bytes);

}  // namespace cambium
