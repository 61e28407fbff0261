// SPDX-License-Identifier: Apache-2.0
#include "text/chat_template.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace cambium {
namespace {

std::string Render(const char* source, const ChatInput& input) {
  return ChatTemplate(source).Render(input);
}

TEST(ChatTemplateTest, VariablesThatAreAlwaysThere) {
  EXPECT_EQ(
      Render("{{ messages }} {{ tools }} {{ documents }} {{ add_generation_prompt }} {{ x }}", {}),
      "[] None None False ");
  EXPECT_EQ(Render("{{ tools is defined }}{{ bos_token is defined }}", {}), "TrueFalse");
}

TEST(ChatTemplateTest, MessagesToolsTokensAndVariables) {
  ChatInput input;
  input.messages = Json::parse(R"([{"role": "user", "content": "Hi"}])");
  input.tools = Json::parse(R"([{"name": "f"}])");
  input.add_generation_prompt = true;
  input.special_tokens = {{"bos_token", "<s>"}, {"eos_token", "</s>"}};
  input.variables = {{"eos_token", "<end>"}, {"enable_thinking", false}};
  EXPECT_EQ(
      Render("{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}"
             "{% endfor %}{{ tools[0].name }}{{ '?' if add_generation_prompt }}"
             "{{ enable_thinking }}",
             input),
      "<s>user: Hi<end>f?False");
}

TEST(ChatTemplateTest, ReasoningHasEveryName) {
  for (const char* name : {"reasoning_content", "thinking", "reasoning"}) {
    ChatInput input;
    input.messages = Json::array({{{"role", "assistant"}, {"content", "4"}, {name, "2+2"}}});
    EXPECT_EQ(Render("{{ messages[0].thinking }},{{ messages[0].reasoning_content }}", input),
              "2+2,2+2");
  }
  ChatInput input;
  input.messages =
      Json::parse(R"([{"role": "assistant", "reasoning": "b", "reasoning_content": null}])");
  EXPECT_EQ(Render("{{ messages[0] }}", input),
            "{'thinking': 'b', 'role': 'assistant', 'reasoning': 'b', 'reasoning_content': 'b'}");
}

TEST(ChatTemplateTest, RefusesWhatIsNoConversation) {
  ChatInput input;
  input.messages = "Hi";
  EXPECT_THROW(Render("", input), Error);
  input.messages = Json::array({"Hi"});
  EXPECT_THROW(Render("", input), Error);
  EXPECT_THROW(ChatTemplate("{% if %}"), Error);
}

TEST(ChatTemplateTest, LongConversationsHaveRoom) {
  ChatInput input;
  for (int i = 0; i < 2000; ++i) {
    input.messages.push_back(
        {{"role", i % 2 == 0 ? "user" : "assistant"}, {"content", std::string(10'000, 'a')}});
  }
  const std::string text = Render(
      "{% for m in messages %}{{ '<' + m.role + '>' + m.content | trim + '\\n' }}{% endfor %}",
      input);
  EXPECT_GT(text.size(), 20'000'000u);
}

}  // namespace
}  // namespace cambium
