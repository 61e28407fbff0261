// SPDX-License-Identifier: Apache-2.0
// `cambium chat` and `generate --chat` as a program meets them, and chat templates in every place
// where models keep them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "cli/chat_display.h"
#include "cli/nano_model_test_util.h"
#include "cli/program_fixture.h"

namespace cambium {
namespace {

constexpr const char* kChatMl =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

class ChatCommandTest : public ProgramFixture {
 protected:
  ChatCommandTest() {
    WriteModel("model.gguf", 3, kChatMl);
    WriteModel("draft.gguf", 4, "");
  }

  void WriteModel(const char* name, uint64_t seed, const std::string& chat_template) {
    WriteNanoModel(folder_ / name,
                   {.seed = seed,
                    .special_tokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"},
                    .chat_template = chat_template});
  }
  Json Chat(const std::string& lines, const std::string& options = "") {
    WriteFileAtomically(folder_ / "lines.txt", lines);
    const ProgramResult result =
        Run(fmt::format("chat --model model.gguf --json --max-tokens 8 {} <lines.txt", options));
    EXPECT_EQ(result.exit_code, 0) << options << "\n" << result.err;
    return Json::parse(result.out);
  }
};

TEST_F(ChatCommandTest, EveryLineIsAMessage) {
  const Json chat = Chat("hi\n\nand you?", "--system Short. --seed 3 --fingerprint");
  ASSERT_EQ(chat["turns"].size(), 2u);
  EXPECT_EQ(chat["messages"].size(), 5u);
  EXPECT_EQ(chat["messages"][0]["content"], "Short.");
  EXPECT_EQ(chat["turns"][1]["user"], "and you?");
  EXPECT_EQ(chat["turns"][0]["cached_tokens"], 0);
  EXPECT_GT(chat["turns"][1]["cached_tokens"], 30);
  EXPECT_EQ(chat["chat_template"], true);
  EXPECT_EQ(chat["sampling"]["seed"], 3);
  // The first turn is what `generate --chat` writes.
  const ProgramResult alone =
      Run("generate --model model.gguf --json --max-tokens 8 --seed 3 --system Short. --prompt hi "
          "--fingerprint");
  const Json made = Json::parse(alone.out)["continuations"][0];
  EXPECT_EQ(chat["turns"][0]["tokens"], made["tokens"]);
  EXPECT_EQ(chat["turns"][0]["fingerprint"], made["fingerprint"]);
  // The cache, threads and guesses never change a text.
  for (const char* same : {"--threads 3", "--prefill-chunk 5", "--speculate ngram",
                           "--draft draft.gguf --speculate-tokens 3"}) {
    const Json again =
        Chat("hi\n\nand you?", fmt::format("--system Short. --seed 3 --fingerprint {}", same));
    EXPECT_EQ(again["messages"], chat["messages"]) << same;
    EXPECT_EQ(again["turns"][1]["fingerprint"], chat["turns"][1]["fingerprint"]) << same;
  }
}

TEST_F(ChatCommandTest, CommandsBeginWithASlash) {
  const Json chat = Chat(
      "/system Kind.\nhi\n/undo\nho\n/temperature 0.1\n/top-k "
      "5\n/retry\n//x\n\"\"\"two\nlines\"\"\"\n"
      "one\\\nmore\n/save chat.json\n/save chat.txt\n/exit\nnever\n");
  ASSERT_EQ(chat["messages"].size(), 9u);
  EXPECT_EQ(chat["messages"][0]["content"], "Kind.");
  EXPECT_EQ(chat["messages"][1]["content"], "ho");
  EXPECT_EQ(chat["messages"][3]["content"], "/x");
  EXPECT_EQ(chat["messages"][5]["content"], "two\nlines");
  EXPECT_EQ(chat["messages"][7]["content"], "one\nmore");
  EXPECT_EQ(chat["sampling"]["temperature"], 0.1);
  EXPECT_EQ(chat["sampling"]["top_k"], 5);
  EXPECT_EQ(Json::parse(ReadFile(folder_ / "chat.json"))["messages"], chat["messages"]);
  EXPECT_NE(ReadFile(folder_ / "chat.txt").find("user:\ntwo\nlines\n"), std::string::npos);
  const Json empty = Chat("hi\n/reset\n/show\n/stats\n/help\n");
  EXPECT_TRUE(empty["messages"].empty());
}

TEST_F(ChatCommandTest, PrintsAnswersOnlyWhereNobodyWatches) {
  const ProgramResult result = Shell(
      "printf 'hi\\nho\\n' | cambium chat --model model.gguf "
      "--max-tokens 6 --temperature 0 --quiet");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out.find('\x1b'), std::string::npos);
  EXPECT_EQ(result.out.find("> "), std::string::npos);
}

TEST_F(ChatCommandTest, ModelsWithoutATemplateGetPlainLines) {
  const ProgramResult plain =
      Shell("echo hi | cambium chat --model draft.gguf --max-tokens 3 --json");
  EXPECT_EQ(plain.exit_code, 0);
  EXPECT_NE(plain.err.find("has no chat template"), std::string::npos) << plain.err;
  EXPECT_EQ(Json::parse(plain.out)["chat_template"], false);
  WriteFileAtomically(folder_ / "own.jinja", "{{ messages[0].content }}{{ '!' * 3 }}");
  WriteFileAtomically(folder_ / "broken.jinja", "\n{% for %}");
  const Json own = Json::parse(
      Shell("echo hi | cambium chat --model draft.gguf --max-tokens 3 --json --chat-template "
            "own.jinja")
          .out);
  EXPECT_EQ(own["turns"][0]["prompt_tokens"], 5);
  const ProgramResult broken =
      Shell("echo hi | cambium chat --model draft.gguf --chat-template broken.jinja");
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_NE(broken.err.find("line 2"), std::string::npos) << broken.err;
}

TEST_F(ChatCommandTest, SaysWhatDoesNotFit) {
  const ProgramResult full =
      Shell("head -c 300 /dev/zero | tr '\\0' x | cambium chat --model model.gguf --context 100");
  EXPECT_EQ(full.exit_code, 2);
  EXPECT_NE(full.err.find("the context holds 100"), std::string::npos) << full.err;
  EXPECT_NE(full.err.find("at most 512 for this model"), std::string::npos) << full.err;
  EXPECT_EQ(full.out, "");
  for (const char* wrong : {"--context 1000", "--context 1", "--draft draft.gguf --speculate ngram",
                            "--reasoning loud", "--speculate tarot", "--speculate-tokens 0"}) {
    EXPECT_EQ(Shell(fmt::format("echo hi | cambium chat --model model.gguf {}", wrong)).exit_code,
              2)
        << wrong;
  }
  for (const char* wrong : {"/nonsense", "/temperature", "/temperature x", "/top-k -1", "/retry",
                            "/save", "/max-tokens many"}) {
    const ProgramResult result =
        Shell(fmt::format("echo '{}' | cambium chat --model model.gguf", wrong));
    EXPECT_EQ(result.exit_code, 2) << wrong;
    EXPECT_TRUE(result.err.starts_with("cambium: error: ")) << wrong << "\n" << result.err;
  }
}

// A batch loses no message because of a line that is no command.
TEST_F(ChatCommandTest, GoesOnAfterAWrongCommandWhereNobodyWatches) {
  const std::string chat = "cambium chat --model model.gguf --max-tokens 4 --temperature 0 --json";
  const ProgramResult wrong =
      Shell("printf 'hi\\n/etc/hosts?\\n/save no/such/folder/x.txt\\n//etc\\nho\\n' | " + chat);
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_NE(wrong.err.find("cambium: error: /etc/hosts?: "), std::string::npos) << wrong.err;
  EXPECT_NE(wrong.err.find("// begins a message"), std::string::npos) << wrong.err;
  const Json all = Json::parse(wrong.out);
  ASSERT_EQ(all["errors"].size(), 2u);
  const ProgramResult right = Shell("printf 'hi\\n//etc\\nho\\n' | " + chat);
  EXPECT_EQ(right.exit_code, 0) << right.err;
  EXPECT_EQ(all["messages"], Json::parse(right.out)["messages"]);
  EXPECT_EQ(all["messages"].size(), 6u);
  const ProgramResult help = Shell("echo /help | cambium chat --model model.gguf");
  EXPECT_NE(help.err.find("/quit"), std::string::npos) << help.err;
}

TEST_F(ChatCommandTest, HuggingFaceFoldersKeepTheirTemplate) {
  ThreadPool pool(1);
  LoadedModel model = LoadModel(folder_ / "model.gguf");
  model.tokenizer.chat_template.clear();
  std::filesystem::create_directories(folder_ / "hf");
  SaveHfModel(folder_ / "hf", *model.parameters, model.tokenizer, {});
  WriteFileAtomically(folder_ / "hf" / "chat_template.jinja", kChatMl);
  const std::string chat = " --json --max-tokens 5 --temperature 0";
  const Json hf = Json::parse(Shell("echo hi | cambium chat --model hf" + chat).out);
  const Json gguf = Json::parse(Shell("echo hi | cambium chat --model model.gguf" + chat).out);
  EXPECT_EQ(hf["chat_template"], true);
  EXPECT_EQ(hf["messages"], gguf["messages"]);
  const Json info = Json::parse(Run("info hf --json").out);
  EXPECT_EQ(info["tokenizer"]["chat_template_sha256"],
            Json::parse(Run("info model.gguf --json").out)["tokenizer"]["chat_template_sha256"]);
}

TEST(ChatDisplay, NothingFromAModelControlsTheTerminal) {
  EXPECT_EQ(WithoutControls("a\tb\nc\xc3\xa9"), "a\tb\nc\xc3\xa9");
  EXPECT_EQ(WithoutControls("\x1b[31m"), "\xef\xbf\xbd[31m");
  EXPECT_EQ(WithoutControls("a\rb\x7f\xc2\x9b"),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd\xef\xbf\xbd");
}

}  // namespace
}  // namespace cambium
