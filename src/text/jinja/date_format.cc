// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/date_format.h"

#include <chrono>

#include "text/jinja/sandbox.h"

namespace cambium::jinja {
namespace {

constexpr std::string_view kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                      "Thursday", "Friday", "Saturday"};
constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};

int64_t DaysSince1970(int year, int month, int day) {
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  return std::chrono::sys_days(date).time_since_epoch().count();
}

bool IsLeap(int year) { return std::chrono::year{year}.is_leap(); }

class DateFormatter {
 public:
  explicit DateFormatter(const CivilTime& time) : time_(time) {
    const int64_t days = DaysSince1970(time.year, time.month, time.day);
    weekday_ = static_cast<int>(((days + 4) % 7 + 7) % 7);  // 1970 began on a Thursday
    year_day_ = static_cast<int>(days - DaysSince1970(time.year, 1, 1));
  }

  // The text of one conversion, or empty for one that is not known.
  std::string Convert(char conversion, char flag) const;

 private:
  struct IsoWeek {
    int year, week;
  };
  IsoWeek Iso() const;
  std::string Composite(std::string_view format) const {
    std::string out;
    for (size_t i = 0; i < format.size(); ++i) {
      out += format[i] == '%' ? Convert(format[++i], '\0') : std::string(1, format[i]);
    }
    return out;
  }
  static std::string Number(int value, int width, char pad, char flag) {
    if (flag == '-') return fmt::format("{}", value);
    if (flag == '_') pad = ' ';
    if (flag == '0') pad = '0';
    return pad == '0' ? fmt::format("{:0{}}", value, width) : fmt::format("{:{}}", value, width);
  }

  const CivilTime& time_;
  int weekday_ = 0;   // 0 is Sunday
  int year_day_ = 0;  // 0 is the first of January
};

// ISO 8601: weeks begin on Monday, the first has the year's first Thursday.
DateFormatter::IsoWeek DateFormatter::Iso() const {
  const int monday_based = (weekday_ + 6) % 7;
  const int week = (year_day_ - monday_based + 10) / 7;
  const auto weeks_of = [](int year) {
    const int64_t days = DaysSince1970(year, 1, 1);
    const int first = static_cast<int>(((days + 4) % 7 + 7) % 7);
    return first == 4 || (first == 3 && IsLeap(year)) ? 53 : 52;
  };
  if (week < 1) return {time_.year - 1, weeks_of(time_.year - 1)};
  if (week > weeks_of(time_.year)) return {time_.year + 1, 1};
  return {time_.year, week};
}

std::string DateFormatter::Convert(char conversion, char flag) const {
  const int hour12 = time_.hour % 12 == 0 ? 12 : time_.hour % 12;
  const auto number = [&](int value, int width, char pad = '0') {
    return Number(value, width, pad, flag);
  };
  const std::string_view day = kDays[weekday_], month = kMonths[time_.month - 1];
  switch (conversion) {
    case 'a':
      return std::string(day.substr(0, 3));
    case 'A':
      return std::string(day);
    case 'b':
    case 'h':
      return std::string(month.substr(0, 3));
    case 'B':
      return std::string(month);
    case 'c':
      return Composite("%a %b %e %H:%M:%S %Y");
    case 'C':
      return number(time_.year / 100, 2);
    case 'd':
      return number(time_.day, 2);
    case 'D':
    case 'x':
      return Composite("%m/%d/%y");
    case 'e':
      return number(time_.day, 2, ' ');
    case 'F':
      return Composite("%Y-%m-%d");
    case 'g':
      return number(Iso().year % 100, 2);
    case 'G':
      return number(Iso().year, 4);
    case 'H':
      return number(time_.hour, 2);
    case 'I':
      return number(hour12, 2);
    case 'j':
      return number(year_day_ + 1, 3);
    case 'k':
      return number(time_.hour, 2, ' ');
    case 'l':
      return number(hour12, 2, ' ');
    case 'm':
      return number(time_.month, 2);
    case 'M':
      return number(time_.minute, 2);
    case 'n':
      return "\n";
    case 'p':
      return time_.hour < 12 ? "AM" : "PM";
    case 'P':
      return time_.hour < 12 ? "am" : "pm";
    case 'r':
      return Composite("%I:%M:%S %p");
    case 'R':
      return Composite("%H:%M");
    case 'S':
      return number(time_.second, 2);
    case 't':
      return "\t";
    case 'T':
    case 'X':
      return Composite("%H:%M:%S");
    case 'u':
      return number(weekday_ == 0 ? 7 : weekday_, 1);
    case 'U':
      return number((year_day_ + 7 - weekday_) / 7, 2);
    case 'V':
      return number(Iso().week, 2);
    case 'w':
      return number(weekday_, 1);
    case 'W':
      return number((year_day_ + 7 - (weekday_ + 6) % 7) / 7, 2);
    case 'y':
      return number(time_.year % 100, 2);
    case 'Y':
      return fmt::format("{}", time_.year);
    case '%':
      return "%";
    default:
      return "";
  }
}

}  // namespace

CivilTime CivilTimeOf(int64_t unix_s) {
  // Far away years would not fit a date: about 30,000 years on either side are enough.
  constexpr int64_t kMaxSeconds = int64_t{1} << 40;
  unix_s = unix_s > kMaxSeconds ? kMaxSeconds : (unix_s < -kMaxSeconds ? -kMaxSeconds : unix_s);
  const std::chrono::sys_seconds time{std::chrono::seconds{unix_s}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const int64_t second = (time - day).count();
  return {.year = static_cast<int>(date.year()),
          .month = static_cast<int>(static_cast<unsigned>(date.month())),
          .day = static_cast<int>(static_cast<unsigned>(date.day())),
          .hour = static_cast<int>(second / 3600),
          .minute = static_cast<int>(second / 60 % 60),
          .second = static_cast<int>(second % 60)};
}

std::string FormatDate(Sandbox& box, std::string_view format, const CivilTime& time) {
  const DateFormatter formatter(time);
  std::string out;
  for (size_t i = 0; i < format.size();) {
    if (format[i] != '%') {
      box.Append(out, format.substr(i++, 1));
      continue;
    }
    size_t end = i + 1;
    char flag = '\0';
    while (end < format.size() && std::string_view("-_0^").find(format[end]) != format.npos) {
      flag = format[end++];
    }
    std::string text = end < format.size() ? formatter.Convert(format[end], flag) : "";
    if (text.empty()) text = format.substr(i, end + 1 - i);
    if (flag == '^') {
      for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    }
    box.Append(out, text);
    i = end + 1;
  }
  return out;
}

}  // namespace cambium::jinja
