// SPDX-License-Identifier: Apache-2.0
// A whole Hugging Face folder: loading it, its tokenizer, and the logits of a few tokens. The input
// is its files one after the other, each behind a line "@NAME".
#include "base/file.h"
#include "fuzz/fuzz_target.h"
#include "tests/hostile_models.h"

namespace cambium {
namespace {

constexpr const char* kNames[] = {"config.json",
                                  "tokenizer.json",
                                  "generation_config.json",
                                  "tokenizer_config.json",
                                  "model.safetensors.index.json",
                                  "model.safetensors"};

const ScratchFolder& Folder() {
  static const ScratchFolder folder("fuzz_hf_folder");
  return folder;
}

std::string Line(const char* name) { return std::string("\n@") + name + "\n"; }

std::string Seed(const std::string& family) {
  std::string seed;
  for (const char* name : kNames) {
    const std::filesystem::path path = FixtureFolder(family) / name;
    if (FileExists(path)) seed += Line(name) + ReadFile(path);
  }
  return seed + Line("generation_config.json") + R"({"eos_token_id":[1,2]})";
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  return {Seed("llama"), Seed("gpt_oss_mxfp4"), Seed("phi3")};
}

std::vector<std::string> FuzzWords() {
  std::vector<std::string> words = {"\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":4}",
                                    "\"num_experts\":",
                                    "\"weight_map\":{",
                                    "../",
                                    ".safetensors",
                                    "-1",
                                    "1e308",
                                    "4294967296",
                                    "null",
                                    "[0,0]"};
  for (const char* name : kNames) words.push_back(Line(name));
  return words;
}

void FuzzOne(const std::string& input) {
  for (const char* name : kNames) {
    const std::string line = Line(name);
    const size_t begin = input.find(line);
    std::filesystem::remove(Folder().path() / name);
    if (begin == std::string::npos) continue;
    const size_t content = begin + line.size();
    const size_t end = input.find("\n@", content);
    Folder().Write(name, input.substr(content, end - content));
  }
  (void)TryModel(Folder().path());  // errors are in the result
}

}  // namespace cambium
