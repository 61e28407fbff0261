// SPDX-License-Identifier: Apache-2.0
// Expected texts are what Jinja2 3.1.6 renders in the environment of transformers 5.23.0.
#include <gtest/gtest.h>

#include "text/jinja/jinja_test_util.h"

namespace cambium::jinja {
namespace {

TEST(JinjaTestsTest, Types) {
  ExpectRendered({
      {"{% for v in [none, true, 1, 1.5, 'a', [1], (1,), {}, range(2), missing] %}{{ v is defined "
       "}},{{ v is undefined }},{{ v is none }},{{ v is boolean }},{{ v is integer }},{{ v is "
       "float }},{{ v is number }},{{ v is string }},{{ v is mapping }},{{ v is sequence }},{{ v "
       "is iterable }},{{ v is callable }},{{ v is true }},{{ v is false }};{% endfor %}",
       "True,False,True,False,False,False,False,False,False,False,False,False,False,False;True,"
       "False,False,True,False,False,True,False,False,False,False,False,True,False;True,False,"
       "False,False,True,False,True,False,False,False,False,False,False,False;True,False,False,"
       "False,False,True,True,False,False,False,False,False,False,False;True,False,False,False,"
       "False,False,False,True,False,True,True,False,False,False;True,False,False,False,False,"
       "False,False,False,False,True,True,False,False,False;True,False,False,False,False,False,"
       "False,False,False,True,True,False,False,False;True,False,False,False,False,False,False,"
       "False,True,True,True,False,False,False;True,False,False,False,False,False,False,False,"
       "False,True,True,False,False,False;False,True,False,False,False,False,False,False,False,"
       "True,True,True,False,False;"},
      {"{{ s.upper is callable }} {{ d.items() is sequence }} {{ d.items() is iterable }} {{ "
       "namespace() is mapping }} {{ range is callable }}",
       "True False True False True"},
  });
}

TEST(JinjaTestsTest, Values) {
  ExpectRendered({
      {"{{ 3 is odd }} {{ 4 is even }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }} {{ 'a' "
       "is lower }} {{ 'A' is upper }} {{ 1 is eq 1 }} {{ 1 is equalto 2 }} {{ 1 is ne 2 }} {{ 1 "
       "is lt 2 }} {{ 1 is gt(2) }} {{ 2 is ge 2 }} {{ 1 is le 0 }} {{ 1 is in [1] }} {{ none is "
       "sameas none }} {{ 1 is sameas true }}",
       "True True True False True True True False True True False True False True True False"},
      {"{{ 1 is not none }} {{ missing is not defined }} {{ 'a' is string and 1 is number }} {{ "
       "not 1 is string }} {{ 'upper' is filter }} {{ 'nope' is filter }} {{ 'odd' is test }} {{ "
       "('a' | safe) is escaped }}",
       "True True True True True False True True"},
      {"{{ 'x' if 1 is odd else 'y' }} {{ 1 is odd or 2 is odd }} {{ [1 is odd, 2 is odd] }}",
       "x True [True, False]"},
  });
}

}  // namespace
}  // namespace cambium::jinja
