// SPDX-License-Identifier: Apache-2.0
#include "base/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>

#include "base/text_width.h"

namespace cambium {
namespace {

constexpr auto kTerminalInterval = std::chrono::milliseconds(100);
constexpr auto kPlainInterval = std::chrono::seconds(5);
constexpr size_t kMinBarWidth = 4, kMaxBarWidth = 18;

std::string Bar(double fraction, size_t width) {
  const auto filled =
      static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(width));
  std::string bar;
  for (size_t i = 0; i < width; ++i) bar += i < filled ? "█" : "░";
  return bar;
}

// "loss 2.31  64% of peak": two spaces between fields.
std::vector<std::string> SplitDetails(const std::string& details) {
  std::vector<std::string> fields;
  for (size_t begin = 0; begin < details.size();) {
    const size_t end = std::min(details.find("  ", begin), details.size());
    if (end > begin) fields.push_back(details.substr(begin, end - begin));
    begin = end + 2;
  }
  return fields;
}

}  // namespace

size_t TerminalWidth() {
  winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col;
  return 80;
}

std::string FitProgress(const ProgressFields& fields, size_t width) {
  size_t taken = TextWidth(fields.title) + 1 + TextWidth(fields.done);
  const auto fits = [&](const std::string& field) {
    if (field.empty() || taken + 2 + TextWidth(field) > width) return false;
    taken += 2 + TextWidth(field);
    return true;
  };
  // By importance; what is chosen is shown in its own order.
  std::vector<bool> chosen(fields.details.size());
  if (!chosen.empty()) chosen[0] = fits(fields.details[0]);
  const bool with_time = fits(fields.time);
  const bool with_rate = fits(fields.rate);
  for (size_t i = 1; i < chosen.size(); ++i) chosen[i] = fits(fields.details[i]);

  std::string line = fields.title;
  if (fields.fraction >= 0 && taken + 1 + kMinBarWidth <= width) {
    line += " " + Bar(fields.fraction, std::min(width - taken - 1, kMaxBarWidth));
  }
  line += " " + fields.done;
  if (with_rate) line += "  " + fields.rate;
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i]) line += "  " + fields.details[i];
  }
  if (with_time) line += "  " + fields.time;
  return CutToWidth(line, width);
}

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
      exceptions_(std::uncaught_exceptions()),
      done_before_(done_before),
      done_(done_before),
      start_(std::chrono::steady_clock::now()),
      last_draw_(start_) {}

Progress::~Progress() {
  if (std::uncaught_exceptions() <= exceptions_) {
    Complete();
  } else if (terminal_) {
    Finish();
  }
}

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

std::string Progress::Line(bool final) const {
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(done_ - done_before_) / seconds : 0;
  ProgressFields fields = {.title = title_, .details = SplitDetails(details_)};
  if (total_ > 0) {
    const double fraction = static_cast<double>(done_) / static_cast<double>(total_);
    fields.fraction = complete_ ? 1 : std::min(1.0, fraction);
    fields.done = fmt::format("{:3.0f}%", 100 * fields.fraction);
  } else {
    fields.done = FormatCount(static_cast<double>(done_));
  }
  if (rate > 0) fields.rate = fmt::format("{} {}/s", FormatCount(rate), unit_);
  if (final) {
    fields.time = FormatDuration(seconds);
  } else if (total_ > done_ && rate > 0) {
    fields.time =
        fmt::format("{} left", FormatDuration(static_cast<double>(total_ - done_) / rate));
  }
  // A line that wraps would leave remains behind; in a file nothing is too wide, and bars are
  // noise.
  if (terminal_) return FitProgress(fields, TerminalWidth() - 1);
  fields.fraction = -1;
  return FitProgress(fields, SIZE_MAX);
}

void Progress::Draw(bool final) {
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s%s", Line(final).c_str(), final ? "\n" : "");
  } else {
    std::fprintf(stderr, "%s\n", Line(final).c_str());
  }
  std::fflush(stderr);
}

void Progress::Note(const std::string& line) {
  if (quiet_) return;
  std::fprintf(stderr, "%s%s\n", terminal_ && !finished_ ? "\r\033[K" : "", line.c_str());
  if (terminal_ && !finished_) Draw(false);
}

void Progress::Complete() {
  complete_ = true;
  Finish();
}

void Progress::Finish() {
  if (finished_) return;
  finished_ = true;
  if (!quiet_) Draw(true);
}

}  // namespace cambium
