// SPDX-License-Identifier: Apache-2.0
// Hostile templates end in an Error: no crash, no hang, no memory beyond the limit, no way out.
#include "text/jinja/sandbox.h"

#include <gtest/gtest.h>

#include "text/jinja/jinja_test_util.h"

namespace cambium::jinja {
namespace {

// A fraction of the steps that there are by default, so that tests under sanitizers end soon.
RenderOptions FewSteps() { return {.limits = {.max_steps = 300'000}}; }

// Sets ns.s from `first` by `next` many times, then renders `last`.
std::string Repeated(const std::string& first, const std::string& next, const std::string& last,
                     int count = 100'000) {
  return "{% set ns = namespace(s=" + first + ") %}{% for i in range(" + std::to_string(count) +
         ") %}{% set ns.s = " + next + " %}{% endfor %}{{ " + last + " }}";
}

TEST(JinjaSandboxTest, LoopsAndRecursionEnd) {
  for (const std::string& source : {
           std::string(
               "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999)"
               " %}{% endfor %}{% endfor %}{% endfor %}"),
           std::string("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
           std::string("{% macro f(a=f()) %}{% endmacro %}{{ f() }}"),
           std::string("{% macro f() %}{% set x %}{{ f() }}{% endset %}{% endmacro %}{{ f() }}"),
           std::string("{% macro f() %}{{ caller() }}{% call f() %}{% endcall %}{% endmacro %}"
                       "{% call f() %}{% endcall %}"),
           std::string("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}"),
           std::string("{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}"),
           Repeated("[1]", "ns.s|map('string')", "ns.s|list"),
           Repeated("namespace()", "namespace(s=ns.s)", "ns.s"),
       }) {
    ErrorOf(source, ErrorCode::kResourceExhausted, FewSteps());
  }
}

TEST(JinjaSandboxTest, MemoryIsBounded) {
  for (const std::string& source : {
           Repeated("'a'", "ns.s + ns.s", "1"),
           Repeated("'a'", "ns.s * 9", "1"),
           Repeated("[1]", "ns.s + ns.s", "1"),
           Repeated("[]", "[ns.s]", "1"),
           Repeated("()", "(ns.s,)", "1"),
           Repeated("{}", "{'a': ns.s}", "1"),
           Repeated("'a'", "ns.s.join(['a', 'b', ns.s])", "1"),
       }) {
    ErrorOf(source, ErrorCode::kResourceExhausted);
  }
  for (const char* expression : {"'a' * 10000000000",
                                 "'ab' * 4611686018427387904",
                                 "[0] * 10000000000",
                                 "[0, 1] * 4611686018427387904",
                                 "'%1000000000d' % 1",
                                 "'%.1000000000f' % 1.5",
                                 "'%99999999999999999999d' % 1",
                                 "'{:1000000000}'.format(1)",
                                 "'{:0999999999,}'.format(1)",
                                 "'{:.1000000000f}'.format(1.5)",
                                 "'{:{}}'.format('a', 999999999)",
                                 "'x' | center(10000000000)",
                                 "'x'.ljust(10000000000)",
                                 "'x'.zfill(10000000000)",
                                 "'a\\nb' | indent(10000000000)",
                                 "[1, [2]] | tojson(indent=10000000000)",
                                 "('a' * 1000000) | replace('', 'b' * 1000)",
                                 "range(9) | slice(1000000000000) | list",
                                 "range(9) | batch(1000000000000, 'x') | list",
                                 "'a\\tb'.expandtabs(10000000000)",
                                 "('a' * 2000000) | list"}) {
    ErrorOf("{{ " + std::string(expression) + " }}", ErrorCode::kResourceExhausted);
  }
}

// A list that holds the list before twice is small, and endless for who walks through it.
TEST(JinjaSandboxTest, SharedValuesAreNotWalkedForever) {
  for (const char* last : {"ns.s", "ns.s | tojson"}) {
    ErrorOf(Repeated("[1]", "[ns.s, ns.s]", last, 90), ErrorCode::kResourceExhausted, FewSteps());
  }
  const std::string two =
      "{% for i in range(90) %}{% set ns.a = [ns.a, ns.a] %}"
      "{% set ns.b = [ns.b, ns.b] %}{% endfor %}";
  for (const char* last : {"ns.a == ns.b", "ns.a < ns.b", "ns.a in [ns.b]"}) {
    ErrorOf("{% set ns = namespace(a=[1], b=[1]) %}" + two + "{{ " + last + " }}",
            ErrorCode::kResourceExhausted, FewSteps());
  }
  ErrorOf(Repeated("(1,)", "(ns.s, ns.s)", "{ns.s: 1}", 90), ErrorCode::kInvalidArgument);
}

TEST(JinjaSandboxTest, SearchingIsLinear) {
  ExpectRendered({{"{{ ('a' * 1000000 ~ 'b') in ('a' * 3000000) }}", "False"},
                  {"{{ ('a' * 1000000).rfind('b' ~ 'a' * 500000) }}", "-1"},
                  {"{{ ('ab' * 50000).split('a') | length }}", "50001"}});
}

TEST(JinjaSandboxTest, IntegersAreChecked) {
  ExpectRendered({{"{{ (-9223372036854775807 - 1) % -1 }}", "0"},
                  {"{{ 'abc'[::-9223372036854775807 - 1] }}", "c"},
                  {"{{ [1, 2][-9223372036854775807 - 1:] }}", "[1, 2]"},
                  {"{{ range(0, 9, 4611686018427387904)[::4611686018427387904] | list }}", "[0]"},
                  {"{{ 0 ** 1000000000000 }}", "0"},
                  {"{{ 1e308 * 10 }} {{ (1e308 * 10) | int }}", "inf 0"}});
  for (const char* expression :
       {"9223372036854775807 + 1", "-9223372036854775807 - 2", "3037000500 * 3037000500",
        "(-9223372036854775807 - 1) // -1", "-(-9223372036854775807 - 1)", "2 ** 63", "10 ** 19",
        "(-9223372036854775807 - 1) | abs", "'9223372036854775808' | int", "1e30 | int", "2 ** 0.5",
        "2 ** -1", "range(-9223372036854775807, 9223372036854775807)", "range(1000000)"}) {
    ErrorOf("{{ " + std::string(expression) + " }}", ErrorCode::kInvalidArgument);
  }
}

TEST(JinjaSandboxTest, ThereIsNoWayOut) {
  ExpectRendered({{"{{ ''.__class__ }}{{ ''['__class__'] }}{{ missing.__class__ }}", ""},
                  {"{{ l.append }}{{ d.update }}{{ d.pop }}{{ d.setdefault }}{{ l.sort }}", ""},
                  {"{{ '{0.__class__}'.format('') }}{{ range.__globals__ }}", ""}});
  for (const char* expression :
       {"''.__class__.__mro__", "l.append(1)", "d.pop('a')", "d.update({})", "lipsum()",
        "open('x')", "self.x", "namespace(__a=1)", "namespace({'_a': 1})",
        "'{0.a.b}'.format(missing)", "raise_exception.x.y"}) {
    ErrorOf("{{ " + std::string(expression) + " }}", ErrorCode::kInvalidArgument);
  }
  ErrorOf("{% set ns = namespace() %}{% set ns._a = 1 %}", ErrorCode::kInvalidArgument);
  ErrorOf("{% set d.a = 1 %}", ErrorCode::kInvalidArgument);
}

// What a macro or a loop refers to lives as long as somebody may ask for it.
TEST(JinjaSandboxTest, NothingDangles) {
  ExpectRendered({
      {"{% set k = namespace() %}{% for x in [1, 2, 3] if x %}{% set k.l = loop %}{% endfor %}"
       "{{ k.l.last }}{{ k.l.length }}{{ k.l.nextitem }}{{ k.l.index }}{{ k.l | list }}",
       "True33[]"},
      {"{% set k = namespace() %}{% for x in [1, 2, 3] %}{% macro m() %}{{ x }}{% endmacro %}"
       "{% set k.m = m %}{% endfor %}{{ k.m() }}",
       "3"},
      {"{% set k = namespace() %}{% macro m() %}{% set k.c = caller %}{% endmacro %}"
       "{% for q in [7] %}{% call m() %}{{ q }}!{% endcall %}{% endfor %}{{ k.c() }}",
       "7!"},
  });
}

TEST(JinjaSandboxTest, LimitsAreWhatTheCallerSays) {
  const std::string source = "{% for i in range(1000) %}{{ i }}{% endfor %}";
  ErrorOf(source, ErrorCode::kResourceExhausted,
          {.limits = {.max_steps = 1000}, .steps_per_input_byte = 0});
  ErrorOf(source, ErrorCode::kResourceExhausted,
          {.limits = {.max_output_bytes = 100}, .output_per_input_byte = 0});
  ErrorOf("{{ 'a' * 100000 }}", ErrorCode::kResourceExhausted,
          {.limits = {.max_memory_bytes = 20'000}, .memory_per_input_byte = 0});
  EXPECT_EQ(RenderTest(source).size(), 2890u);
}

TEST(JinjaSandboxTest, DeepVariablesAreRefused) {
  Json deep = 1;
  for (int i = 0; i < 500; ++i) deep = Json::array({std::move(deep)});
  EXPECT_THROW(Template("{{ x }}").Render({{"x", deep}}), Error);
  EXPECT_THROW(Template("{{ x }}").Render({{"x", UINT64_MAX}}), Error);
  EXPECT_THROW(Template("{{ x }}").Render({{"x", "\xFF"}}), Error);
  EXPECT_THROW(Template("\xFF"), Error);
}

TEST(JinjaSandboxTest, ErrorsNameTheLine) {
  EXPECT_EQ(ErrorOf("a\n\n{{ 1 + 'a' }}", ErrorCode::kInvalidArgument),
            "chat template, line 3: unsupported operand type(s) for +: 'int' and 'str'");
  EXPECT_EQ(ErrorOf("{{ raise_exception('No system role') }}", ErrorCode::kInvalidArgument),
            "chat template, line 1: No system role");
  EXPECT_EQ(ErrorOf("\n{{ missing.x }}", ErrorCode::kInvalidArgument),
            "chat template, line 2: 'missing' is undefined");
}

TEST(JinjaSandboxTest, DatesComeFromTheCaller) {
  const RenderOptions options = {.now = CivilTimeOf(1751641567)};  // 2025-07-04 15:06:07
  EXPECT_EQ(RenderTest("{{ strftime_now('%d %b %Y %-d %H:%M:%S %A %j %y %p %I %% %e %U %V %Q') }}",
                       options),
            "04 Jul 2025 4 15:06:07 Friday 185 25 PM 03 %  4 26 27 %Q");
  EXPECT_EQ(RenderTest("{{ strftime_now is defined }}"), "False");
}

}  // namespace
}  // namespace cambium::jinja
