// SPDX-License-Identifier: Apache-2.0
#include "formats/gguf_tokenizer.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <unordered_map>

#include "base/error.h"
#include "formats/quote.h"
#include "formats/token_words.h"
#include "text/pre_tokenizer.h"

namespace cambium {
namespace {

class Reader {
 public:
  explicit Reader(const GgufFile& file) : file_(file) {}

  TokenizerData Read() {
    ReadModel();
    ReadTokens();
    ReadMerges();
    ReadScores();
    if (data_.model == TokenizerModel::kBpe) {
      data_.pre_tokenizer = file_.GetString("tokenizer.ggml.pre").value_or("");
    }
    ReadIds();
    for (const char* key : gguf_keys::kEnds) {
      if (const int32_t id = TokenId(key); id >= 0) data_.end_ids.push_back(id);
    }
    ReadOptions();
    ReadStrips();
    data_.chat_template = file_.GetString("tokenizer.chat_template").value_or("");
    return std::move(data_);
  }

 private:
  [[noreturn]] void Corrupt(const std::string& what) const {
    Fail(ErrorCode::kCorruptData, "{}: tokenizer: {}", file_.name(), what);
  }

  void ReadModel() {
    model_ = file_.RequireString("tokenizer.ggml.model");
    if (model_ == "gpt2") {
      data_.model = TokenizerModel::kBpe;
    } else if (model_ == "llama" || model_ == "gemma4") {
      data_.model = TokenizerModel::kSentencePiece;
    } else if (model_ == "bert") {
      data_.model = TokenizerModel::kWordPiece;
    } else {
      Fail(ErrorCode::kUnsupported,
           "{}: tokenizer model {}; known are 'gpt2' (byte-level BPE), 'llama' and 'gemma4' "
           "(SentencePiece BPE) and 'bert' (WordPiece)",
           file_.name(), Quote(model_));
    }
    const auto own = file_.GetString(gguf_keys::kOwnModel);
    if (!own) return;
    if (*own != "byte" || model_ != "gpt2") {
      Fail(ErrorCode::kUnsupported, "{}: {} = {}; 'byte' is the one known value", file_.name(),
           gguf_keys::kOwnModel, Quote(*own));
    }
    data_.model = TokenizerModel::kByte;
  }

  // SentencePiece files from before types were written have bytes and special tokens by name only.
  TokenType DefaultType(std::string_view word) const {
    const bool is_byte = model_ == "llama" && ParseByteWord(word).has_value();
    return is_byte ? TokenType::kByte : TokenType::kNormal;
  }

  void ReadTokens() {
    const auto words = file_.GetStrings("tokenizer.ggml.tokens");
    if (!words || words->empty()) Corrupt("tokenizer.ggml.tokens is missing or empty");
    if (words->size() > INT32_MAX) Corrupt("more than 2^31 tokens");
    const size_t num_tokens = words->size();
    const auto types = file_.GetInts("tokenizer.ggml.token_type");
    if (types && types->size() != num_tokens) {
      Corrupt(fmt::format("{} tokens, but {} token types", num_tokens, types->size()));
    }
    id_of_word_.reserve(num_tokens);
    data_.tokens.reserve(num_tokens);
    data_.types.reserve(num_tokens);
    for (size_t id = 0; id < num_tokens; ++id) {
      const std::string_view word = (*words)[id];
      const int32_t type = types ? (*types)[id] : static_cast<int32_t>(DefaultType(word));
      if (type < 1 || type > 6) {
        Corrupt(fmt::format("token {} has the type {} (1 to 6 expected)", id, type));
      }
      if (!id_of_word_.emplace(word, static_cast<int32_t>(id)).second) {
        Corrupt(
            fmt::format("the tokens {} and {} are both {}", id_of_word_[word], id, Quote(word)));
      }
      AddToken(id, word, static_cast<TokenType>(type));
    }
    if (data_.model == TokenizerModel::kByte && num_tokens < 256) {
      Corrupt("a byte tokenizer with fewer than 256 tokens");
    }
  }

