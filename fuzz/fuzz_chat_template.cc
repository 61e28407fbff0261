// SPDX-License-Identifier: Apache-2.0
// Chat templates: parsing, and rendering a conversation.
#include "fuzz/fuzz_target.h"
#include "text/chat_template.h"

namespace cambium {

std::vector<std::string> FuzzSeeds() {
  return {
      "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}[{{ m.content | trim }}]"
      "{% else %}{{ m.content ~ eos_token }}{% endif %}{% endfor %}",
      "{%- set ns = namespace(n=0) -%}{%- for m in messages -%}{%- set ns.n = ns.n + 1 -%}"
      "{{ '<' + m.role + '>' + m['content'] | upper }}{%- endfor -%}{{ ns.n }}",
      "{%- macro f(x, y=1) -%}{{ x | tojson }}{{ y }}{%- endmacro -%}{{ f(messages) }}"
      "{{ messages[0].content.split(' ')[::-1] | join(',') }}"
      "{% if tools is defined and not tools %}x{% elif add_generation_prompt %}y{% endif %}",
      "{# note #}{{ range(3) | list }}{{ 'a%sb' % 'c' }}{{ raise_exception('no') if false }}"};
}

std::vector<std::string> FuzzWords() {
  return {"{%",         "%}",        "{{",         "}}",     "{#",         "#}",
          "for x in y", "endfor",    "if",         "else",   "set",        "macro",
          "| length",   "| tojson",  "loop.index", "[::-1]", "**",         "range(1000000)",
          "'",          "(",         ")",          "~",      "is defined", "namespace(",
          ".format(",   "'%999999d'"};
}

void FuzzOne(const std::string& input) {
  const ChatTemplate chat(input);
  ChatInput conversation;
  conversation.messages = Json::array({{{"role", "user"}, {"content", " Hello there "}},
                                       {{"role", "assistant"}, {"content", "Hi"}}});
  conversation.add_generation_prompt = true;
  (void)chat.Render(conversation);
}

}  // namespace cambium
