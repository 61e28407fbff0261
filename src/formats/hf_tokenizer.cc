// SPDX-License-Identifier: Apache-2.0
#include "formats/hf_tokenizer.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "formats/hf_json.h"
#include "formats/hf_pre_tokenizer.h"
#include "formats/hf_text_rules.h"
#include "formats/json_text.h"
#include "formats/quote.h"
#include "formats/token_words.h"

namespace cambium {
namespace {

using Node = HfJson::Node;

// What fills an id that no token has.
std::string PaddingName(size_t id) { return fmt::format("[PAD{}]", id); }

// How a file's vocabulary is to be read.
enum class Kind { kByteLevel, kSentencePiece, kWordPiece };

class Reader {
 public:
  Reader(std::string_view json, const std::string& source_name)
      : json_(source_name), root_(Parse(json, source_name)) {
    if (!root_.is_object()) Corrupt(root_.is_discarded() ? "not valid JSON" : "not a JSON object");
  }

  TokenizerData Read() {
    const Node& model = Require(root_, "model");
    if (!model.is_object()) Corrupt("'model' is not an object");
    kind_ = FindKind(model);
    ReadRules(model);
    ReadVocabulary(Require(model, "vocab"), json_.Text(model, "unk_token"));
    if (const Node* added = Find(root_, "added_tokens")) ReadAddedTokens(*added);
    FillGaps();
    if (kind_ != Kind::kWordPiece) ReadMerges(Require(model, "merges"));
    if (data_.model == TokenizerModel::kBpe && data_.pre_tokenizer.empty()) {
      if (!IsByteTokenizer()) Unsupported("pre_tokenizer: ByteLevel without any splitting");
      data_.model = TokenizerModel::kByte;
    }
    json_.ForEachPart(Find(root_, "post_processor"), "processors",
                      [&](const Node& part, const std::string& type) { ReadEnds(part, type); });
    for (const char* name : {"<|endoftext|>", "</s>", "<eos>"}) {
      const auto it = special_ids_.find(name);
      if (data_.eos_id >= 0 || it == special_ids_.end()) continue;
      if (data_.types[it->second] == TokenType::kControl) data_.eos_id = it->second;
    }
    return std::move(data_);
  }

 private:
  static Node Parse(std::string_view json, const std::string& source_name) {
    CheckJsonDepth(json, source_name);
    return Node::parse(json, nullptr, /*allow_exceptions=*/false);
  }
  [[noreturn]] void Corrupt(const std::string& what) const { json_.Corrupt(what); }
  [[noreturn]] void Unsupported(const std::string& what) const { json_.Unsupported(what); }
  static const Node* Find(const Node& object, const char* key) { return HfJson::Find(object, key); }
  const Node& Require(const Node& object, const char* key) const {
    return json_.Require(object, key);
  }
  bool FlagOf(const Node& object, const char* key) const { return json_.Flag(object, key); }
  const std::string& TextOf(const Node& node, const char* what) const {
    return json_.TextOf(node, what);
  }

  // BPE is byte-level where a ByteLevel pre-tokenizer or decoder is in the file.
  Kind FindKind(const Node& model) const {
    // Files from before the member existed are BPE: they have merges.
    const std::string type = json_.Text(model, "type");
    if (type == "WordPiece") return Kind::kWordPiece;
    if (type != "BPE" && !type.empty()) Unsupported(fmt::format("model type {}", Quote(type)));
    bool has_bytes = false;
    const auto look = [&](const Node&, const std::string& part) {
      if (part == "ByteLevel") has_bytes = true;
    };
    json_.ForEachPart(Find(root_, "pre_tokenizer"), "pretokenizers", look);
    json_.ForEachPart(Find(root_, "decoder"), "decoders", look);
    if (has_bytes) return Kind::kByteLevel;
    bool has_symbol = FlagOf(model, "byte_fallback");
    json_.ForEachPart(Find(root_, "normalizer"), "normalizers",
                      [&](const Node&, const std::string& part) {
                        if (part == "Prepend" || part == "Replace") has_symbol = true;
                      });
    json_.ForEachPart(Find(root_, "pre_tokenizer"), "pretokenizers",
                      [&](const Node&, const std::string& part) {
                        if (part == "Metaspace") has_symbol = true;
                      });
    return has_symbol ? Kind::kSentencePiece : Kind::kByteLevel;
  }

