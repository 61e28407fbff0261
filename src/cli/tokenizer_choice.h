// SPDX-License-Identifier: Apache-2.0
// The tokenizer of a training run: by name, trained on the run's text, or found again later.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/thread_pool.h"
#include "text/tokenizer.h"
#include "train/run_config.h"
#include "train/token_dataset.h"

namespace cambium {

// "byte", a tokenizer.json, a GGUF model, or a folder with one of these. Documents begin with the
// token that ends them.
std::shared_ptr<const Tokenizer> LoadTokenizer(const std::filesystem::path& name);
// TokenizerIdentity::spec of a name that LoadTokenizer takes.
std::string TokenizerSpecOf(const std::string& name);

// Sets bos to eos where there is none: a document's first token is then learned as well, and text
// can be generated from nothing.
TokenizerData WithDocumentTokens(TokenizerData data);

// On the first 64 MiB of the text. Same text and size, same tokenizer. Throws kCancelled.
std::shared_ptr<const Tokenizer> TrainTokenizer(const std::filesystem::path& data,
                                                uint64_t vocab_size,
                                                const TokenDatasetOptions& dataset, bool quiet,
                                                ThreadPool& pool);

// What a run was made with, for messages and for training it again.
struct TokenizerSearch {
  std::string owner;             // "the run in DIR", "run 2k9f3"
  std::filesystem::path folder;  // of the run; tokenizer.json and model.gguf are looked at
  TokenizerIdentity wanted;
};
// The tokenizer with the wanted hash: the run folder's, the one at the recorded path, or bytes.
// Throws kNotFound with the hash wanted and those found.
std::shared_ptr<const Tokenizer> FindTokenizer(const TokenizerSearch& search);
// As FindTokenizer; one that was trained on the run's text is trained again if it is not found.
std::shared_ptr<const Tokenizer> FindOrTrainTokenizer(const TokenizerSearch& search,
                                                      const std::filesystem::path& data,
                                                      uint64_t vocab_size,
                                                      const TokenDatasetOptions& dataset,
                                                      bool quiet, ThreadPool& pool);
// The named one (--tokenizer). Throws kInvalidArgument, with both hashes, unless it is the wanted.
std::shared_ptr<const Tokenizer> LoadWantedTokenizer(const std::string& name,
                                                     const TokenizerSearch& search);

}  // namespace cambium
