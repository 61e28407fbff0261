// SPDX-License-Identifier: Apache-2.0
#include "base/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/text_width.h"

namespace cambium {
namespace {

constexpr auto kTerminalInterval = std::chrono::milliseconds(100);
constexpr auto kPlainInterval = std::chrono::seconds(5);
constexpr size_t kMinBarWidth = 4, kMaxBarWidth = 18;

size_t TerminalWidth() {
  winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col;
  return 80;
}

std::string Bar(double fraction, size_t width) {
  const auto filled =
      static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(width));
  std::string bar;
  for (size_t i = 0; i < width; ++i) bar += i < filled ? "█" : "░";
  return bar;
}

}  // namespace

std::string FormatDuration(double seconds) {
  const long s = std::lround(std::max(0.0, seconds));
  if (s >= 3600) return fmt::format("{}h{:02}m", s / 3600, s % 3600 / 60);
  if (s >= 60) return fmt::format("{}m{:02}s", s / 60, s % 60);
  return fmt::format("{}s", s);
}

std::string FormatCount(double count) {
  if (count >= 1e9) return fmt::format("{:.2f}G", count / 1e9);
  if (count >= 1e6) return fmt::format("{:.2f}M", count / 1e6);
  if (count >= 1e4) return fmt::format("{:.1f}k", count / 1e3);
  return fmt::format("{:.0f}", count);
}

std::string FormatBytes(double size_bytes) {
  if (size_bytes >= 0x1p30) return fmt::format("{:.2f} GiB", size_bytes * 0x1p-30);
  if (size_bytes >= 0x1p20) return fmt::format("{:.1f} MiB", size_bytes * 0x1p-20);
  if (size_bytes >= 0x1p10) return fmt::format("{:.1f} KiB", size_bytes * 0x1p-10);
  return fmt::format("{:.0f} B", size_bytes);
}

Progress::Progress(std::string title, uint64_t total, std::string unit, bool quiet,
                   uint64_t done_before)
    : title_(std::move(title)),
      total_(total),
      unit_(std::move(unit)),
      quiet_(quiet),
      terminal_(isatty(STDERR_FILENO) == 1),
      done_before_(done_before),
      done_(done_before),
      start_(std::chrono::steady_clock::now()),
      last_draw_(start_) {}

Progress::~Progress() { Finish(); }

void Progress::Update(uint64_t done, const std::string& details) {
  done_ = done;
  details_ = details;
  if (quiet_ || finished_) return;
  const auto now = std::chrono::steady_clock::now();
  const bool due =
      terminal_ ? now - last_draw_ >= kTerminalInterval : now - last_draw_ >= kPlainInterval;
  if (!due) return;
  last_draw_ = now;
  Draw(false);
}

void Progress::Draw(bool final) {
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(done_ - done_before_) / seconds : 0;
  const double fraction = total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 0;
  std::string line;
  if (total_ > 0) {
    line += fmt::format(" {:3.0f}%", 100 * std::min(1.0, fraction));
  } else {
    line += fmt::format(" {}", FormatCount(static_cast<double>(done_)));
  }
  if (rate > 0) line += fmt::format("  {} {}/s", FormatCount(rate), unit_);
  if (!details_.empty()) line += "  " + details_;
  if (final) {
    line += "  " + FormatDuration(seconds);
  } else if (total_ > done_ && rate > 0) {
    line += fmt::format("  {} left", FormatDuration(static_cast<double>(total_ - done_) / rate));
  }
  if (terminal_) {
    const size_t width = TerminalWidth() - 1;
    // The bar takes what the rest leaves.
    const size_t taken = TextWidth(title_) + 1 + TextWidth(line);
    const size_t bar_width =
        std::clamp(width > taken ? width - taken : 0, kMinBarWidth, kMaxBarWidth);
    const std::string bar = total_ > 0 ? " " + Bar(fraction, bar_width) : "";
    // Cut: a line that wraps would leave remains behind.
    std::fprintf(stderr, "\r\033[K%s%s", CutToWidth(title_ + bar + line, width).c_str(),
                 final ? "\n" : "");
  } else {
    std::fprintf(stderr, "%s%s\n", title_.c_str(), line.c_str());
  }
  std::fflush(stderr);
}

void Progress::Note(const std::string& line) {
  if (quiet_) return;
  std::fprintf(stderr, "%s%s\n", terminal_ && !finished_ ? "\r\033[K" : "", line.c_str());
  if (terminal_ && !finished_) Draw(false);
}

void Progress::Finish() {
  if (finished_) return;
  finished_ = true;
  if (!quiet_) Draw(true);
}

}  // namespace cambium
