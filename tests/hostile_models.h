// SPDX-License-Identifier: Apache-2.0
// Test support: models that are broken on purpose, loaded and used the way the commands do.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/gguf_test_file.h"
#include "formats/hostile_test_util.h"

namespace cambium {

// Small random models of every family, as Hugging Face folders (tests/golden/architectures).
const std::vector<const char*>& FixtureFamilies();
std::filesystem::path FixtureFolder(const std::string& family);

// A folder for one test program, empty at first and gone with the object.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& name);
  ~ScratchFolder();
  const std::filesystem::path& path() const { return path_; }
  // Not atomic and not flushed to disk: thousands of files are tried.
  std::filesystem::path Write(const std::string& name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

// Loads the model, encodes and decodes a text with its tokenizer, and computes the logits of a few
// tokens. Errors end it; anything else that goes wrong is a failure of the test program.
Attempt TryModel(const std::filesystem::path& path);

// A GGUF file in pieces that can be changed one by one.
struct GgufPieces {
  struct Value {
    std::string key;
    std::string payload;  // type, and what follows it
  };
  struct Tensor {
    std::string name;
    std::vector<uint64_t> dims;  // innermost first, as in the file
    uint32_t type = 0;
    uint64_t offset = 0;
  };
  std::vector<Value> values;
  std::vector<Tensor> tensors;
  std::string data;

  explicit GgufPieces(const std::string& file);
  std::string Join() const;
};

// The family's model as GGUF with matrices in F32.
std::string FixtureGguf(const std::string& family, const ScratchFolder& folder);
// One layer, a vocabulary of four tokens, matrices of a few elements.
std::string TinyGguf(const ScratchFolder& folder);

}  // namespace cambium
