// SPDX-License-Identifier: Apache-2.0
// The commands that look at models and runs (info, fingerprint, eval loss, runs verify, traces,
// bench), on one small run.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "base/json.h"
#include "base/philox.h"
#include "base/text_width.h"
#include "cli/nano_model_test_util.h"
#include "cli/program_fixture.h"
#include "formats/gguf_hyper_parameters.h"
#include "formats/gguf_tokenizer.h"
#include "formats/gguf_writer.h"
#include "ledger/ledger.h"

namespace cambium {
namespace {

class ModelCommandsTest : public ProgramFixture {
 protected:
  ModelCommandsTest() {
    const Philox random(1, RandomPurpose::kTest);
    std::string text;
    for (uint64_t i = 0; i < 60; ++i) {
      for (uint64_t j = 0; j < 20; ++j) {
        text += random.Below(2, i, j) == 0 ? "green leaves " : "fall slowly, ";
      }
      text += fmt::format("said number {}.\n<|endoftext|>\n", i);
    }
    WriteFileAtomically(folder_ / "text.txt", text);
  }

  ProgramResult Train(const std::string& options) {
    return Run(
        "train --data text.txt --preset nano --tokenizer byte --rows 4 --row-tokens 32 "
        "--steps 4 --quiet --ledger runs.sqlite " +
        options);
  }
  Json RunJson(const std::string& arguments, int exit_code = 0) {
    const ProgramResult result = Run(arguments + " --json --quiet --ledger runs.sqlite");
    EXPECT_EQ(result.exit_code, exit_code) << arguments << "\n" << result.err;
    return Json::parse(result.out);
  }
};

TEST_F(ModelCommandsTest, DescribeMeasureAndVerifyARun) {
  const ProgramResult trained = Train("--out run --hf --json --threads 2");
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const std::string fingerprint = Json::parse(trained.out)["fingerprint"];

  // One identity in every format.
  const Json info = RunJson("info run --tensors --context 1024");
  EXPECT_EQ(info["fingerprint"]["computed"], fingerprint);
  EXPECT_EQ(info["fingerprint"]["equal"], true);
  EXPECT_EQ(info["config"]["width"], 64);
  EXPECT_EQ(info["tokenizer"]["model"], "byte");
  EXPECT_EQ(info["numerics_version"], 1);
  EXPECT_EQ(info["tensors"].size(), info["tensor_count"]);
  EXPECT_GT(info["kv_cache"]["bytes"], 2 * 2 * 64 * 1000);
  const Json& plan = info["memory_plan"];
  EXPECT_EQ(plan["total"], plan["weights"].get<size_t>() + plan["kv_cache"].get<size_t>() +
                               plan["working"].get<size_t>());
  EXPECT_EQ(plan["kv_cache"], info["kv_cache"]["bytes"]);
  const Json held = RunJson("info run --context 1024 --kv-type q8_0")["kv_cache"];
  EXPECT_EQ(held["type"], "q8_0");
  EXPECT_EQ(held["bytes"].get<size_t>() * 32 * 4, info["kv_cache"]["bytes"].get<size_t>() * 34);
  EXPECT_GT(plan["weights"], info["parameters"].get<size_t>());
  EXPECT_EQ(info["tokenizer"]["chat_template_sha256"], Json());
  EXPECT_EQ(Shell("cambium info run/model.gguf | awk 'length > 80'").out, "");
  const ProgramResult text = Run("info run/model.gguf");
  // What takes reading the weights comes last.
  EXPECT_LT(text.out.find("TENSORS"), text.out.find("\nfingerprint")) << text.out;
  EXPECT_NE(text.out.find("equal to the one recorded in the file"), std::string::npos) << text.out;
  for (const char* path : {"run", "run/model.gguf"}) {
    const Json json = RunJson(fmt::format("fingerprint {}", path));
    EXPECT_EQ(json["kind"], "weights");
    EXPECT_EQ(json["fingerprint"], fingerprint);
  }
  const Json bytes = RunJson("fingerprint run/model.gguf --bytes");
  EXPECT_EQ(bytes["kind"], "file");
  EXPECT_EQ(Shell("sha256sum run/model.gguf").out.substr(0, 64), bytes["sha256"]);
  // A changed weight is noticed.
  Shell(
      "cp run/model.gguf changed.gguf; printf '\\001' | dd of=changed.gguf bs=1 conv=notrunc "
      "seek=$(($(stat -c %s changed.gguf) - 40)) status=none");
  const Json changed = RunJson("info changed.gguf");
  EXPECT_EQ(changed["fingerprint"]["equal"], false);
  EXPECT_NE(changed["fingerprint"]["note"].get<std::string>().find("NOT"), std::string::npos);
  // A broken file is still a file.
  Shell("head -c 1000 run/model.gguf > broken.gguf");
  EXPECT_EQ(RunJson("fingerprint broken.gguf")["kind"], "file");
  EXPECT_EQ(Run("info broken.gguf").exit_code, 1);

  const Json loss = RunJson("eval loss --model run --data text.txt --compute bf16");
  EXPECT_EQ(loss["documents"], 60);
  EXPECT_EQ(loss["bytes"], loss["tokens"]) << "one byte a token";
  EXPECT_NEAR(loss["bits_per_byte"].get<double>(),
              loss["nats_per_token"].get<double>() / std::log(2.0), 1e-9);
  EXPECT_LT(loss["nats_per_token"], 5.5);
  // Without a cache, too, attention sees what one would hold.
  const Json held_loss =
      RunJson("eval loss --model run --data text.txt --compute bf16 --kv-type q8_0");
  EXPECT_EQ(held_loss["kv_type"], "q8_0");
  EXPECT_NE(held_loss["nats_per_token"], loss["nats_per_token"]);
  EXPECT_NEAR(held_loss["nats_per_token"].get<double>(), loss["nats_per_token"].get<double>(),
              0.01);
  const Json chunks = RunJson("eval loss --model run --data text.txt --chunks --context 33");
  EXPECT_EQ(chunks["tokens"], chunks["windows"].get<int>() * (33 - 33 / 2 - 1));
  for (const char* mode : {"", " --chunks"}) {
    EXPECT_EQ(
        Run(fmt::format("eval loss --model run --data text.txt --context 129{}", mode)).exit_code,
        2);
    // Exactly as many, and the first: whatever is computed at once.
    for (const int tokens : {1, 77, 500}) {
      const Json part = RunJson(
          fmt::format("eval loss --model run --data text.txt --max-tokens {}{}", tokens, mode));
      EXPECT_EQ(part["tokens"], tokens);
    }
  }
  EXPECT_EQ(RunJson("eval loss --model run --data text.txt --max-tokens 1")["documents"], 1);
  EXPECT_EQ(Run("eval loss --model run --data text.txt --max-tokens 0").exit_code, 2);
  Shell(": > empty.txt; head -c 99 /dev/zero > zero.bin");
  for (const char* data : {"empty.txt", "empty.txt --chunks", "zero.bin", "missing.txt"}) {
    EXPECT_EQ(Run(fmt::format("eval loss --model run --data {}", data)).exit_code, 1) << data;
  }

  // A run's folder has its tokenizer.
  for (const char* name : {"--tokenizer run", "--model run", "--tokenizer run/hf"}) {
    EXPECT_EQ(Run(fmt::format("tokenizer encode {} leaf", name)).out, "108 101 97 102\n") << name;
  }
  EXPECT_EQ(Run("tokenizer decode --tokenizer run 108 101 97 102").out, "leaf");
  EXPECT_EQ(Run("tokenizer encode --tokenizer . leaf").exit_code, 1);
  // Its tokenizer has a token that begins texts.
  EXPECT_EQ(
      RunJson("generate --model run --prompt '' --max-tokens 3 --ignore-eos")["tokens"].size(), 3u);

  const Json verified = RunJson("runs verify latest --threads 3");
  EXPECT_EQ(verified["verified"], true);
  EXPECT_EQ(verified["steps"], 4);
  EXPECT_EQ(verified["final_compared"], true);
  EXPECT_EQ(RunJson("runs verify latest --steps 2 --threads 1")["steps"], 2);
  Shell("echo 'one more document' >> text.txt");
  const ProgramResult refused = Run("runs verify latest --quiet --ledger runs.sqlite");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("the data has changed"), std::string::npos) << refused.err;
}

TEST_F(ModelCommandsTest, NarrowModelsHaveOneFingerprintInEveryFormat) {
  for (const char* type : {"bf16", "f16"}) {
    ASSERT_EQ(Train(fmt::format("--out {0} --hf --export {0} --lr 0.01", type)).exit_code, 0);
    const Json gguf = RunJson(fmt::format("info {}/model.gguf", type));
    const Json folder = RunJson(fmt::format("info {}/hf", type));
    EXPECT_EQ(folder["fingerprint"]["computed"], gguf["fingerprint"]["computed"]) << type;
  }
}

TEST_F(ModelCommandsTest, LinesFitATerminal) {
  ASSERT_EQ(Train("--out run").exit_code, 0);
  for (const char* command :
       {"info run/model.gguf --tensors", "bench ops --filter rmsnorm --repeats 1",
        "runs show latest --ledger runs.sqlite", "runs list --ledger runs.sqlite"}) {
    std::istringstream lines(Run(command).out);
    for (std::string line; std::getline(lines, line);) {
      if (line.find(folder_.string()) != std::string::npos) continue;  // paths are not broken
      EXPECT_LE(TextWidth(line), 80u) << command << "\n" << line;
    }
  }
}

TEST_F(ModelCommandsTest, VerifyShowsWhatItCompares) {
  ASSERT_EQ(Train("--out run").exit_code, 0);
  const ProgramResult verified = Run("runs verify latest --ledger runs.sqlite");
  EXPECT_EQ(verified.exit_code, 0);
  EXPECT_NE(verified.err.find("SHA-256 is compared"), std::string::npos) << verified.err;
  EXPECT_NE(verified.err.find("weights equal: "), std::string::npos) << verified.err;
  EXPECT_EQ(verified.err.find("validation"), std::string::npos) << verified.err;
}

TEST_F(ModelCommandsTest, ComparesTwoModelsOnTheSameTokens) {
  ASSERT_EQ(Train("--out run").exit_code, 0);
  ASSERT_EQ(Train("--out other --seed 2").exit_code, 0);
  WriteNanoModel(folder_ / "strange.gguf", {.special_tokens = {"<|other|>"}});
  for (const std::string mode : {"", " --chunks --context 32"}) {
    const std::string command = "eval loss --model run --data text.txt" + mode;
    const Json alone = RunJson(command);
    const Json same = RunJson(command + " --against run/model.gguf");
    EXPECT_EQ(same["tokens"], alone["tokens"]);
    EXPECT_EQ(same["kl_max"], 0);
    EXPECT_EQ(same["same_top_token"], 1);
    EXPECT_EQ(same["perplexity_ratio"], 1);
    EXPECT_NEAR(same["nats_per_token"].get<double>(), alone["nats_per_token"].get<double>(), 1e-5);
    EXPECT_NEAR(same["bits_per_byte"].get<double>(), alone["bits_per_byte"].get<double>(), 1e-5);
    EXPECT_EQ(same["against_bits_per_byte"], same["bits_per_byte"]);
    EXPECT_EQ(same["bytes"], alone["bytes"]);
    const Json other = RunJson(command + " --against other");
    EXPECT_GT(other["kl_mean"], 0.001);
    EXPECT_GE(other["kl_max"], other["kl_99_percent"]);
    EXPECT_GE(other["kl_99_percent"], other["kl_median"]);
    EXPECT_NEAR(other["perplexity_ratio"].get<double>(),
                other["perplexity"].get<double>() / other["against_perplexity"].get<double>(),
                1e-9);
    EXPECT_EQ(RunJson(command + " --against other --max-tokens 100")["tokens"], 100);
  }
  const std::string command = "eval loss --model run --data text.txt --against ";
  const std::string text = Run(command + "other").out;
  for (const char* line :
       {"same top token  ", "nats per token  ", "bits per byte   ", ", both in "}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
  const ProgramResult refused = Run(command + "strange.gguf");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("different vocabularies"), std::string::npos) << refused.err;
}

// One default compute type for every command, and one for both models of a comparison.
TEST_F(ModelCommandsTest, EveryCommandComputesInTheSameType) {
  WriteNanoModel(folder_ / "bf16.gguf");
  RunJson("convert bf16.gguf --out f32.gguf --type f32");
  RunJson("convert bf16.gguf --out f16.gguf --type f16");
  RunJson("convert f16.gguf --out f16");
  RunJson("quantize f32.gguf --type q8_0 --out q8.gguf");
  const std::pair<const char*, const char*> types[] = {{"bf16.gguf", "bf16"},
                                                       {"f32.gguf", "f32"},
                                                       {"f16.gguf", "f32"},
                                                       {"f16", "f32"},
                                                       {"q8.gguf", "bf16"}};
  for (const auto& [model, type] : types) {
    EXPECT_EQ(RunJson(fmt::format("info {}", model))["kv_cache"]["type"], type) << model;
    const Json made = RunJson(fmt::format("generate --model {} --prompt a --max-tokens 1", model));
    EXPECT_EQ(made["compute"], type) << model;
    EXPECT_EQ(made["kv_type"], type) << model;
    const std::string loss =
        fmt::format("eval loss --model {} --data text.txt --max-tokens 9", model);
    EXPECT_EQ(RunJson(loss)["compute_type"], type) << model;
    const Json compared = RunJson(loss + " --against f32.gguf");
    EXPECT_EQ(compared["compute_type"], type) << model;
    EXPECT_EQ(compared["against_compute_type"], type) << model;
  }
}

TEST_F(ModelCommandsTest, SaysWhatIsMissing) {
  WriteNanoModel(folder_ / "model.gguf");
  RunJson("convert model.gguf --out hf");
  // A vocabulary without a model, as llama.cpp keeps them.
  const LoadedModel model = LoadModel(folder_ / "model.gguf");
  {
    GgufWriter writer(folder_ / "vocab.gguf");
    WriteGgufHyperParameters(model.hyper_parameters, "vocab", GgmlType::kF32, &writer);
    WriteGgufTokenizer(model.tokenizer, &writer);
    writer.Commit();
  }
  const ProgramResult vocab = Run("info vocab.gguf");
  EXPECT_EQ(vocab.exit_code, 0) << vocab.err;
  for (const char* words : {"cannot run this model", "no tensors", "vocabulary"}) {
    EXPECT_NE(vocab.out.find(words), std::string::npos) << vocab.out;
  }
  EXPECT_EQ(vocab.out.find("KV cache"), std::string::npos) << vocab.out;
  const ProgramResult refused = Run("generate --model vocab.gguf --prompt a");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("no tensors (a vocabulary only)"), std::string::npos) << refused.err;
  EXPECT_EQ(Run("tokenizer encode --model vocab.gguf a").out, "97\n");

