// SPDX-License-Identifier: Apache-2.0
// A whole GGUF model: loading it, its tokenizer, and the logits of a few tokens.
#include "fuzz/fuzz_target.h"
#include "tests/hostile_models.h"

namespace cambium {
namespace {

const ScratchFolder& Folder() {
  static const ScratchFolder folder("fuzz_model");
  return folder;
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  return {TinyGguf(Folder()), FixtureGguf("qwen3_moe", Folder()), FixtureGguf("gemma3", Folder()),
          FixtureGguf("phi3_long", Folder()), FixtureGguf("gpt_oss", Folder())};
}

std::vector<std::string> FuzzWords() {
  return {"llama.block_count",
          "llama.expert_count",
          "llama.expert_used_count",
          "llama.attention.head_count_kv",
          "llama.attention.sliding_window",
          "llama.rope.scaling.type",
          "rope_freqs.weight",
          "blk.0.attn_qkv.weight",
          "output.weight",
          "longrope",
          "yarn",
          std::string("\x0c\0\0\0", 4),
          std::string("\x08\0\0\0", 4),
          std::string("\x1e\0\0\0", 4)};
}

// Errors are in the result.
void FuzzOne(const std::string& input) { (void)TryModel(Folder().Write("x.gguf", input)); }

}  // namespace cambium
