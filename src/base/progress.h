// SPDX-License-Identifier: Apache-2.0
// Progress of a long job on standard error: one line rewritten in place on a terminal, a plain line
// every few seconds otherwise, nothing when quiet. Standard output stays free for results.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

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
  // Draws the final state and ends the line. Called by the destructor if it was not before.
  void Finish();

 private:
  void Draw(bool final);

  std::string title_;
  uint64_t total_;
  std::string unit_;
  bool quiet_;
  bool terminal_;
  bool finished_ = false;
  uint64_t done_before_;
  uint64_t done_;
  std::string details_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_draw_;
};

// "1h02m", "3m20s", "12s".
std::string FormatDuration(double seconds);
// "1.23M", "456", "7.8k" for counts; "1.9 GiB" for sizes.
std::string FormatCount(double count);
std::string FormatBytes(double size_bytes);

}  // namespace cambium
