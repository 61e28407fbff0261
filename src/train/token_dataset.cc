// SPDX-License-Identifier: Apache-2.0
#include "train/token_dataset.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace cambium {
namespace {

// Hashes documents that come in pieces, and all of them in order.
class DataHasher {
 public:
  void AddPiece(std::string_view text) {
    document_->Update(text);
    bytes_ += text.size();
  }
  Sha256Digest EndDocument() {
    const Sha256Digest digest = document_->Finish();
    all_.Update(digest.data(), digest.size());
    all_.Update(&bytes_, sizeof(bytes_));
    document_.emplace();
    bytes_ = 0;
    return digest;
  }
  uint64_t document_bytes() const { return bytes_; }
  Sha256Digest Finish() { return all_.Finish(); }

 private:
  std::optional<Sha256> document_ = std::optional<Sha256>(std::in_place);
  Sha256 all_;
  uint64_t bytes_ = 0;
};

Sha256Digest OptionsHash(const DataSummary& summary, const TokenDatasetOptions& options) {
  // %a: the exact value, whatever the locale. val_fraction says nothing where nothing is split.
  return Sha256Of(fmt::format("cambium token dataset 1\nsplit {}\nval_fraction {:a}\npiece {}\n",
                              static_cast<uint32_t>(summary.split),
                              summary.split == DataSplit::kNone ? 0.0 : options.val_fraction,
                              options.reader.piece_bytes));
}

void ReportProgress(const TokenDatasetOptions& options, const char* phase,
                    const DocumentReader& reader) {
  if (options.progress) options.progress(phase, reader.done_bytes(), reader.total_bytes());
}

// The token file at `path`, if it is there, sound, and made from the same.
std::optional<TokenFile> OpenIfSame(const std::filesystem::path& path,
                                    const DatasetTokenizer& tokenizer,
                                    const Sha256Digest& data_hash,
                                    const Sha256Digest& options_hash) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  try {
    TokenFile file(path);
    const TokenFileInfo& info = file.info();
    if (info.tokenizer_hash == tokenizer.hash && info.vocab_size == tokenizer.vocab_size &&
        info.data_hash == data_hash && info.options_hash == options_hash) {
      return file;
    }
  } catch (const Error& failure) {
    // A damaged cache is made again; anything else (no permission, say) is the user's to know.
    if (failure.code() != ErrorCode::kCorruptData) throw;
  }
  return std::nullopt;
}

// The second reading: pieces of documents, encoded in batches, written in order.
class Tokenization {
 public:
  Tokenization(const std::filesystem::path& path, const DatasetTokenizer& tokenizer,
               const TokenDatasetOptions& options, const DataSummary& summary)
      : tokenizer_(tokenizer),
        options_(options),
        summary_(summary),
        writer_(path, tokenizer.vocab_size) {}

  void Add(Document& piece) {
    const uint64_t begin = read_bytes_;
    read_bytes_ += piece.text.size();
    const uint64_t tail = summary_.tail_begin_bytes;
    if (summary_.split == DataSplit::kTail && begin < tail && tail < read_bytes_) {
      // The place where validation begins is inside this piece: it becomes two documents.
      size_t cut = tail - begin;
      while (cut > 0 && (static_cast<uint8_t>(piece.text[cut]) & 0xC0) == 0x80) --cut;
      if (cut > 0) Enqueue(piece.text.substr(0, cut), piece.continues, false, piece.continues);
      Enqueue(piece.text.substr(cut), false, true, cut > 0 || piece.continues);
    } else {
      const bool validation = summary_.split == DataSplit::kTail && begin >= tail;
      // At exactly the boundary a continued document is cut there, too.
      const bool continues = piece.continues && !(validation && begin == tail);
      Enqueue(std::move(piece.text), continues, validation, piece.continues);
    }
    if (pending_bytes_ >= options_.batch_bytes) Flush();
  }

  // Returns the hash of what was read.
  Sha256Digest Finish(TokenFileInfo info) {
    Flush();
    EndSource();
    EndDocument();
    const Sha256Digest data_hash = source_hash_.Finish();
    if (data_hash == summary_.data_hash) writer_.Commit(info);
    return data_hash;
  }

 private:
  struct Pending {
    std::string text;
    bool continues;         // the document in the token file
    bool validation;        // kTail
    bool continues_source;  // the document in the input, which a tail split may have cut
  };

  void Enqueue(std::string text, bool continues, bool validation, bool continues_source) {
    pending_bytes_ += text.size();
    pending_.push_back({std::move(text), continues, validation, continues_source});
  }

  void Flush() {
    if (pending_.empty()) return;
    std::vector<std::string_view> texts;
    texts.reserve(pending_.size());
    for (const Pending& pending : pending_) texts.push_back(pending.text);
    tokenizer_.encode(texts, tokens_);
    CHECK(tokens_.size() == texts.size());
    for (size_t i = 0; i < pending_.size(); ++i) {
      const Pending& pending = pending_[i];
      if (!pending.continues_source) EndSource();
      if (!pending.continues) EndDocument();
      source_hash_.AddPiece(pending.text);
      document_hash_->Update(pending.text);
      document_bytes_ += pending.text.size();
      validation_ = pending.validation;
      writer_.AppendTokens(tokens_[i]);
    }
    pending_.clear();
    pending_bytes_ = 0;
  }