  // One file of a folder.
  for (const char* command :
       {"info hf/model.safetensors", "generate --prompt a --model hf/model.safetensors"}) {
    const ProgramResult file = Run(command);
    EXPECT_EQ(file.exit_code, 1);
    EXPECT_NE(file.err.find("safetensors: give the folder"), std::string::npos) << file.err;
  }
  std::filesystem::remove(folder_ / "hf/tokenizer.json");
  const Json folder = RunJson("info hf");
  EXPECT_EQ(folder["runnable"], false);
  EXPECT_NE(folder["why_not_runnable"].get<std::string>().find("no tokenizer.json"),
            std::string::npos);

  for (const char* command :
       {"info nowhere", "fingerprint nowhere", "generate --prompt a --model nowhere",
        "generate --model model.gguf --prompt-file nowhere", "convert nowhere --out x.gguf",
        "eval loss --model nowhere --data text.txt", "eval loss --model model.gguf --data nowhere",
        "eval loss --model model.gguf --data nowhere --chunks",
        "train --data nowhere --out run --ledger runs.sqlite",
        "quantize nowhere --type q8_0 --out x.gguf"}) {
    const ProgramResult missing = Run(command);
    EXPECT_EQ(missing.exit_code, 1) << command;
    EXPECT_EQ(missing.err, "cambium: error: nowhere: no such file or folder\n") << command;
  }
}

