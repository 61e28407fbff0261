// SPDX-License-Identifier: Apache-2.0
// Expected texts are what Jinja2 3.1.6 renders in the environment of transformers 5.23.0.
#include <gtest/gtest.h>

#include "text/jinja/jinja_test_util.h"

namespace cambium::jinja {
namespace {

TEST(JinjaLexerTest, TrimsAndStripsBlocks) {
  ExpectRendered({
      {"a\n{% if t %}\nb\n{% endif %}\nc", "a\nb\nc"},
      {"  {% if t %}  x  {% endif %}  y", "  x    y"},
      {"a {% if t %}b{% endif %}\n\n c", "a b\n c"},
      {"{# c #}\nx", "x"},
      {"  {# c #}  \n x", "  \n x"},
      {"a\n  {#- c -#}\n  b", "ab"},
      {"x {{ 1 }}\ny", "x 1\ny"},
      {"  {{ 1 }}\n  {{ 2 }}", "  1\n  2"},
      {"{% set a = 1 %}\n\n{{ a }}\n", "\n1"},
      {"\t{% set a = 1 %}x", "x"},
      {"a{% set a = 1 %}  {% set b = 2 %}\nb", "a  b"},
  });
}

TEST(JinjaLexerTest, SignsKeepAndTakeSpace) {
  ExpectRendered({
      {"a  {%- if t -%}  b  {%- endif -%}  c", "abc"},
      {"  {%+ if t %}\nx{% endif +%}\ny", "  x\ny"},
      {"a {{- 1 -}} b", "a1b"},
      {"a\n\n{{- 1 -}}\n\nb", "a1b"},
      {"x  {#- c -#}  y", "xy"},
      {"{%+ if t +%}\n  x{% endif %}", "\n  x"},
      {"{{-1}}", "1"},
      {"{{+1}}", "1"},
      {"{{ 1 -}}\n\n", "1"},
      {"a\n {%- set x = 1 +%}\n b", "a\n b"},
      {"  {%- set x = 1 -%}　b", "b"},
  });
}

TEST(JinjaLexerTest, RawAndComments) {
  ExpectRendered({
      {"x{#", "x"},
      {"x{% raw %}", "x"},
      {"{% raw %}{{ x }}{% if %}{% endraw %}", "{{ x }}{% if %}"},
      {"a\n{% raw %}\n b {% endraw %}\nc", "a\n\n b c"},
      {"{%- raw -%}  x  {%- endraw -%}  y", "xy"},
      {"{# {{ x }} {% raw %} #}z", "z"},
      {"{#- a -#} b", "b"},
      {"{##}x", "x"},
      {"{#-#} y", " y"},
      {"{% raw %}{% raw %}{% endraw %}x", "{% raw %}x"},
  });
}

TEST(JinjaLexerTest, LineEndsAndTheLastNewline) {
  ExpectRendered({
      {"a\015\nb\015c\n", "a\nb\nc"},
      {"a\n\n", "a\n"},
      {"\n", ""},
      {"", ""},
      {"{{ 'x\015\ny' }}", "x\ny"},
      {"{% if t %}\015\nx{% endif %}", "x"},
  });
}

TEST(JinjaLexerTest, StringsAndNumbers) {
  ExpectRendered({
      {"{{ 'a\\n\\t\\\\\\'\\x41\\u00e9\\U0001F600\\101\\q' }}", "a\n\t\\'Aé😀A\\q"},
      {"{{ \"d'q\" 'joined' }}", "d'qjoined"},
      {"{{ 'é\\é' }}", "é\\xe9"},
      {"{{ 'a\\\nb' }}", "ab"},
      {"{{ 1_000 }} {{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 1e3 }} {{ 1.5e-3 }} {{ 00 }} {{ 1_0.2_5 "
       "}}",
       "1000 31 5 15 1000.0 0.0015 0 10.25"},
      {"{{ l.0 }}{{ [[1,2],[3]].0.1 }}", "32"},
      {"{{ '}}' }}{{ {'a': {'b': '%}'}}['a'] }}", "}}{'b': '%}'}"},
  });
}

}  // namespace
}  // namespace cambium::jinja
