// SPDX-License-Identifier: Apache-2.0
// cambium convert as users call it: one model in both formats, and nothing left of what fails.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "cli/program_fixture.h"

namespace cambium {
namespace {

class ConvertCommandTest : public ProgramFixture {
 protected:
  void SetUp() override {
    std::string text;
    for (int i = 0; i < 40; ++i) text += fmt::format("Green leaves fall, {} of them.\n", i * i);
    WriteFileAtomically(folder_ / "text.txt", text);
    ASSERT_EQ(Run("train --data text.txt --preset nano --tokenizer byte --rows 4 --row-tokens 32 "
                  "--steps 3 --quiet --ledger runs.sqlite --out run")
                  .exit_code,
              0);
  }
  Json RunJson(const std::string& arguments) {
    const ProgramResult result = Run(arguments + " --json --quiet");
    EXPECT_EQ(result.exit_code, 0) << arguments << "\n" << result.err;
    return Json::parse(result.out, nullptr, false);
  }
  std::string Fingerprint(const std::string& model) {
    return RunJson("fingerprint " + model)["fingerprint"];
  }
  // All names in the folder that a conversion in progress would use.
  std::string Leftovers() { return Shell("ls -d *.tmp */*.tmp 2>/dev/null").out; }
  void ExpectRefused(const std::string& arguments, int exit_code, const std::string& message) {
    const std::string before = Shell("ls").out;
    const ProgramResult result = Run("convert " + arguments);
    EXPECT_EQ(result.exit_code, exit_code) << arguments << "\n" << result.err;
    EXPECT_NE(result.err.find(message), std::string::npos) << arguments << "\n" << result.err;
    EXPECT_EQ(Shell("ls").out, before) << arguments;
    EXPECT_EQ(Leftovers(), "") << arguments;
  }
};

TEST_F(ConvertCommandTest, ThereAndBackIsTheSameModel) {
  const std::string fingerprint = Fingerprint("run");
  const Json hf = RunJson("convert run --out deep/er/hf/ --type f32");
  EXPECT_EQ(hf["format"], "hugging_face");
  EXPECT_EQ(hf["type"], "F32");
  EXPECT_EQ(hf["chat_template"], false);
  EXPECT_GT(hf["parameters"], 10000);
  EXPECT_EQ(Fingerprint("deep/er/hf"), fingerprint);
  EXPECT_EQ(Shell("ls deep/er/hf").out,
            "config.json\ngeneration_config.json\nmodel.safetensors\ntokenizer.json\n"
            "tokenizer_config.json\n");
  const Json gguf = RunJson("convert deep/er/hf --out back.gguf --name again");
  EXPECT_EQ(gguf["format"], "gguf");
  EXPECT_EQ(gguf["parameters"], hf["parameters"]);
  EXPECT_EQ(gguf["tokens"], hf["tokens"]);
  EXPECT_EQ(Fingerprint("back.gguf"), fingerprint);
  EXPECT_EQ(RunJson("info back.gguf")["name"], "again");
  // The same text, too.
  const std::string generate = " --prompt Green --max-tokens 5 --quiet --compute f32";
  const ProgramResult first = Run("generate --model run" + generate);
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(Run("generate --model back.gguf" + generate).out, first.out);
  EXPECT_EQ(Run("generate --model deep/er/hf" + generate).out, first.out);

  const ProgramResult half = Run("convert run --out half.gguf --type f16");
  EXPECT_EQ(half.exit_code, 0) << half.err;
  EXPECT_NE(half.out.find("half.gguf: "), std::string::npos) << half.out;
  EXPECT_NE(half.out.find(" in F16"), std::string::npos) << half.out;
  EXPECT_NE(half.err.find("writing"), std::string::npos) << half.err;
  EXPECT_EQ(Run("convert run --out half.gguf --type f16 --quiet").err, "");
  EXPECT_EQ(Leftovers(), "");
}

// Without --type no bit changes, whatever the model is stored in.
TEST_F(ConvertCommandTest, AsStoredMeansExactly) {
  ASSERT_EQ(RunJson("convert run --out f16.gguf --type f16")["type"], "F16");
  ASSERT_EQ(RunJson("convert run --out bf16.gguf --type bf16")["type"], "BF16");
  RunJson("quantize run --type q8_0 --out q8.gguf");
  const std::pair<const char*, const char*> types[] = {
      {"f16.gguf", "F16"}, {"bf16.gguf", "BF16"}, {"q8.gguf", "F32"}};
  for (const auto& [model, type] : types) {
    const std::string fingerprint = Fingerprint(model);
    for (const std::string& out :
         {std::string(model) + ".again.gguf", std::string(model) + ".hf"}) {
      const Json made = RunJson(fmt::format("convert {} --out {}", model, out));
      EXPECT_EQ(made["type"], type) << out;
      EXPECT_EQ(made["rounded"], 0) << out;
      EXPECT_EQ(Fingerprint(out), fingerprint) << out;
    }
    EXPECT_EQ(RunJson(fmt::format("convert {0}.hf --out {0}.back.gguf", model))["type"], type);
    EXPECT_EQ(Fingerprint(std::string(model) + ".back.gguf"), fingerprint);
  }
  // A folder may say one type and hold another.
  Shell("cp -r q8.gguf.hf wide; sed -i 's/float32/bfloat16/' wide/config.json");
  EXPECT_EQ(RunJson("convert wide --out wide.gguf")["type"], "F32");
  EXPECT_EQ(Fingerprint("wide.gguf"), Fingerprint("q8.gguf"));
  // What is asked for is done, and said.
  const ProgramResult narrow = Run("convert q8.gguf --out narrow.gguf --type bf16");
  EXPECT_EQ(narrow.exit_code, 0) << narrow.err;
  EXPECT_NE(narrow.err.find("weights are not what they were"), std::string::npos) << narrow.err;
  EXPECT_NE(Fingerprint("narrow.gguf"), Fingerprint("q8.gguf"));
  EXPECT_EQ(Run("convert q8.gguf --out q.gguf").err.find("what they were"), std::string::npos);
}

TEST_F(ConvertCommandTest, ExistingOutput) {
  // A file is replaced, when the new one is complete.
  WriteFileAtomically(folder_ / "x.gguf", "old");
  EXPECT_EQ(Run("convert missing --out x.gguf").exit_code, 1);
  EXPECT_EQ(ReadFile(folder_ / "x.gguf"), "old");
  EXPECT_EQ(Run("convert run --out x.gguf").exit_code, 0);
  EXPECT_EQ(Fingerprint("x.gguf"), Fingerprint("run"));
  // A folder is not, but for an empty one.
  ExpectRefused("x.gguf --out run", 2, "not an empty folder");
  ExpectRefused("x.gguf --out x.gguf", 2, "the model itself");
  ExpectRefused("run --out run", 2, "the model itself");
  Shell("mkdir empty empty.gguf");
  ExpectRefused("run --out empty.gguf", 2, "is a folder");
  EXPECT_EQ(Run("convert run --out empty").exit_code, 0);
  EXPECT_EQ(Fingerprint("empty"), Fingerprint("run"));
  EXPECT_EQ(Leftovers(), "");
}

TEST_F(ConvertCommandTest, RefusedModels) {
  ExpectRefused("run", 2, "--out");
  ExpectRefused("run --out x.gguf --type q8_0", 2, "bf16");
  ExpectRefused("missing --out x.gguf", 1, "missing");
  ExpectRefused("missing.gguf --out folder", 1, "missing.gguf");
  Shell("mkdir nothing other; head -c 1000 run/model.gguf > cut.gguf; echo GGUF > short.gguf");
  ExpectRefused("nothing --out x.gguf", 1, "config.json");
  ExpectRefused("cut.gguf --out folder", 1, "bytes left");
  ExpectRefused("short.gguf --out x.gguf", 1, "truncated");
  WriteFileAtomically(folder_ / "other/config.json", R"({"architectures":["MambaForCausalLM"]})");
  ExpectRefused("other --out x.gguf", 1, "MambaForCausalLM");
}

// The disk is full before the weights are all written.
TEST_F(ConvertCommandTest, NothingIsLeftOfWhatFails) {
  WriteFileAtomically(folder_ / "old.gguf", "old");
  for (const char* out : {"x.gguf", "old.gguf", "folder", "deep/er/folder"}) {
    const ProgramResult result = Shell(
        fmt::format("trap '' XFSZ; ulimit -f 100; cambium convert run --out {} --quiet", out));
    EXPECT_EQ(result.exit_code, 1) << out << "\n" << result.err;
    EXPECT_NE(result.err.find("write"), std::string::npos) << result.err;
    EXPECT_EQ(Leftovers(), "") << out;
  }
  EXPECT_EQ(ReadFile(folder_ / "old.gguf"), "old");
  for (const char* out : {"x.gguf", "folder", "deep"}) {
    EXPECT_FALSE(std::filesystem::exists(folder_ / out)) << out;
  }
  EXPECT_EQ(Run("convert run --out missing/x.gguf").exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "missing"));
}

}  // namespace
}  // namespace cambium
