// SPDX-License-Identifier: Apache-2.0
// Expected texts are what Jinja2 3.1.6 renders in the environment of transformers 5.23.0.
#include <gtest/gtest.h>

#include "text/jinja/jinja_test_util.h"

namespace cambium::jinja {
namespace {

TEST(JinjaStringMethodsTest, Methods) {
  ExpectRendered({
      {"{{ ' a b '.strip() }}|{{ ' a b '.lstrip() }}|{{ ' a b '.rstrip() }}|{{ 'xxaxx'.strip('x') "
       "}}|{{ 'abcba'.lstrip('ab') }}|{{ '\\u2003\\u00a0a'.strip() }}|",
       "a b|a b | a b|a|cba|a|"},
      {"{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a b c'.split(' ', 1) }} {{ 'a b "
       "c'.rsplit(' ', 1) }} {{ '  a  b  '.split(None, 1) }} {{ '  a  b  '.rsplit(None, 1) }} {{ "
       "''.split() }} {{ ''.split(',') }} {{ 'a,b'.split(sep=',', maxsplit=0) }}",
       "['a', 'b', '', 'c'] ['a', 'b'] ['a', 'b c'] ['a b', 'c'] ['a', 'b  '] ['  a', 'b'] [] [''] "
       "['a,b']"},
      {"{{ 'a\\nb\\r\\nc\\x0bd\\n'.splitlines() }} {{ 'a\\nb'.splitlines(true) }} {{ "
       "''.splitlines() }}",
       "['a', 'b', 'c', 'd'] ['a\\n', 'b'] []"},
      {"{{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'abc'.partition('x') }} {{ "
       "'abc'.rpartition('x') }}",
       "('a', '=', 'b=c') ('a=b', '=', 'c') ('abc', '', '') ('', '', 'abc')"},
      {"{{ s.startswith('He') }} {{ s.endswith(('x', 'd')) }} {{ s.startswith('W', 6) }} {{ "
       "s.find('o') }} {{ s.rfind('o') }} {{ s.find('o', 5) }} {{ s.find('z') }} {{ u.find('ß') }} "
       "{{ s.index('W') }} {{ s.count('l') }} {{ s.count('') }}",
       "True True True 4 7 7 -1 9 6 3 12"},
      {"{{ s.replace('l', 'L') }} {{ s.replace('l', 'L', 1) }} {{ 'ab'.replace('', '-') }} {{ "
       "s.upper() }} {{ s.lower() }} {{ 'they\\'re bill-s'.title() }} {{ 'hELLO "
       "wORLD'.capitalize() }} {{ s.swapcase() }}",
       "HeLLo WorLd HeLlo World -a-b- HELLO WORLD hello world They'Re Bill-S Hello world hELLO "
       "wORLD"},
      {"{{ ','.join(words) }} {{ '-'.join('abc') }} {{ ''.join([]) }} {{ ', '.join(d) }}",
       "b,A,c a-b-c  a, B, items"},
      {"{{ 'a'.isalpha() }} {{ '1'.isdigit() }} {{ 'a1'.isalnum() }} {{ ' '.isspace() }} {{ "
       "''.isspace() }} {{ 'aB'.islower() }} {{ 'AB1'.isupper() }} {{ 'Ab Cd'.istitle() }} {{ "
       "'½'.isnumeric() }} {{ '²'.isdigit() }} {{ '²'.isdecimal() }} {{ 'é'.isascii() }} {{ "
       "'\\n'.isprintable() }}",
       "True True True True False False True True True True False False False"},
      {"{{ '7'.zfill(3) }} {{ '-7'.zfill(4) }} {{ 'a'.center(6, '*') }} {{ 'ab'.center(5, '*') }} "
       "{{ 'a'.ljust(3) }}| {{ 'a'.rjust(3, '.') }} {{ 'a\\tb'.expandtabs(4) }} {{ "
       "'prefix'.removeprefix('pre') }} {{ 'suffix'.removesuffix('fix') }}",
       "007 -007 **a*** **ab* a  | ..a a   b fix suf"},
      {"{{ u.upper() }} {{ u.lower() }} {{ 'ΑΣ ΑΣΑ Σ'.lower() }} {{ 'ŉ ǆ ﬁ'.upper() }} {{ 'ǆ "
       "ΑΣ'.title() }} {{ 'ßA'.capitalize() }} {{ 'İ'.lower() }} {{ 'ÀÉ'.swapcase() }}",
       "NAÏVE ΑΣ SS naïve ας ß ας ασα σ ʼN Ǆ FI ǅ Ας Ssa i̇ àé"},
      {"{{ l.count(1) }} {{ l.index(1) }} {{ l.copy() }} {{ d.keys() | list }} {{ d.values() | "
       "list }} {{ d.items() }} {{ d.keys() }} {{ d.copy() }} {{ (2.0).is_integer() }}",
       "1 1 [3, 1, 2] ['a', 'B', 'items'] [1, 2, [5]] dict_items([('a', 1), ('B', 2), ('items', "
       "[5])]) dict_keys(['a', 'B', 'items']) {'a': 1, 'B': 2, 'items': [5]} True"},
  });
}

TEST(JinjaStringMethodsTest, Formats) {
  ExpectRendered({
      {"{{ '%s %d %r %5.2f|%-6s|%06d|%x|%X|%o|%e|%g|%c|%%' % ('a', 3, 'b', 2.345, 'l', 42, 255, "
       "255, 8, 1234.5, 0.0001, 'z') }}",
       "a 3 'b'  2.35|l     |000042|ff|FF|10|1.234500e+03|0.0001|z|%"},
      {"{{ '%(a)s %(B)d' % d }} {{ '%s' % 1 }} {{ '%s' % [1] }} {{ '%+d % d %#x %#o' % (1, 2, 255, "
       "8) }} {{ '%.3s|%*d' % ('abcdef', 5, 3) }} {{ '%5.1f%%' % 99.55 }} {{ '%d' % 3.9 }}",
       "1 2 1 [1] +1  2 0xff 0o10 abc|    3  99.5% 3"},
      {"{{ '{} {}'.format(1, 'a') }} {{ '{1}{0}'.format('a', 'b') }} {{ "
       "'{x}{y.a}{z[0]}{z[1]}'.format(x=1, y=d, z=l) }} {{ '{{}}'.format() }} {{ "
       "'{!r}'.format('q') }}",
       "1 a ba 1131 {} 'q'"},
      {"{{ '{:>5}|{:<5}|{:^5}|{:*^7}|{:05d}|{:+d}|{:,}|{:_}|{:x}|{:#x}|{:b}|{:o}|{:c}'.format('a', "
       "'b', 'c', 'd', 42, 42, 1234567, 1234567, 255, 255, 5, 8, 97) }}",
       "    a|b    |  c  |***d***|00042|+42|1,234,567|1_234_567|ff|0xff|101|10|a"},
      {"{{ '{:.2f}|{:10.3f}|{:e}|{:.3g}|{:g}|{:%}|{:.1%}|{:,.2f}|{}|{:.3}|{:.1f}'.format(2.345, "
       "3.14159, 12345.678, 0.00012345, 1e20, 0.25, 0.256, 1234567.891, 1e16, 12.5, 0.25) }}",
       "2.35|     3.142|1.234568e+04|0.000123|1e+20|25.000000%|25.6%|1,234,567.89|1e+16|12.5|0.2"},
      {"{{ '{:>{}}|{:{w}.{p}f}'.format('a', 4, 2.5, w=8, p=3) }} {{ '{:08,}|{:04,}'.format(1234, "
       "1) }} {{ '{:5}|{:<5}|{:s}'.format(true, 3, 'x') }} {{ '{:.3}'.format('abcdef') }}",
       "   a|   2.500 0,001,234|0,001     1|3    |x abc"},
      {"{{ '{a} {b}'.format_map({'a': 1, 'b': 2}) }}", "1 2"},
  });
}

}  // namespace
}  // namespace cambium::jinja