  void ReadRules(const Node& model) {
    if (kind_ == Kind::kWordPiece) {
      data_.model = TokenizerModel::kWordPiece;
      const Node* prefix = Find(model, "continuing_subword_prefix");
      if (prefix != nullptr && *prefix != "##") Unsupported("model.continuing_subword_prefix");
      data_.word_piece = ParseHfWordPiece(json_, root_);
      return;
    }
    CheckBpe(model);
    if (kind_ == Kind::kSentencePiece) {
      data_.model = TokenizerModel::kSentencePiece;
      if (FlagOf(model, "ignore_merges")) Unsupported("model.ignore_merges without ByteLevel");
      data_.sentence_piece = ParseHfSentencePiece(json_, root_);
      data_.sentence_piece.fuse_unknown = FlagOf(model, "fuse_unk");
      has_byte_words_ = FlagOf(model, "byte_fallback");
      return;
    }
    data_.model = TokenizerModel::kBpe;
    if (FlagOf(model, "byte_fallback")) Unsupported("model.byte_fallback with ByteLevel");
    json_.ForEachPart(Find(root_, "normalizer"), "normalizers",
                      [&](const Node& part, const std::string& type) {
                        if (type != "NFC") {
                          Unsupported(fmt::format("normalizer {}", Quote(part.dump())));
                        }
                      });
    data_.pre_tokenizer = ParseHfPreTokenizer(Require(root_, "pre_tokenizer"),
                                              FlagOf(model, "ignore_merges"), json_.source_name());
  }

  void CheckBpe(const Node& model) const {
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      const Node* affix = Find(model, key);
      if (affix != nullptr && *affix != "") Unsupported(fmt::format("model.{}", key));
    }
    const Node* dropout = Find(model, "dropout");
    if (dropout != nullptr && *dropout != 0) Unsupported("model.dropout (random merges)");
  }

  // An id is at most a little above the number of entries in the file, so that a small file cannot
  // ask for much memory.
  int32_t ReadId(const Node& node, const std::string& token) const {
    const uint64_t limit = 4096 + 2 * num_entries_;
    if (!node.is_number_unsigned() ||
        node.get<uint64_t>() >= std::min<uint64_t>(limit, INT32_MAX)) {
      Corrupt(fmt::format("token {} has the id {}, with {} tokens in the file", Quote(token),
                          Quote(node.dump()), num_entries_));
    }
    return node.get<int32_t>();
  }

  void SetToken(int32_t id, std::string bytes, TokenType type) {
    if (static_cast<size_t>(id) >= data_.tokens.size()) {
      data_.tokens.resize(static_cast<size_t>(id) + 1);
      data_.types.resize(data_.tokens.size(), TokenType::kUnused);
      is_set_.resize(data_.tokens.size(), false);
    }
    data_.tokens[id] = std::move(bytes);
    data_.types[id] = type;
    is_set_[id] = true;
  }

  // What a word of the vocabulary is.
  std::pair<std::string, TokenType> MeaningOf(const std::string& word) const {
    using enum TokenType;
    if (kind_ == Kind::kWordPiece) {
      if (word.starts_with("##")) return {word.substr(2), kNormal};
      // Special tokens, which no word can be.
      if (word.starts_with('[') && word.ends_with(']')) return {word, kUnused};
      return {" " + word, kNormal};
    }
    const bool is_byte = has_byte_words_ && ParseByteWord(word).has_value();
    auto bytes = BytesOfWord(data_.model, is_byte ? kByte : kNormal, word);
    if (!bytes || bytes->empty()) return {word, kUnused};
    return {std::move(*bytes), is_byte ? kByte : kNormal};
  }

