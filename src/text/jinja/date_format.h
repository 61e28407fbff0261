// SPDX-License-Identifier: Apache-2.0
// strftime in the C locale, of a time that the caller gives: rendering never looks at a clock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cambium::jinja {

class Sandbox;

// A time of the Gregorian calendar, without a zone. REQUIRES: a date that exists.
struct CivilTime {
  int year = 1970;
  int month = 1;  // 1 to 12
  int day = 1;
  int hour = 0, minute = 0, second = 0;
};

// UTC of seconds since 1970.
CivilTime CivilTimeOf(int64_t unix_s);

// %a %A %b %B %c %C %d %D %e %F %G %g %H %h %I %j %k %l %m %M %n %p %P %R %r %S %t %T %u %U %V %w
// %W %x %X %y %Y %% with glibc's flags - _ 0 ^; anything else stays as it is.
std::string FormatDate(Sandbox& box, std::string_view format, const CivilTime& time);

}  // namespace cambium::jinja
