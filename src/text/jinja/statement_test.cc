// SPDX-License-Identifier: Apache-2.0
// Expected texts are what Jinja2 3.1.6 renders in the environment of transformers 5.23.0.
#include <gtest/gtest.h>

#include "text/jinja/jinja_test_util.h"

namespace cambium::jinja {
namespace {

TEST(JinjaStatementTest, ForLoops) {
  ExpectRendered({
      {"{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ "
       "loop.first }}{{ loop.last }}{{ loop.length }}{{ x }};{% endfor %}",
       "1032TrueFalse33;2121FalseFalse31;3210FalseTrue32;"},
      {"{% for x in [] %}a{% else %}none{% endfor %}", "none"},
      {"{% for k, v in d.items() %}{{ k }}={{ v }},{% endfor %}", "a=1,B=2,items=[5],"},
      {"{% for x in l if x > 1 %}{{ x }}{{ loop.length }}{{ loop.previtem }}|{{ loop.nextitem "
       "}},{% endfor %}",
       "32|2,223|,"},
      {"{% for x in l %}{{ loop.cycle('a', 'b') }}{{ loop.changed(x > 1) }}{% endfor %}",
       "aTruebTrueaTrue"},
      {"{% for c in 'añb' %}{{ c }}.{% endfor %}{% for x in missing %}x{% endfor %}", "a.ñ.b."},
      {"{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "123"},
      {"{% for x in [[1, [2]], 3] recursive %}{% if x is iterable %}<{{ loop(x) }}>{% else %}{{ x "
       "}}@{{ loop.depth }}{% endif %}{% endfor %}",
       "<1@2<2@3>>3@1"},
      {"{% for x in range(6) %}{% if x == 1 %}{% continue %}{% endif %}{% if x == 4 %}{% break "
       "%}{% endif %}{{ x }}{% endfor %}",
       "023"},
      {"{% for x in [1] %}{% continue %}{% else %}else{% endfor %}", "else"},
      {"{% for a in l %}{% for b in l %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}",
       "1231;1232;1233;"},
      {"{% set ns = namespace(n=1) %}{% for x in l if x > ns.n %}{% set ns.n = x %}{{ x }}{% "
       "endfor %}",
       "3"},
  });
}

TEST(JinjaStatementTest, Scopes) {
  ExpectRendered({
      {"{% set x = 1 %}{% for i in l %}{% set x = i %}{{ x }}{% endfor %}{{ x }}", "3121"},
      {"{% set x = 1 %}{% if t %}{% set x = 2 %}{% endif %}{{ x }}", "2"},
      {"{% set ns = namespace(x=1, y='a') %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor "
       "%}{{ ns.x }}{{ ns.y }}{{ ns.z }}{{ ns }}",
       "7a<Namespace {'x': 7, 'y': 'a'}>"},
      {"{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = b, a %}{{ a }}{{ b }}", "1221"},
      {"{% set x = 5 %}{% macro m() %}{{ x }}{% set x = 6 %}{{ x }}{% endmacro %}{{ m() }}{% set x "
       "= 7 %}{{ m() }}{{ x }}",
       "56767"},
      {"{% for i in l %}{% if loop.first %}{% set y = i %}{% endif %}{{ y }}|{% endfor %}", "3|||"},
      {"{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}", "12"},
      {"{% set s = s ~ '!' %}{{ s }}", "Hello World!"},
      {"{% set ns = namespace({'a': 1}) %}{% set ns.a, ns.b = 3, 4 %}{{ ns.a }}{{ ns.b }}", "34"},
  });
}

TEST(JinjaStatementTest, Blocks) {
  ExpectRendered({
      {"{% set x %}a{{ i }}b{% endset %}[{{ x }}]", "[a7b]"},
      {"{% set x | upper | trim %}  a{{ i }}  {% endset %}[{{ x }}]", "[A7]"},
      {"{% filter upper %}a{{ s }}{% endfilter %}", "AHELLO WORLD"},
      {"{% filter replace('a', 'b') | upper %}aXa{% endfilter %}", "BXB"},
      {"{% generation %}x{% set q = 1 %}{{ q }}{% endgeneration %}{{ q }}", "x1"},
      {"{% block b %}x{{ i }}{% endblock %}", "x7"},
      {"{% print 1, 'a' %}", "1a"},
      {"{% if no %}1{% elif i == 7 %}2{% else %}3{% endif %}", "2"},
  });
}

TEST(JinjaStatementTest, Macros) {
  ExpectRendered({
      {"{% macro m(a, b=2, c='x') %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }} {{ m(1, c=3) }} "
       "{{ m(b=1) }} {{ m(1, 2, 3) }}",
       "12x 123 1x 123"},
      {"{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, a=3) }}",
       "(1, 2){'a': 3}"},
      {"{% macro m(x) %}<{{ caller() }}{{ x }}>{% endmacro %}{% call m(1) %}in{{ i }}{% endcall %}",
       "<in71>"},
      {"{% macro m() %}{% for x in l %}{{ caller(x, loop.index) }}{% endfor %}{% endmacro %}{% "
       "call(a, b) m() %}{{ a }}-{{ b }};{% endcall %}",
       "3-1;1-2;2-3;"},
      {"{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
       "3210"},
      {"{% macro m(a) %}{{ a is defined }}{{ a }}{% endmacro %}{{ m() }}{{ m(none) }}",
       "FalseTrueNone"},
      {"{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}", "11"},
      {"{% macro m(a) %}{% endmacro %}{{ m.name }}{{ m.arguments }}{{ m }}{{ m(1) | length }}",
       "m('a',)<Macro 'm'>0"},
      {"{% macro m() %}  x  {% endmacro %}[{{ m() | trim }}]{{ m() ~ 'a' }}", "[x]  x  a"},
  });
}

}  // namespace
}  // namespace cambium::jinja
