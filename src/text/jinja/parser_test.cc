// SPDX-License-Identifier: Apache-2.0
// What is refused when a template is parsed, with the line.
#include "text/jinja/parser.h"

#include <gtest/gtest.h>

#include "text/jinja/jinja_test_util.h"

namespace cambium::jinja {
namespace {

std::string ParseError(const std::string& source) {
  try {
    ParseTemplate(source);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "parsed: " << source.substr(0, 200);
  return "";
}

TEST(JinjaParserTest, SyntaxErrorsHaveLineAndReason) {
  EXPECT_EQ(ParseError("a\n{{ 1 + }}"), "chat template, line 2: expected an expression, found }}");
  EXPECT_EQ(ParseError("{% if x %}\n\n"),
            "chat template, line 1: a block that begins here is not closed: missing {% endif %}");
  EXPECT_EQ(ParseError("{{ x\n"),
            "chat template, line 1: expected }}, found the end of the template");
  EXPECT_EQ(ParseError("\n\n{% nope %}"), "chat template, line 3: unknown statement 'nope'");
  EXPECT_EQ(ParseError("{{ x|nope }}"), "chat template, line 1: there is no filter 'nope'");
  EXPECT_EQ(ParseError("{{ x is nope }}"), "chat template, line 1: there is no test 'nope'");
  EXPECT_EQ(ParseError("{% break %}"), "chat template, line 1: break outside of a loop");
  EXPECT_EQ(ParseError("{# a"), "chat template, line 1: a comment is not closed: missing #}");
}

TEST(JinjaParserTest, RefusesWhatIsNoTemplate) {
  for (const char* source :
       {"{{ }}",
        "{{ 'a }}",
        "{{ a b }}",
        "{{ [1, }}",
        "{{ (1 }}",
        "{{ {1} }}",
        "{{ {1: } }}",
        "{{ a. }}",
        "{{ a[1:2, 3] }}",
        "{{ a[1:2:3:4] }}",
        "{{ f(a=1, 2) }}",
        "{{ f(**a, b) }}",
        "{{ f(a=1, a=2) }}",
        "{{ a | }}",
        "{{ a is }}",
        "{{ ? }}",
        "{{ ) }}",
        "{{ '\\x4' }}",
        "{{ '\\ud800' }}",
        "{{ '\\N{DASH}' }}",
        "{{ 9223372036854775808 }}",
        "{{ 007 }}",
        "{% %}",
        "{% set %}",
        "{% set 1 = 2 %}",
        "{% set true = 2 %}",
        "{% set a.b.c = 2 %}",
        "{% set x %}",
        "{% for %}",
        "{% for x y %}",
        "{% for x in %}{% endfor %}",
        "{% for loop in x %}{% endfor %}",
        "{% for x in y %}{% set loop = 1 %}{% endfor %}",
        "{% if %}{% endif %}",
        "{% endif %}",
        "{% if x %}{% endfor %}",
        "{% macro %}",
        "{% macro m(a=1, b) %}{% endmacro %}",
        "{% macro m(a, a) %}{% endmacro %}",
        "{% call x %}{% endcall %}",
        "{% raw %}x",
        "{% for x in y %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}",
        "{% for x in y %}{% generation %}{% continue %}{% endgeneration %}{% endfor %}",
        "{% if x %}{% else %}{% elif y %}{% endif %}",
        "{% else %}",
        "{{ x is is y }}"}) {
    EXPECT_NE(ParseError(source), "") << source;
  }
}

TEST(JinjaParserTest, SaysWhatIsNotSupported) {
  for (const char* name : {"include", "import", "from", "extends", "autoescape"}) {
    EXPECT_EQ(ParseError("{% " + std::string(name) + " 'a' %}"),
              "chat template, line 1: the statement '" + std::string(name) + "' is not supported");
  }
}

// As Jinja: a filter that does not exist is found at once, but directly in an if only when reached.
TEST(JinjaParserTest, UnknownFiltersInConditionsFailWhenReached) {
  ExpectRendered(
      {{"{% if no %}{{ 1|nope }}{% endif %}x", "x"}, {"{{ 1|nope if no else 2 }}", "2"}});
  ParseError("{% if no %}{% for x in l %}{{ x|nope }}{% endfor %}{% endif %}");
  ErrorOf("{% if t %}{{ 1|nope }}{% endif %}", ErrorCode::kInvalidArgument);
}

TEST(JinjaParserTest, NestingIsBounded) {
  const auto repeat = [](const std::string& text, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += text;
    return out;
  };
  for (const int count : {1000, 20'000}) {
    ParseError("{{ " + repeat("(", count) + "1" + repeat(")", count) + " }}");
    ParseError("{{ " + repeat("[", count) + repeat("]", count) + " }}");
    ParseError("{{ " + repeat("not ", count) + "x }}");
    ParseError("{{ " + repeat("- ", count) + "x }}");
    ParseError("{{ x" + repeat(".y", count) + " }}");
    ParseError("{{ x" + repeat("|string", count) + " }}");
    ParseError("{{ 1" + repeat(" + 1", count) + " }}");
    ParseError("{{ 1" + repeat(" if 1 else 1", count) + " }}");
    ParseError("{{ f" + repeat("()", count) + " }}");
    ParseError(repeat("{% if x %}", count) + repeat("{% endif %}", count));
    ParseError("{% for " + repeat("(", count) + "a" + repeat(")", count) + " in x %}{% endfor %}");
  }
  EXPECT_EQ(RenderTest("{{ 1" + repeat(" ~ 1", 1000) + " }}"), repeat("1", 1001));
}

// Every prefix of a template is refused or rendered; nothing else may happen.
TEST(JinjaParserTest, CutAnywhere) {
  const std::string source =
      "a{%- set ns = namespace(x=1) -%}{% for k, v in d.items() if k %}{{ loop.index ~ v|tojson }}"
      "{% else %}b{% endfor %}{% macro m(a, b=[1, {'c': 'd\\n'}]) %}{{ a[1:]|join(',') }}{# c #}"
      "{% endmacro %}{{ m('x' if t is defined else (1, 2)) }}{% raw %}{{{% endraw %}{% filter upper"
      " %}z{% endfilter %}";
  for (size_t size = 0; size < source.size(); ++size) {
    try {
      RenderTest(source.substr(0, size));
    } catch (const Error&) {
    }
  }
  EXPECT_NE(RenderTest(source), "");
}

}  // namespace
}  // namespace cambium::jinja