  void ReadVocabulary(const Node& vocab, const std::string& unknown) {
    if (!vocab.is_object() || vocab.empty()) Corrupt("'model.vocab' is not an object, or empty");
    num_entries_ = vocab.size();
    if (const Node* added = Find(root_, "added_tokens")) num_entries_ += added->size();
    for (const auto& [word, node] : vocab.items()) {
      const int32_t id = ReadId(node, word);
      if (static_cast<size_t>(id) < is_set_.size() && is_set_[id]) {
        Corrupt(fmt::format("two tokens have the id {}; one is {}", id, Quote(word)));
      }
      auto [bytes, type] = MeaningOf(word);
      if (word == PaddingName(static_cast<size_t>(id))) {
        bytes = word;
        type = TokenType::kUnused;
      }
      SetToken(id, std::move(bytes), type);
      id_of_word_.emplace(word, id);
    }
    if (kind_ == Kind::kByteLevel || unknown.empty()) return;
    const auto it = id_of_word_.find(unknown);
    if (it == id_of_word_.end()) {
      Corrupt(fmt::format("the unknown token {} is not in the vocabulary", Quote(unknown)));
    }
    data_.unk_id = it->second;
    SetToken(it->second, unknown, TokenType::kUnknown);
  }

  void ReadAddedTokens(const Node& added) {
    if (!added.is_array()) Corrupt("'added_tokens' is not a list");
    for (const Node& node : added) {
      if (!node.is_object()) Corrupt("an added token is not an object");
      const std::string& name = TextOf(Require(node, "content"), "the content of an added token");
      const int32_t id = ReadId(Require(node, "id"), name);
      if (name.empty()) Corrupt(fmt::format("added token {} is empty", id));
      if (!special_ids_.emplace(name, id).second) {
        Corrupt(fmt::format("two added tokens are {}", Quote(name)));
      }
      const auto in_vocabulary = id_of_word_.find(name);
      const bool is_taken = static_cast<size_t>(id) < is_set_.size() && is_set_[id];
      if (in_vocabulary != id_of_word_.end() ? in_vocabulary->second != id : is_taken) {
        Corrupt(fmt::format("added token {} has the id {}, which the vocabulary gives otherwise",
                            Quote(name), id));
      }
      AddToken(node, name, id);
    }
    std::ranges::sort(data_.strips, {}, &TokenStrip::id);
  }

  void AddToken(const Node& node, const std::string& name, int32_t id) {
    if (FlagOf(node, "single_word")) {
      Unsupported(fmt::format("added token {}: single_word", Quote(name)));
    }
    const bool is_special = FlagOf(node, "special");
    // A normalizer that changes the name would have it found elsewhere than where the name stands.
    const bool is_changed = kind_ == Kind::kSentencePiece
                                ? Find(root_, "normalizer") != nullptr && HasPrepend()
                                : kind_ == Kind::kWordPiece;
    if (is_changed && FlagOf(node, "normalized")) {
      Unsupported(fmt::format("added token {}: normalized", Quote(name)));
    }
    const TokenStrip strip{id, FlagOf(node, "lstrip"), FlagOf(node, "rstrip")};
    if (strip.left || strip.right) data_.strips.push_back(strip);
    if (id == data_.unk_id) return;
    // Runs of U+2581 as added tokens (Gemma) are what merges make of runs of spaces.
    const bool is_text = kind_ == Kind::kSentencePiece && !is_special &&
                         id_of_word_.contains(name) && name.find(kSpaceSymbol) != std::string::npos;
    if (is_text) return;
    SetToken(id, name, is_special ? TokenType::kControl : TokenType::kUserDefined);
  }

  bool HasPrepend() const { return data_.sentence_piece.space_prefix != SpacePrefix::kNone; }

  void FillGaps() {
    for (size_t id = 0; id < data_.tokens.size(); ++id) {
      if (!is_set_[id]) data_.tokens[id] = PaddingName(id);
    }
  }

  int32_t IdOfWord(std::string_view word, size_t rank) const {
    const auto it = id_of_word_.find(std::string(word));
    if (it == id_of_word_.end()) {
      Corrupt(fmt::format("merge {}: {} is not a token", rank, Quote(word)));
    }
    return it->second;
  }

  bool IsNormalMerge(std::string_view left, std::string_view right) const {
    for (const std::string& word :
         {std::string(left), std::string(right), std::string(left).append(right)}) {
      const auto it = id_of_word_.find(word);
      if (it == id_of_word_.end() || data_.types[it->second] != TokenType::kNormal) return false;
    }
    return true;
  }

