// SPDX-License-Identifier: Apache-2.0
// GGUF: opening, every value, every tensor, the hyper-parameters, the tokenizer and text with it.
#include "formats/gguf_test_file.h"
#include "fuzz/fuzz_target.h"

namespace cambium {

std::vector<std::string> FuzzSeeds() {
  return {ValidGguf(), ValidGguf(2), ValidSentencePieceGguf(), ValidWordPieceGguf()};
}

std::vector<std::string> FuzzWords() {
  return {"tokenizer.ggml.model",
          "tokenizer.ggml.scores",
          "general.alignment",
          "llama",
          "gpt2",
          "bert",
          "gemma4",
          "<0x41>",
          "\xe2\x96\x81",
          "split.count",
          "general.architecture",
          std::string("\x09\0\0\0\x08\0\0\0", 8),
          std::string("\x04\0\0\0", 4)};
}

// Errors are in the result.
void FuzzOne(const std::string& input) { (void)TryGguf(input); }

}  // namespace cambium