  void AddToken(size_t id, std::string_view word, TokenType type) {
    std::string bytes(word);
    if (type == TokenType::kNormal || type == TokenType::kByte) {
      const bool is_sentence_piece = data_.model == TokenizerModel::kSentencePiece;
      if (auto meant = BytesOfWord(data_.model, type, word)) {
        bytes = std::move(*meant);
      } else if (is_sentence_piece && type == TokenType::kByte) {
        Corrupt(fmt::format("token {} is the byte {}; <0x00> to <0xFF> expected", id, Quote(word)));
      } else if (is_sentence_piece) {
        type = TokenType::kUnused;  // no text can become it
      }
      // Byte-level BPE: real files have normal tokens that are plain text (added to the vocabulary
      // later): kept.
    }
    if (data_.model == TokenizerModel::kByte && id < 256 &&
        bytes != std::string(1, static_cast<char>(id))) {
      Corrupt(fmt::format("token {} of a byte tokenizer is not that byte", id));
    }
    data_.tokens.push_back(std::move(bytes));
    data_.types.push_back(type);
  }

  void ReadMerges() {
    if (model_ != "gpt2" && model_ != "gemma4") return;
    const auto merges = file_.GetStrings("tokenizer.ggml.merges");
    if (!merges) Corrupt("tokenizer.ggml.merges is missing");
    if (data_.model == TokenizerModel::kByte && !merges->empty()) {
      Corrupt("a byte tokenizer with merges");
    }
    data_.merges.reserve(merges->size());
    for (size_t rank = 0; rank < merges->size(); ++rank) {
      const std::string_view merge = (*merges)[rank];
      const size_t space = merge.find(' ', 1);
      if (space == std::string_view::npos || merge.find(' ', space + 1) != std::string_view::npos) {
        Corrupt(fmt::format("merge {} is {}, 'left right' expected", rank, Quote(merge)));
      }
      const auto left = id_of_word_.find(merge.substr(0, space));
      const auto right = id_of_word_.find(merge.substr(space + 1));
      if (left == id_of_word_.end() || right == id_of_word_.end()) {
        Corrupt(fmt::format("merge {} ({}): a side of it is not a token", rank, Quote(merge)));
      }
      const std::string joined = std::string(left->first).append(right->first);
      if (!id_of_word_.contains(joined)) {
        Corrupt(fmt::format("merge {} ({}): its result is not a token", rank, Quote(merge)));
      }
      data_.merges.emplace_back(left->second, right->second);
    }
  }

  void ReadScores() {
    // Only "llama" goes by them; elsewhere converters leave placeholders.
    if (model_ != "llama") return;
    auto scores = file_.GetFloats("tokenizer.ggml.scores");
    if (!scores) Corrupt("tokenizer.ggml.scores is missing");
    if (scores->size() != data_.tokens.size()) {
      Corrupt(fmt::format("{} tokens, but {} scores", data_.tokens.size(), scores->size()));
    }
    data_.scores = std::move(*scores);
  }

  // -1 when the key is not there.
  int32_t TokenId(const char* key, int32_t fallback = -1) const {
    const auto id = file_.GetUint(key);
    if (!id) return fallback < static_cast<int32_t>(data_.tokens.size()) ? fallback : -1;
    if (*id >= data_.tokens.size()) {
      Corrupt(fmt::format("{} = {}, but there are {} tokens", key, *id, data_.tokens.size()));
    }
    return static_cast<int32_t>(*id);
  }

  // What a missing key means is as llama.cpp has it.
  void ReadIds() {
    const bool is_llama = model_ == "llama";
    const bool is_bert = model_ == "bert";
    data_.bos_id = TokenId("tokenizer.ggml.bos_token_id", is_llama ? 1 : is_bert ? 101 : -1);
    data_.eos_id = TokenId("tokenizer.ggml.eos_token_id", is_llama ? 2 : -1);
    data_.unk_id = TokenId("tokenizer.ggml.unknown_token_id", is_llama ? 0 : is_bert ? 100 : -1);
    data_.pad_id = TokenId("tokenizer.ggml.padding_token_id");
    if (is_bert) {
      data_.bos_id = TokenId("tokenizer.ggml.cls_token_id", data_.bos_id);
      // So spelled by the format.
      data_.eos_id = TokenId("tokenizer.ggml.seperator_token_id", data_.eos_id);
      if (data_.eos_id < 0) data_.eos_id = TokenId("tokenizer.ggml.eos_token_id", 102);
    }
    const bool adds_bos = is_bert || data_.model == TokenizerModel::kSentencePiece ||
                          PreTokenizer::AddsBos(data_.pre_tokenizer);
    const auto add_bos = file_.GetBool("tokenizer.ggml.add_bos_token");
    data_.add_bos = add_bos.value_or(adds_bos && data_.bos_id >= 0);
    if (data_.add_bos && data_.bos_id < 0) {
      Corrupt("add_bos_token is true, but there is no bos_token_id");
    }
    data_.add_eos =
        file_.GetBool("tokenizer.ggml.add_eos_token").value_or(is_bert && data_.eos_id >= 0);
    if (data_.add_eos && data_.eos_id < 0) {
      Corrupt("add_eos_token is true, but there is no eos_token_id");
    }
  }