  void ReadMerges(const Node& merges) {
    if (!merges.is_array()) Corrupt("'model.merges' is not a list");
    data_.merges.reserve(merges.size());
    for (size_t rank = 0; rank < merges.size(); ++rank) {
      const Node& merge = merges[rank];
      std::string_view left, right;
      if (merge.is_array() && merge.size() == 2) {
        left = TextOf(merge[0], "a side of a merge");
        right = TextOf(merge[1], "a side of a merge");
      } else {
        const std::string_view both = TextOf(merge, "a merge");
        const size_t space = both.find(' ');
        if (space == std::string_view::npos ||
            both.find(' ', space + 1) != std::string_view::npos) {
          Corrupt(fmt::format("merge {} is {}, 'left right' expected", rank, Quote(both)));
        }
        left = both.substr(0, space);
        right = both.substr(space + 1);
      }
      const std::pair pair(IdOfWord(left, rank), IdOfWord(right, rank));
      // Merges into special tokens, which are found in the text before any merge.
      if (kind_ == Kind::kSentencePiece && !IsNormalMerge(left, right)) continue;
      data_.merges.push_back(pair);
    }
  }

  bool IsByteTokenizer() const {
    if (!data_.merges.empty() || data_.tokens.size() < 256) return false;
    for (size_t id = 0; id < data_.tokens.size(); ++id) {
      const bool is_byte = data_.types[id] == TokenType::kNormal &&
                           data_.tokens[id] == std::string(1, static_cast<char>(id));
      const bool is_normal = data_.types[id] == TokenType::kNormal;
      if (id < 256 ? !is_byte : is_normal) return false;
    }
    return true;
  }

  // A template that begins with a special token asks for it before every text, one that ends with
  // one behind.
  void ReadEnds(const Node& processor, const std::string& type) {
    if (type == "BertProcessing" || type == "RobertaProcessing") {
      data_.bos_id = IdOfPair(Require(processor, "cls"));
      data_.eos_id = IdOfPair(Require(processor, "sep"));
      data_.add_bos = data_.add_eos = true;
      return;
    }
    if (type != "TemplateProcessing") {
      if (type != "ByteLevel") Unsupported(fmt::format("post_processor {}", Quote(type)));
      return;
    }
    const Node& single = json_.List(processor, "single");
    for (const Node& part : single) {
      if (!part.is_object()) Corrupt("'post_processor.single' is not a list of objects");
    }
    if (single.empty()) return;
    if (const auto id = IdOfTemplatePart(single.front()); id >= 0) {
      data_.bos_id = id;
      data_.add_bos = true;
    }
    if (single.size() < 2) return;
    if (const auto id = IdOfTemplatePart(single.back()); id >= 0) {
      data_.eos_id = id;
      data_.add_eos = true;
    }
  }

  // -1: the text.
  int32_t IdOfTemplatePart(const Node& part) const {
    const Node* special = Find(part, "SpecialToken");
    if (special == nullptr) return -1;
    if (!special->is_object()) Corrupt("'post_processor': 'SpecialToken' is not an object");
    return IdOfSpecial(TextOf(Require(*special, "id"), "the id of a special token"));
  }

  int32_t IdOfPair(const Node& pair) const {
    if (!pair.is_array() || pair.empty()) Corrupt("post_processor: 'cls' or 'sep' is not a pair");
    return IdOfSpecial(TextOf(pair[0], "a special token"));
  }

  int32_t IdOfSpecial(const std::string& name) const {
    const auto it = special_ids_.find(name);
    if (it == special_ids_.end()) {
      Corrupt(fmt::format("post_processor: {} is not an added token", Quote(name)));
    }
    return it->second;
  }

  const HfJson json_;
  const Node root_;
  Kind kind_ = Kind::kByteLevel;
  bool has_byte_words_ = false;
  size_t num_entries_ = 0;
  TokenizerData data_;
  std::vector<bool> is_set_;
  std::unordered_map<std::string, int32_t> id_of_word_;   // of model.vocab, as the file writes them
  std::unordered_map<std::string, int32_t> special_ids_;  // of added_tokens
};

}  // namespace

TokenizerData ParseHfTokenizer(std::string_view json, const std::string& source_name) {
  return Reader(json, source_name).Read();
}

}  // namespace cambium
