// SPDX-License-Identifier: Apache-2.0
// cambium quantize as users call it, and the other commands on what it writes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "cli/nano_model_test_util.h"
#include "cli/program_fixture.h"

namespace cambium {
namespace {

class QuantizeCommandTest : public ProgramFixture {
 protected:
  Json RunJson(const std::string& arguments, int exit_code = 0) {
    const ProgramResult result = Run(arguments + " --json --quiet --ledger runs.sqlite");
    EXPECT_EQ(result.exit_code, exit_code) << arguments << "\n" << result.err;
    return Json::parse(result.out);
  }
};

TEST_F(QuantizeCommandTest, WhatItWritesIsAModelForAllCommands) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += fmt::format("Green leaves fall, {} of them.\n", i * i);
  WriteFileAtomically(folder_ / "text.txt", text);
  ASSERT_EQ(Run("train --data text.txt --preset nano --tokenizer byte --rows 4 --row-tokens 32 "
                "--steps 4 --quiet --ledger runs.sqlite --out run")
                .exit_code,
            0);

  const Json summary = RunJson("quantize run --type q8_0 --out q8.gguf --threads 2");
  EXPECT_EQ(summary["type"], "Q8_0");
  EXPECT_LT(summary["bits_per_weight"], 9.5);
  EXPECT_LT(summary["relative_error"], 0.01);
  const Json info = RunJson("info q8.gguf");
  EXPECT_EQ(info["runnable"], true);
  std::string types;
  for (const Json& group : info["tensor_groups"]) {
    types +=
        fmt::format("{}:{} ", group["name"].get<std::string>(), group["types"].get<std::string>());
  }
  EXPECT_NE(types.find("attn_q:Q8_0 "), std::string::npos) << types;
  EXPECT_NE(types.find("attn_norm:F32 "), std::string::npos) << types;
  EXPECT_EQ(RunJson("fingerprint q8.gguf")["kind"], "weights");
  const double before = RunJson("eval loss --model run --data text.txt")["nats_per_token"];
  const double after = RunJson("eval loss --model q8.gguf --data text.txt")["nats_per_token"];
  EXPECT_NE(before, after);
  EXPECT_NEAR(before, after, 0.01);
  EXPECT_EQ(Run("generate --model q8.gguf --prompt Green --max-tokens 3 --quiet").exit_code, 0);

  const ProgramResult table = Run("quantize run --type Q4_K_M --out q4.gguf");
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_NE(table.out.find("bits per weight"), std::string::npos) << table.out;
  EXPECT_NE(table.err.find("smaller blocks"), std::string::npos) << table.err;  // width 64
}

TEST_F(QuantizeCommandTest, Errors) {
  EXPECT_EQ(Run("quantize x.gguf --out y.gguf").exit_code, 2);
  const ProgramResult type = Run("quantize x.gguf --type Q9 --out y.gguf");
  EXPECT_EQ(type.exit_code, 2);
  EXPECT_NE(type.err.find("Q4_K_M"), std::string::npos) << type.err;
  EXPECT_NE(type.err.find("quantize --help"), std::string::npos) << type.err;
  WriteFileAtomically(folder_ / "x.gguf", "GGUF");
  EXPECT_EQ(Run("quantize x.gguf --type Q8_0 --out x.gguf").exit_code, 2);
  EXPECT_EQ(Run("quantize x.gguf --type Q8_0 --out y.gguf").exit_code, 1);
  EXPECT_EQ(Run("quantize nothing.gguf --type Q8_0 --out y.gguf").exit_code, 1);
  // A text that is too short is bad input, like an empty one anywhere.
  WriteNanoModel(folder_ / "model.gguf");
  const ProgramResult text =
      Run("quantize model.gguf --type Q4_K_M --calibrate /dev/null --out y.gguf");
  EXPECT_EQ(text.exit_code, 1);
  EXPECT_NE(text.err.find("has 0 tokens"), std::string::npos) << text.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "y.gguf"));
}

}  // namespace
}  // namespace cambium
