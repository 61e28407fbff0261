// SPDX-License-Identifier: Apache-2.0
// Expected texts are what Jinja2 3.1.6 renders in the environment of transformers 5.23.0.
#include <gtest/gtest.h>

#include "text/jinja/jinja_test_util.h"

namespace cambium::jinja {
namespace {

TEST(JinjaExpressionTest, Arithmetic) {
  ExpectRendered({
      {"{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % -3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 6 / 3 }} {{ 2 ** 10 }} "
       "{{ 2 ** 3 ** 2 }} {{ -2 ** 2 }}",
       "3 -4 -2 2 3.5 2.0 1024 64 4"},
      {"{{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 0.1 + 0.2 }} {{ 1e16 }} {{ 1e15 }} {{ 1e-5 }} {{ 0.0001 "
       "}} {{ 123456789.123 }} {{ -0.0 }} {{ 5.0 }}",
       "3.0 0.5 0.30000000000000004 1e+16 1000000000000000.0 1e-05 0.0001 123456789.123 -0.0 5.0"},
      {"{{ true + 1 }} {{ 'ab' * 3 }} {{ 2 * [1, 2] }} {{ [1] + [2] }} {{ (1,) + (2,) }} {{ 'a' + "
       "'b' }}",
       "2 ababab [1, 2, 1, 2] [1, 2] (1, 2) ab"},
      {"{{ - 5 | abs }} {{ -i }} {{ +f }} {{ 1 + 2 * 3 - 4 }} {{ (1 + 2) * 3 }} {{ 10 - 2 - 3 }}",
       "5 -7 2.5 3 9 5"},
      {"{{ 'a' ~ 1 ~ none ~ 2.0 ~ [1] ~ missing }}", "a1None2.0[1]"},
      {"{{ 1 ~ 2 + 3 ~ 4 }}", "1234"},
  });
}

TEST(JinjaExpressionTest, Comparisons) {
  ExpectRendered({
      {"{{ 1 < 2 < 3 }} {{ 1 < 2 > 5 }} {{ 1 == 1.0 == true }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] "
       "}} {{ 'é' > 'z' }}",
       "True False True True True True"},
      {"{{ 1 in l }} {{ 9 not in l }} {{ 'ell' in s }} {{ 'a' in d }} {{ '' in '' }} {{ none in "
       "[none] }} {{ 1 in d.values() }}",
       "True True True True True True True"},
      {"{{ {'a': 1} == {'a': 1.0} }} {{ [1] == (1,) }} {{ missing == other }} {{ missing == none "
       "}} {{ none == false }} {{ 9007199254740993 == 9007199254740992.0 }}",
       "True False True False False False"},
      {"{{ not t }} {{ not not empty }} {{ t and 'x' }} {{ empty or 'y' }} {{ 0 or none }} {{ "
       "missing and 1 }}",
       "False False x y None "},
  });
}

TEST(JinjaExpressionTest, InlineIf) {
  ExpectRendered({
      {"{{ 'a' if t else 'b' }}", "a"},
      {"{{ 'a' if not t }}|{{ ('a' if not t) is undefined }}", "|True"},
      {"{{ 1 if no else 2 if no else 3 }}", "3"},
      {"{{ 'x' if s is string and i > 3 else 'y' }}", "x"},
  });
}

TEST(JinjaExpressionTest, AttributesAndItems) {
  ExpectRendered({
      {"{{ d.a }} {{ d['a'] }} {{ d.items is callable }} {{ d['items'] }} {{ d.get('zz') }} {{ "
       "d.get('zz', 1) }} {{ d.zz }}|{{ d['get'] is callable }}",
       "1 1 True [5] None 1 |True"},
      {"{{ l[0] }} {{ l[-1] }} {{ l[99] }}| {{ s[4] }} {{ s[-1] }} {{ u[2] }} {{ u[-1] }} {{ "
       "l[true] }} {{ l['x'] }}|",
       "3 2 | o d ï ß 1 |"},
      {"{{ people[0].n }} {{ people[1]['v'] }} {{ people.0.n }}", "x 1 x"},
      {"{{ d.pop }}|{{ l.append }}|{{ d.update is defined }}|{{ s.__class__ }}|{{ no.x }}|{{ i.x "
       "}}",
       "||False|||"},
  });
}

TEST(JinjaExpressionTest, Slices) {
  ExpectRendered({
      {"{{ d[] }}|{{ {(1, 2): 3}[1, 2] }}", "|3"},
      {"{{ l[1:] }} {{ l[:-1] }} {{ l[::-1] }} {{ l[::2] }} {{ l[5:] }} {{ l[-2:] }} {{ l[2:0:-1] "
       "}}",
       "[1, 2] [3, 1] [2, 1, 3] [3, 2] [] [1, 2] [2, 1]"},
      {"{{ s[1:3] }} {{ s[::-1] }} {{ s[-3:] }} {{ u[1:4] }} {{ u[::-2] }} {{ (1, 2, 3)[1:] }} {{ "
       "range(10)[2:8:3] | list }} {{ range(5)[1:] }}",
       "el dlroW olleH rld aïv ßΣ va (2, 3) [2, 5] range(1, 5)"},
  });
}

TEST(JinjaExpressionTest, Literals) {
  ExpectRendered({
      {"{{ [1, 'a', none, true, 1.5, [], {}, ()] }}", "[1, 'a', None, True, 1.5, [], {}, ()]"},
      {"{{ (1,) }} {{ (1, 2) }} {{ () }} {{ 1, 2 }}", "(1,) (1, 2) () (1, 2)"},
      {"{{ {'a': 1, 'b': [2], 3: none, 1.5: true} }}", "{'a': 1, 'b': [2], 3: None, 1.5: True}"},
      {"{{ {'a': 1, 'a': 2} }} {{ {1: 'a', true: 'b', 1.0: 'c'} }}", "{'a': 2} {1: 'c'}"},
      {"{{ [missing] }} {{ [\"it's\", 'a\"b', 'both\\'\"', 'n\\n', '\\u00a0é\\x7f\\u200b😀'] }}",
       "[Undefined] [\"it's\", 'a\"b', 'both\\'\"', 'n\\n', '\\xa0é\\x7f\\u200b😀']"},
      {"{{ True }} {{ False }} {{ None }}", "True False None"},
  });
}

TEST(JinjaExpressionTest, Calls) {
  ExpectRendered({
      {"{{ range(3) | list }} {{ range(1, 4) | list }} {{ range(5, 0, -2) | list }} {{ range(3) }}",
       "[0, 1, 2] [1, 2, 3] [5, 3, 1] range(0, 3)"},
      {"{{ dict(a=1, **{'b': 2}) }} {{ dict([('x', 1)], y=2) }} {{ dict(d) }}",
       "{'a': 1, 'b': 2} {'x': 1, 'y': 2} {'a': 1, 'B': 2, 'items': [5]}"},
      {"{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.next() }}{% "
       "set j = joiner('; ') %}{{ j() }}1{{ j() }}2",
       "abaa1; 2"},
      {"{% set f = s.upper %}{{ f() }}", "HELLO WORLD"},
      {"{{ '{0}-{x}'.format(*[1], **{'x': 2}) }}", "1-2"},
  });
}

}  // namespace
}  // namespace cambium::jinja
