// SPDX-License-Identifier: Apache-2.0
#include "cli/tokenizer_choice.h"

#include <fstream>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "formats/gguf_tokenizer.h"
#include "formats/hf_tokenizer.h"
#include "text/bpe_trainer.h"

namespace cambium {
namespace {

// The first documents up to a size: enough to learn merges from.
constexpr uint64_t kTokenizerSampleBytes = uint64_t{64} << 20;

bool IsGguf(const std::filesystem::path& path) {
  char magic[4] = {};
  std::ifstream(path, std::ios::binary).read(magic, sizeof magic);
  return std::string_view(magic, sizeof magic) == "GGUF";
}

// A run's folder has its model's tokenizer in model.gguf, and before it is complete in
// tokenizer.json; a Hugging Face folder in tokenizer.json.
std::filesystem::path TokenizerFileIn(const std::filesystem::path& folder) {
  for (const char* name : {"model.gguf", "tokenizer.json"}) {
    if (std::filesystem::exists(folder / name)) return folder / name;
  }
  Fail(ErrorCode::kNotFound, "{}: has neither model.gguf nor tokenizer.json", folder.string());
}

// Where the wanted tokenizer may be.
std::vector<std::filesystem::path> Candidates(const TokenizerSearch& search) {
  std::vector<std::filesystem::path> names = {
      search.folder / "tokenizer.json", search.folder / "model.gguf", TokenizerIdentity::kByte};
  const std::string& spec = search.wanted.spec;
  if (!spec.empty() && spec != TokenizerIdentity::kByte && spec != TokenizerIdentity::kTrained) {
    names.emplace_back(spec);
  }
  return names;
}

// nullptr when no candidate has the wanted hash; `tried` then says what was there instead.
std::shared_ptr<const Tokenizer> Find(const TokenizerSearch& search, std::string& tried) {
  for (const std::filesystem::path& name : Candidates(search)) {
    const bool byte = name == TokenizerIdentity::kByte;
    std::string found = "is not there";
    if (byte || std::filesystem::exists(name)) {
      try {
        std::shared_ptr<const Tokenizer> tokenizer = LoadTokenizer(name);
        const std::string hash = ToHex(tokenizer->Hash());
        if (hash == search.wanted.sha256) return tokenizer;
        found = "has SHA-256 " + hash;
      } catch (const Error& error) {
        if (error.code() == ErrorCode::kIo || error.code() == ErrorCode::kResourceExhausted) throw;
        found = "cannot be read";
      }
    }
    if (!byte) tried += fmt::format("; {} {}", name.string(), found);
  }
  return nullptr;
}

}  // namespace

TokenizerData WithDocumentTokens(TokenizerData data) {
  if (data.bos_id < 0 && data.eos_id >= 0) {
    data.bos_id = data.eos_id;
    data.add_bos = true;
  }
  return data;
}

std::shared_ptr<const Tokenizer> LoadTokenizer(const std::filesystem::path& name) {
  TokenizerData data;
  if (name == TokenizerIdentity::kByte) {
    const std::string specials[] = {"<|endoftext|>"};
    data = MakeByteTokenizer(specials);
  } else {
    const std::filesystem::path file =
        std::filesystem::is_directory(name) ? TokenizerFileIn(name) : name;
    data = IsGguf(file) ? ReadGgufTokenizer(GgufFile(file))
                        : ParseHfTokenizer(ReadFile(file), file.string());
  }
  return std::make_shared<const Tokenizer>(WithDocumentTokens(std::move(data)));
}

std::string TokenizerSpecOf(const std::string& name) {
  if (name == TokenizerIdentity::kByte) return name;
  return std::filesystem::absolute(name).lexically_normal().string();
}

std::shared_ptr<const Tokenizer> TrainTokenizer(const std::filesystem::path& data,
                                                uint64_t vocab_size,
                                                const TokenDatasetOptions& dataset, bool quiet,
                                                ThreadPool& pool) {
  DocumentReader reader(data, dataset.reader);
  uint64_t bytes = 0;
  Document document;
  Progress progress("tokenizer", vocab_size, "merges", quiet);
  const auto stop_if_asked = [] {
    if (Interrupted()) Fail(ErrorCode::kCancelled, "stopped; nothing was saved");
  };
  TokenizerData tokenizer = TrainBpe(
      {.vocab_size = static_cast<int32_t>(vocab_size),
       .on_progress =
           [&](int32_t made, int32_t) {
             stop_if_asked();
             progress.Update(static_cast<uint64_t>(made));
           }},
      [&](std::string* text) {
        stop_if_asked();
        if (bytes >= kTokenizerSampleBytes) return false;
        if (!reader.Next(document)) return false;
        bytes += document.text.size();
        *text = document.text;
        return true;
      },
      pool);
  return std::make_shared<const Tokenizer>(WithDocumentTokens(std::move(tokenizer)));
}

std::shared_ptr<const Tokenizer> FindTokenizer(const TokenizerSearch& search) {
  std::string tried;
  if (std::shared_ptr<const Tokenizer> tokenizer = Find(search, tried)) return tokenizer;
  Fail(ErrorCode::kNotFound,
       "the tokenizer of {} (SHA-256 {}) is not to be found, so the run cannot be repeated or "
       "continued{}",
       search.owner, search.wanted.sha256, tried);
}

std::shared_ptr<const Tokenizer> FindOrTrainTokenizer(const TokenizerSearch& search,
                                                      const std::filesystem::path& data,
                                                      uint64_t vocab_size,
                                                      const TokenDatasetOptions& dataset,
                                                      bool quiet, ThreadPool& pool) {
  if (search.wanted.spec != TokenizerIdentity::kTrained) return FindTokenizer(search);
  std::string tried;
  if (std::shared_ptr<const Tokenizer> tokenizer = Find(search, tried)) return tokenizer;
  std::shared_ptr<const Tokenizer> trained = TrainTokenizer(data, vocab_size, dataset, quiet, pool);
  const std::string hash = ToHex(trained->Hash());
  if (hash == search.wanted.sha256) return trained;
  Fail(
      ErrorCode::kNotFound,
      "the tokenizer of {} (SHA-256 {}) was trained on its text; trained again on {} it is another "
      "one (SHA-256 {}), so this is other text{}",
      search.owner, search.wanted.sha256, data.string(), hash, tried);
}

std::shared_ptr<const Tokenizer> LoadWantedTokenizer(const std::string& name,
                                                     const TokenizerSearch& search) {
  std::shared_ptr<const Tokenizer> tokenizer = LoadTokenizer(name);
  const std::string hash = ToHex(tokenizer->Hash());
  if (hash == search.wanted.sha256) return tokenizer;
  Fail(ErrorCode::kInvalidArgument,
       "--tokenizer {}: is another tokenizer (SHA-256 {}) than that of {} (SHA-256 {}); leave the "
       "option out, or start a new run",
       name, hash, search.owner, search.wanted.sha256);
}

}  // namespace cambium
