// SPDX-License-Identifier: Apache-2.0
// What the tests of training share: a folder of their own, made-up text, a small configuration.
// Thread safety: none; for tests only.
#pragma once

#include <fmt/format.h>

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/file.h"
#include "base/philox.h"
#include "model/model_config.h"
#include "text/tokenizer.h"
#include "train/run.h"

namespace cambium {

// Removed at the end of its scope.
class TestFolder {
 public:
  explicit TestFolder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("cambium_{}.{}", name, getpid())) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Documents of a few made-up words each, with lines between them.
inline std::string MadeUpText(size_t num_documents, uint64_t seed) {
  constexpr const char* kWords[] = {"the",  "fox",  "sees", "a",   "red",   "hill", "and",   "runs",
                                    "home", "with", "one",  "old", "stone", "at",   "night", "."};
  const Philox random(seed, RandomPurpose::kTest);
  std::string text;
  for (size_t i = 0; i < num_documents; ++i) {
    const uint64_t length = 4 + random.Below(30, i, 0);
    for (uint64_t j = 1; j <= length; ++j) {
      text += kWords[random.Below(std::size(kWords), i, j)];
      text += j == length ? "\n" : " ";
    }
    text += "<|endoftext|>\n";
  }
  return text;
}

inline std::shared_ptr<const Tokenizer> TestTokenizer() {
  const std::string specials[] = {"<|endoftext|>"};
  TokenizerData data = MakeByteTokenizer(specials);
  data.bos_id = data.eos_id;
  data.add_bos = true;
  return std::make_shared<const Tokenizer>(std::move(data));
}

// Two layers of width 64; 8 rows of 32 tokens a step.
inline TrainConfig TestConfig(uint64_t num_steps) {
  TrainConfig config;
  config.model = FindModelPreset("nano").config;
  config.model.vocab_size = 257;
  config.model.num_kv_heads = 1;
  config.num_steps = num_steps;
  config.rows = 8;
  config.row_tokens = 32;
  config.micro_batch_rows = 2;
  config.warmup_steps = 2;
  return config;
}

}  // namespace cambium