  void ReadOptions() {
    SentencePieceOptions& spm = data_.sentence_piece;
    if (data_.model == TokenizerModel::kSentencePiece) {
      const bool prefix =
          file_.GetBool("tokenizer.ggml.add_space_prefix").value_or(model_ == "llama");
      const bool only_begin = file_.GetString(gguf_keys::kSpacePrefix) == "begin";
      spm.space_prefix = !prefix      ? SpacePrefix::kNone
                         : only_begin ? SpacePrefix::kBegin
                                      : SpacePrefix::kEverySection;
      spm.prefix_before_space = file_.GetBool(gguf_keys::kPrefixBeforeSpace).value_or(true);
      spm.split_at_spaces = file_.GetBool(gguf_keys::kSplitAtSpaces).value_or(false);
      spm.fuse_unknown = file_.GetBool(gguf_keys::kFuseUnknown).value_or(true);
      spm.remove_extra_spaces =
          file_.GetBool("tokenizer.ggml.remove_extra_whitespaces").value_or(false);
    }
    if (data_.model == TokenizerModel::kWordPiece) {
      WordPieceOptions& options = data_.word_piece;
      options.lowercase = file_.GetBool("tokenizer.ggml.normalizer.lowercase").value_or(true);
      options.strip_accents =
          file_.GetBool("tokenizer.ggml.normalizer.strip_accents").value_or(options.lowercase);
      options.clean_text = file_.GetBool(gguf_keys::kCleanText).value_or(true);
      options.split_chinese = file_.GetBool(gguf_keys::kSplitChinese).value_or(true);
      options.max_word_chars =
          static_cast<int32_t>(file_.GetUint(gguf_keys::kMaxWordChars, INT32_MAX).value_or(100));
    }
  }

  void ReadStrips() {
    std::vector<TokenStrip> strips;
    const auto add = [&](int32_t id, bool left, bool right) {
      const auto it = std::ranges::lower_bound(strips, id, {}, &TokenStrip::id);
      if (it != strips.end() && it->id == id) {
        it->left |= left;
        it->right |= right;
      } else {
        strips.insert(it, {id, left, right});
      }
    };
    for (const char* key : {gguf_keys::kStripLeft, gguf_keys::kStripRight}) {
      const bool is_left = key == gguf_keys::kStripLeft;
      const auto ids = file_.GetInts(key);
      if (!ids) continue;
      if (ids->size() > kMaxStrips) Corrupt(fmt::format("{} has {} tokens", key, ids->size()));
      for (const int32_t id : *ids) add(id, is_left, !is_left);
    }
    if (strips.empty() && IsPhi3()) {
      // The format cannot say that these models' special tokens swallow the white space behind
      // them; llama.cpp goes by the name too (llama-vocab.cpp).
      for (const auto& [word, id] : id_of_word_) {
        const bool keeps = word == "<unk>" || word == "<s>" || word == "<|endoftext|>";
        if ((data_.types[id] == TokenType::kControl && !keeps) || word == "</s>") {
          add(id, false, true);
        }
      }
    }
    data_.strips = std::move(strips);
  }

  bool IsPhi3() const {
    if (model_ != "llama") return false;
    std::string name(file_.GetString("general.name").value_or(""));
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return name.find("phi-3") != std::string::npos || name.find("phi3") != std::string::npos;
  }

  static constexpr size_t kMaxStrips = 4096;  // they are sorted in by insertion

  const GgufFile& file_;
  std::string_view model_;
  TokenizerData data_;
  std::unordered_map<std::string_view, int32_t> id_of_word_;
};

}  // namespace

TokenizerData ReadGgufTokenizer(const GgufFile& file) { return Reader(file).Read(); }

}  // namespace cambium
