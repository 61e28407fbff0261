// SPDX-License-Identifier: Apache-2.0
#include "text/text_encoder.h"

#include "base/check.h"
#include "text/bpe_encoder.h"
#include "text/pre_tokenizer.h"
#include "text/sentence_piece_encoder.h"
#include "text/word_piece_encoder.h"

namespace cambium {
namespace {

// Byte-level BPE within the pieces of a pre-tokenizer.
class ByteLevelEncoder final : public TextEncoder {
 public:
  explicit ByteLevelEncoder(const TokenizerData& data)
      : pre_tokenizer_(data.pre_tokenizer), bpe_(data) {}

  void Encode(std::string_view text, Section, PieceCache& cache,
              std::vector<int32_t>& ids) const override {
    pre_tokenizer_.ForEachPiece(text,
                                [&](std::string_view piece) { bpe_.Encode(piece, cache, ids); });
  }
  int32_t FindToken(std::string_view bytes) const override { return bpe_.FindToken(bytes); }
  bool encodes_any_bytes() const override { return bpe_.encodes_any_bytes(); }

 private:
  const PreTokenizer pre_tokenizer_;
  const BpeEncoder bpe_;
};

}  // namespace

std::unique_ptr<const TextEncoder> MakeTextEncoder(const TokenizerData& data) {
  switch (data.model) {
    case TokenizerModel::kByte:
      return nullptr;
    case TokenizerModel::kBpe:
      return std::make_unique<const ByteLevelEncoder>(data);
    case TokenizerModel::kSentencePiece:
      return std::make_unique<const SentencePieceEncoder>(data);
    case TokenizerModel::kWordPiece:
      return std::make_unique<const WordPieceEncoder>(data);
  }
  CHECK(false);
}

}  // namespace cambium