TEST_F(ModelCommandsTest, VerifyNamesTheFirstStepThatDiffers) {
  ASSERT_EQ(Train("--out run --threads 2").exit_code, 0);
  // The same configuration under a record that says something else about step 3.
  Ledger ledger(folder_ / "runs.sqlite");
  const RunDetails run = ledger.Show("latest");
  const std::string id = ledger.BeginRun(run.record.start);
  for (StepFingerprint step : run.fingerprints) {
    if (step.step == 3) step.sha256 = std::string(64, '0');
    ledger.RecordFingerprint(id, step);
  }
  const Json json = RunJson("runs verify " + id, 1);
  EXPECT_EQ(json["verified"], false);
  EXPECT_EQ(json["first_difference"]["step"], 3);
  EXPECT_EQ(json["first_difference"]["last_equal_step"], 2);
  EXPECT_EQ(Run("runs verify nosuchrun --ledger runs.sqlite").exit_code, 1);
}

TEST_F(ModelCommandsTest, TracesOfEqualRunsAreEqual) {
  ASSERT_EQ(Train("--out a --trace-ops a.trace --threads 2").exit_code, 0);
  ASSERT_EQ(Train("--out b --trace-ops b.trace --threads 1").exit_code, 0);
  ASSERT_EQ(Train("--out c --trace-ops c.trace --threads 2 --lr 0.0021").exit_code, 0);
  EXPECT_EQ(RunJson("runs compare-traces a.trace b.trace")["equal"], true);
  const Json json = RunJson("runs compare-traces a.trace c.trace", 1);
  EXPECT_EQ(json["first_difference"]["step"], 0);
  EXPECT_EQ(json["first_difference"]["a"]["name"], "updated token_embd.weight");
}

