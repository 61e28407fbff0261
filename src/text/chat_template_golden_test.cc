// SPDX-License-Identifier: Apache-2.0
// Templates in the manner of real models against what transformers renders (tests/golden/
// chat_templates, whose generate.py made it), and the templates of real models where somebody has
// put them: data/chat-templates/cases.jsonl below CAMBIUM_SHARED, or "shared" beside the source.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "text/chat_template.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

fs::path GoldenFolder() { return fs::path(CAMBIUM_SOURCE_DIR) / "tests/golden/chat_templates"; }

std::string ReadText(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream) << path;
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

const Json& Conversations() {
  static const Json* const kCases =
      new Json(Json::parse(ReadText(GoldenFolder() / "conversations.json")));
  return *kCases;
}

ChatInput InputOf(const Json& conversation) {
  static const Json* const kTools = new Json(Json::parse(ReadText(GoldenFolder() / "tools.json")));
  ChatInput input;
  input.messages = conversation["messages"];
  if (conversation.value("use_tools", false)) input.tools = *kTools;
  input.add_generation_prompt = conversation.value("add_generation_prompt", false);
  input.special_tokens = {{"bos_token", "<s>"}, {"eos_token", "</s>"}};
  input.variables = conversation.value("variables", Json::object());
  return input;
}

// Compares every conversation; returns how many there were.
int CheckTemplate(const std::string& name, const std::string& source, const Json& results) {
  const jinja::RenderOptions options = {
      .now = jinja::CivilTime{
          .year = 2025, .month = 7, .day = 4, .hour = 15, .minute = 6, .second = 7}};
  constexpr std::string_view kRaised = "TemplateError: ";
  int count = 0;
  for (const auto& [conversation, expected] : results.items()) {
    SCOPED_TRACE(fmt::format("{}, {}", name, conversation));
    ++count;
    const std::string error = expected.value("error", "");
    try {
      const ChatTemplate chat(source);
      const std::string text = chat.Render(InputOf(Conversations()[conversation]), options);
      EXPECT_EQ(error, "") << "rendered " << text;
      EXPECT_EQ(text, expected.value("text", ""));
    } catch (const Error& e) {
      EXPECT_NE(error, "") << e.what();
      // What the template itself raises is told word for word.
      if (error.starts_with(kRaised)) {
        EXPECT_TRUE(std::string_view(e.what()).ends_with(error.substr(kRaised.size()))) << e.what();
      }
    }
  }
  return count;
}

TEST(ChatTemplateGoldenTest, RendersAsTransformers) {
  const Json expected = Json::parse(ReadText(GoldenFolder() / "expected.json"));
  int count = 0;
  for (const auto& [name, results] : expected.items()) {
    count += CheckTemplate(name, ReadText(GoldenFolder() / (name + ".jinja")), results);
  }
  EXPECT_EQ(expected.size(), 11u);
  EXPECT_GT(count, 200);
}

TEST(ChatTemplateGoldenTest, TemplatesOfRealModels) {
  const char* shared = std::getenv("CAMBIUM_SHARED");
  const fs::path path =
      (shared != nullptr ? fs::path(shared) : fs::path(CAMBIUM_SOURCE_DIR) / "../shared") /
      "data/chat-templates/cases.jsonl";
  std::ifstream stream(path);
  if (!stream) GTEST_SKIP() << "no templates of real models at " << path;
  for (std::string line; std::getline(stream, line);) {
    const Json row = Json::parse(line);
    CheckTemplate(row["template"], row["source"], row["results"]);
  }
}

}  // namespace
}  // namespace cambium