  void EndSource() {
    if (source_hash_.document_bytes() > 0) source_hash_.EndDocument();
  }

  void EndDocument() {
    if (document_bytes_ == 0) return;
    const Sha256Digest digest = document_hash_->Finish();
    document_hash_.emplace();
    const bool validation = summary_.split == DataSplit::kContentHash
                                ? IsValidationHash(digest, options_.val_fraction)
                                : validation_;
    writer_.EndDocument(document_bytes_, validation);
    document_bytes_ = 0;
  }

  const DatasetTokenizer& tokenizer_;
  const TokenDatasetOptions& options_;
  const DataSummary& summary_;
  TokenFileWriter writer_;
  std::vector<Pending> pending_;
  uint64_t pending_bytes_ = 0;
  uint64_t read_bytes_ = 0;  // of all documents so far
  std::vector<std::vector<int32_t>> tokens_;
  DataHasher source_hash_;
  // The document of the token file that is being written.
  std::optional<Sha256> document_hash_ = std::optional<Sha256>(std::in_place);
  uint64_t document_bytes_ = 0;
  bool validation_ = false;
};

DataSplit ChooseSplit(const DataSummary& summary, const TokenDatasetOptions& options,
                      uint64_t validation_bytes) {
  if (options.val_fraction == 0) return DataSplit::kNone;
  if (options.split == SplitMode::kContentHash) return DataSplit::kContentHash;
  if (options.split == SplitMode::kTail) return DataSplit::kTail;
  const double part =
      static_cast<double>(validation_bytes) / static_cast<double>(summary.stats.text_bytes);
  const bool fair = part >= options.val_fraction / 4 && part <= options.val_fraction * 4 &&
                    validation_bytes < summary.stats.text_bytes;
  return summary.stats.num_documents > 1 && fair ? DataSplit::kContentHash : DataSplit::kTail;
}

}  // namespace

bool IsValidationHash(const Sha256Digest& document_hash, double val_fraction) {
  uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits = bits << 8 | document_hash[static_cast<size_t>(i)];
  // 53 bits: the conversion is exact, so every machine decides alike.
  return std::ldexp(static_cast<double>(bits >> 11), -53) < val_fraction;
}

DataSummary SummarizeData(const std::filesystem::path& input, const TokenDatasetOptions& options) {
  if (!(options.val_fraction >= 0 && options.val_fraction < 1)) {
    Fail(ErrorCode::kInvalidArgument, "val_fraction is {}: it must be at least 0 and below 1",
         options.val_fraction);
  }
  DataSummary summary;
  DocumentReader reader(input, options.reader);
  DataHasher hasher;
  uint64_t validation_bytes = 0;
  const auto end_document = [&] {
    const uint64_t bytes = hasher.document_bytes();
    if (bytes > 0 && IsValidationHash(hasher.EndDocument(), options.val_fraction)) {
      validation_bytes += bytes;
    }
  };
  Document piece;
  while (reader.Next(piece)) {
    if (!piece.continues) end_document();
    hasher.AddPiece(piece.text);
    ReportProgress(options, "reading", reader);
  }
  end_document();
  summary.data_hash = hasher.Finish();
  summary.stats = reader.stats();
  summary.split = ChooseSplit(summary, options, validation_bytes);
  if (summary.split == DataSplit::kTail) {
    summary.tail_begin_bytes = static_cast<uint64_t>((1.0 - options.val_fraction) *
                                                     static_cast<double>(summary.stats.text_bytes));
    if (summary.tail_begin_bytes == 0) {
      Fail(ErrorCode::kCorruptData, "{}: {} bytes of text are too few to split off {} of them",
           input.string(), summary.stats.text_bytes, options.val_fraction);
    }
  }
  return summary;
}

TokenDataset PrepareTokenDataset(const std::filesystem::path& input,
                                 const std::filesystem::path& token_file_path,
                                 const DatasetTokenizer& tokenizer,
                                 const TokenDatasetOptions& options) {
  const DataSummary summary = SummarizeData(input, options);
  TokenFileInfo info;
  info.split = summary.split;
  info.tokenizer_hash = tokenizer.hash;
  info.data_hash = summary.data_hash;
  info.options_hash = OptionsHash(summary, options);
  if (auto file = OpenIfSame(token_file_path, tokenizer, info.data_hash, info.options_hash)) {
    return {std::move(*file), summary.stats, /*reused=*/true};
  }

  DocumentReader reader(input, options.reader);
  Tokenization tokenization(token_file_path, tokenizer, options, summary);
  Document piece;
  while (reader.Next(piece)) {
    tokenization.Add(piece);
    ReportProgress(options, "tokenizing", reader);
  }
  if (tokenization.Finish(info) != summary.data_hash) {
    Fail(ErrorCode::kIo, "{}: changed between its two readings; run again when it is at rest",
         input.string());
  }
  return {TokenFile(token_file_path), summary.stats, /*reused=*/false};
}

}  // namespace cambium