TEST_F(ModelCommandsTest, ListsModelsThatItCannotRun) {
  WriteNanoModel(folder_ / "model.gguf");
  // Another architecture with a name of the same length.
  Shell("sed -i 's/qwen3/weird/g' model.gguf");
  const Json info = RunJson("info model.gguf");
  EXPECT_EQ(info["runnable"], false);
  EXPECT_EQ(info["architecture"], "weird");
  EXPECT_GT(info["tensor_count"], 10);
  EXPECT_EQ(RunJson("fingerprint model.gguf")["kind"], "file");
  EXPECT_EQ(Run("eval loss --model model.gguf --data text.txt").exit_code, 1);
}

TEST_F(ModelCommandsTest, BenchesReportNumbers) {
  const Json machine = RunJson("bench machine --milliseconds 5 --threads 2");
  ASSERT_EQ(machine["measurements"].size(), 2u);
  EXPECT_GT(machine["measurements"][1]["bf16_flops_per_s"], 1e8);
  const Json train = RunJson(
      "bench train --preset nano --vocab-size 300 --rows 4 --row-tokens 32 --steps 2 --profile "
      "--threads 2");
  EXPECT_EQ(train["steps"], 2);
  EXPECT_GT(train["tokens_per_s"], 0);
  double profiled = 0;
  for (const Json& entry : train["profile"]) profiled += entry["seconds"].get<double>();
  EXPECT_GT(profiled, 0);
  const Json generate = RunJson(
      "bench generate --preset nano --vocab-size 300 --prompt-tokens 16 --steps 2 --batch 1,2 "
      "--depth 0,8 --threads 2");
  ASSERT_EQ(generate["measurements"].size(), 6u);
  EXPECT_EQ(generate["measurements"][0]["test"], "pp16");
  EXPECT_EQ(generate["measurements"][5]["test"], "tg2 x 2 @ 8");
  for (const Json& m : generate["measurements"]) EXPECT_GT(m["tokens_per_second"], 0);
  const Json ops = RunJson("bench ops --filter rms --repeats 1 --threads 2");
  EXPECT_GE(ops["operations"].size(), 2u);
  EXPECT_EQ(Run("bench ops --filter nosuchoperation").exit_code, 2);
}

}  // namespace
}  // namespace cambium
