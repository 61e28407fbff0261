// SPDX-License-Identifier: Apache-2.0
// Expected texts are what Jinja2 3.1.6 renders in the environment of transformers 5.23.0.
#include <gtest/gtest.h>

#include "text/jinja/jinja_test_util.h"

namespace cambium::jinja {
namespace {

TEST(JinjaFiltersTest, Text) {
  ExpectRendered({
      {"{{ ' a ' | trim }}|{{ 'xax' | trim('x') }}|{{ 7 | trim }}", "a|a|7"},
      {"{{ s | upper }} {{ s | lower }} {{ 'foo bar-baz (qux)' | title }} {{ 'fOO' | capitalize }} "
       "{{ none | upper }}",
       "HELLO WORLD hello world Foo Bar-Baz (Qux) Foo NONE"},
      {"{{ 'aaa' | replace('a', 'b') }} {{ 'aaa' | replace('a', 'b', 2) }} {{ 123 | replace(2, "
       "'x') }}",
       "bbb bba 1x3"},
      {"{{ 'a\\n\\nb' | indent }}|{{ 'a\\nb' | indent(2, true) }}|{{ 'a\\n\\nb' | indent('> ', "
       "blank=true) }}|{{ 'a\\n' | indent }}|",
       "a\n\n    b|  a\n  b|a\n> \n> b|a\n|"},
      {"{{ html | e }} {{ html | escape | escape }} {{ html | safe }} {{ (html | safe) + '<' }} {{ "
       "html | safe | e }} {{ html | forceescape }} {{ ['<' | safe] }}",
       "&lt;a&gt;&amp;&#39; &lt;a&gt;&amp;&#39; <a>&' <a>&'&lt; <a>&' &lt;a&gt;&amp;&#39; "
       "[Markup('<')]"},
      {"{{ 'foo bar baz qux' | truncate(9) }} {{ 'foo bar baz qux' | truncate(9, true) }} {{ 'foo "
       "bar baz qux' | truncate(11) }} {{ 'foo bar baz qux' | truncate(11, false, '...', 0) }}",
       "foo... foo ba... foo bar baz qux foo bar..."},
      {"{{ 'a b, c' | wordcount }} {{ 'a' | center(5) }}| {{ '%s-%s' | format(1, 2) }} {{ '%(x)s' "
       "| format(x=1) }} {{ 'a b/c?é' | urlencode }} {{ {'a': 'b c'} | urlencode }}",
       "3   a  | 1-2 1 a%20b/c%3F%C3%A9 a=b+c"},
  });
}

TEST(JinjaFiltersTest, Json) {
  ExpectRendered({
      {"{{ d | tojson }} {{ [1, 2.0, none, true, 'é\\\"\\n\\t\\x01/<'] | tojson }} {{ '😀é' | "
       "tojson(true) }}",
       "{\"a\": 1, \"B\": 2, \"items\": [5]} [1, 2.0, null, true, \"é\\\"\\n\\t\\u0001/<\"] "
       "\"\\ud83d\\ude00\\u00e9\""},
      {"{{ {'b': [1, {'c': []}], 'a': {}} | tojson(indent=2) }}",
       "{\n  \"b\": [\n    1,\n    {\n      \"c\": []\n    }\n  ],\n  \"a\": {}\n}"},
      {"{{ {'b': 1, 'a': 2} | tojson(sort_keys=true) }} {{ [1, {'a': 2}] | tojson(separators=(',', "
       "':')) }} {{ {1: 'a', none: 2, true: 3, 1.5: 4} | tojson }} {{ (1, 2) | tojson }} {{ [] | "
       "tojson(indent=2) }} {{ 1e20 | tojson }}",
       "{\"a\": 2, \"b\": 1} [1,{\"a\":2}] {\"1\": 3, \"null\": 2, \"1.5\": 4} [1, 2] [] 1e+20"},
      {"{{ [1, [2]] | tojson(indent='\\t') }} {{ [1] | tojson(indent=0) }}",
       "[\n\t1,\n\t[\n\t\t2\n\t]\n] [\n1\n]"},
  });
}

TEST(JinjaFiltersTest, Numbers) {
  ExpectRendered({
      {"{{ '42' | int }} {{ '4.7' | int }} {{ 'x' | int }} {{ 'x' | int(5) }} {{ '0x1F' | "
       "int(base=16) }} {{ ' 1_000 ' | int }} {{ 3.99 | int }} {{ -3.99 | int }} {{ none | int }} "
       "{{ true | int }} {{ '1e3' | int }}",
       "42 4 0 5 31 1000 3 -3 0 1 1000"},
      {"{{ '2.5' | float }} {{ 'x' | float }} {{ 'x' | float(1.5) }} {{ 3 | float }} {{ '1e400' | "
       "float }} {{ 'nan' | float }} {{ ' -inf ' | float }}",
       "2.5 0.0 1.5 3.0 inf nan -inf"},
      {"{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.675 | round(2) }} {{ 2.1 | round(method='ceil') "
       "}} {{ 2.19 | round(1, 'floor') }} {{ 5 | round }} {{ 25 | round(-1) }} {{ 42.55 | round | "
       "int }}",
       "2.0 4.0 2.67 3.0 2.1 5 20 43"},
      {"{{ -3 | abs }} {{ -2.5 | abs }} {{ l | sum }} {{ [0.1, 0.2] | sum }} {{ people | "
       "sum(attribute='v') }} {{ l | sum(start=10) }} {{ [] | sum }}",
       "3 2.5 6 0.30000000000000004 6 16 0"},
  });
}

TEST(JinjaFiltersTest, Sequences) {
  ExpectRendered({
      {"{{ missing | default('x') }} {{ empty | default('x') }} {{ empty | d('x', true) }} {{ none "
       "| default('x') }} {{ missing | default }}|",
       "x  x None |"},
      {"{{ l | length }} {{ s | count }} {{ d | length }} {{ u | length }} {{ missing | length }}",
       "3 11 3 10 0"},
      {"{{ l | first }} {{ l | last }} {{ [] | first }}|{{ [] | last }}|{{ s | first }} {{ d | "
       "first }}",
       "3 2 ||H a"},
      {"{{ l | join }} {{ l | join(', ') }} {{ people | join('-', attribute='n') }} {{ 'abc' | "
       "join('.') }} {{ [1, none, 'a'] | join('|') }}",
       "312 3, 1, 2 x-Y-z a.b.c 1|None|a"},
      {"{{ 'abc' | list }} {{ d | list }} {{ l | reverse | list }} {{ 'abc' | reverse }} {{ d | "
       "items | list }} {{ missing | items | list }}",
       "['a', 'b', 'c'] ['a', 'B', 'items'] [2, 1, 3] cba [('a', 1), ('B', 2), ('items', [5])] []"},
      {"{{ [1, 2, 3, 4, 5] | batch(2) | list }} {{ [1, 2, 3] | batch(2, 'x') | list }} {{ [1, 2, "
       "3, 4, 5] | slice(2) | list }} {{ [1, 2, 3] | slice(2, 'x') | list }}",
       "[[1, 2], [3, 4], [5]] [[1, 2], [3, 'x']] [[1, 2, 3], [4, 5]] [[1, 2], [3, 'x']]"},
      {"{{ d | attr('items') is callable }} {{ d | attr('a') is defined }} {{ [1, 1, 'a', 'A'] | "
       "unique | list }} {{ ['a', 'A'] | unique(true) | list }}",
       "True False [1, 'a'] ['a', 'A']"},
  });
}

TEST(JinjaFiltersTest, Order) {
  ExpectRendered({
      {"{{ l | sort }} {{ l | sort(reverse=true) }} {{ words | sort }} {{ words | "
       "sort(case_sensitive=true) }} {{ people | sort(attribute='v') | map(attribute='n') | list "
       "}} {{ people | sort(attribute='n,v') | map(attribute='n') | join }}",
       "[1, 2, 3] [3, 2, 1] ['A', 'b', 'c'] ['A', 'b', 'c'] ['Y', 'z', 'x'] xYz"},
      {"{{ d | dictsort }} {{ {'b': 1, 'a': 2} | dictsort(by='value') }} {{ {'b': 1, 'A': 2} | "
       "dictsort(true) }} {{ {'b': 1, 'A': 2} | dictsort(reverse=true) }}",
       "[('a', 1), ('B', 2), ('items', [5])] [('b', 1), ('a', 2)] [('A', 2), ('b', 1)] [('b', 1), "
       "('A', 2)]"},
      {"{{ l | min }} {{ l | max }} {{ words | min }} {{ words | max }} {{ [] | max }}| {{ people "
       "| max(attribute='v') }}",
       "1 3 A c | {'n': 'x', 'v': 3, 'on': True}"},
      {"{% for k, v in [{'a': 2, 'b': 1}, {'a': 1, 'b': 2}, {'a': 2, 'b': 3}] | groupby('a') %}{{ "
       "k }}:{{ v | map(attribute='b') | join }};{% endfor %}{{ [{'a': 1}] | groupby('a') }}",
       "1:2;2:13;[(1, [{'a': 1}])]"},
  });
}

TEST(JinjaFiltersTest, Select) {
  ExpectRendered({
      {"{{ l | select('odd') | list }} {{ l | reject('odd') | list }} {{ [0, 1, '', 'a'] | select "
       "| list }} {{ [1, 'a', none] | select('string') | list }} {{ l | select('gt', 1) | list }} "
       "{{ l | select('in', [1, 2]) | list }}",
       "[3, 1] [2] [1, 'a'] ['a'] [3, 2] [1, 2]"},
      {"{{ people | selectattr('on') | map(attribute='n') | list }} {{ people | rejectattr('on') | "
       "map(attribute='n') | list }} {{ people | selectattr('v', 'ge', 2) | map(attribute='n') | "
       "join(',') }} {{ people | selectattr('on', 'defined') | list | length }}",
       "['x'] ['Y', 'z'] x,z 2"},
      {"{{ words | map('upper') | list }} {{ people | map(attribute='q', default='?') | list }} {{ "
       "[[1], [2]] | map(attribute=0) | list }} {{ [{'a': {'b': 1}}] | map(attribute='a.b') | list "
       "}} {{ ['a b', 'c'] | map('replace', ' ', '_') | join('|') }}",
       "['B', 'A', 'C'] ['?', '?', '?'] [1, 2] [1] a_b|c"},
      {"{% set g = l | map('string') %}{{ 'yes' if g else 'no' }}{{ g | list }}{{ g | list }}{{ g "
       "is iterable }}{{ g is sequence }}",
       "yes['3', '1', '2'][]TrueFalse"},
  });
}

}  // namespace
}  // namespace cambium::jinja
