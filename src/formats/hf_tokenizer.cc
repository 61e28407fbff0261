// SPDX-License-Identifier: Apache-2.0
#include "formats/hf_tokenizer.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "formats/hf_pre_tokenizer.h"
#include "formats/quote.h"
#include "text/byte_unicode.h"

namespace cambium {
namespace {

// Not the ordered Json: that one searches an object from its start, and a vocabulary is an object
// of 10^5 members.
using Node = nlohmann::json;

// What fills an id that no token has.
std::string PaddingName(size_t id) { return fmt::format("[PAD{}]", id); }

class Reader {
 public:
  Reader(std::string_view json, const std::string& source_name)
      : source_name_(source_name), root_(Node::parse(json, nullptr, /*allow_exceptions=*/false)) {
    if (!root_.is_object()) Corrupt(root_.is_discarded() ? "not valid JSON" : "not a JSON object");
  }

  TokenizerData Read() {
    CheckNormalizer();
    const Node& model = Require(root_, "model");
    if (!model.is_object()) Corrupt("'model' is not an object");
    CheckModel(model);
    ReadVocabulary(Require(model, "vocab"));
    if (const Node* added = Find(root_, "added_tokens")) ReadAddedTokens(*added);
    FillGaps();
    ReadMerges(Require(model, "merges"));
    data_.pre_tokenizer = ParseHfPreTokenizer(Require(root_, "pre_tokenizer"),
                                              FlagOf(model, "ignore_merges"), source_name_);
    data_.model = TokenizerModel::kBpe;
    if (data_.pre_tokenizer.empty()) {
      if (!IsByteTokenizer()) Unsupported("pre_tokenizer: ByteLevel without any splitting");
      data_.model = TokenizerModel::kByte;
    }
    if (const Node* processor = Find(root_, "post_processor")) ReadBos(*processor, 0);
    if (const auto it = special_ids_.find("<|endoftext|>");
        it != special_ids_.end() && data_.types[it->second] == TokenType::kControl) {
      data_.eos_id = it->second;
    }
    return std::move(data_);
  }

 private:
  [[noreturn]] void Corrupt(const std::string& what) const {
    Fail(ErrorCode::kCorruptData, "{}: {}", source_name_, what);
  }
  [[noreturn]] void Unsupported(const std::string& what) const {
    Fail(ErrorCode::kUnsupported, "{}: {}; byte-level BPE is what can be used", source_name_, what);
  }

  // Null counts as missing.
  static const Node* Find(const Node& object, const char* key) {
    const auto it = object.find(key);
    return it == object.end() || it->is_null() ? nullptr : &*it;
  }
  const Node& Require(const Node& object, const char* key) const {
    const Node* node = Find(object, key);
    if (node == nullptr) Corrupt(fmt::format("'{}' is missing", key));
    return *node;
  }
  bool FlagOf(const Node& object, const char* key) const {
    const Node* node = Find(object, key);
    if (node != nullptr && !node->is_boolean()) Corrupt(fmt::format("'{}' is not a boolean", key));
    return node != nullptr && node->get<bool>();
  }
  const std::string& TextOf(const Node& node, const char* what) const {
    if (!node.is_string()) Corrupt(fmt::format("{} is not a string", what));
    return node.get_ref<const std::string&>();
  }

  void CheckNormalizer() const {
    const Node* normalizer = Find(root_, "normalizer");
    if (normalizer == nullptr) return;
    const Node* type = normalizer->is_object() ? Find(*normalizer, "type") : nullptr;
    if (type == nullptr || *type != "NFC") {
      Unsupported(fmt::format("normalizer {}", Quote(normalizer->dump())));
    }
  }

  void CheckModel(const Node& model) const {
    // Files from before the member existed are BPE: they have merges.
    const Node* type = Find(model, "type");
    if (type != nullptr && *type != "BPE") {
      Unsupported(fmt::format("model type {}", Quote(type->dump())));
    }
    if (FlagOf(model, "byte_fallback")) Unsupported("model.byte_fallback");
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

  void ReadVocabulary(const Node& vocab) {
    if (!vocab.is_object() || vocab.empty()) Corrupt("'model.vocab' is not an object, or empty");
    num_entries_ = vocab.size();
    if (const Node* added = Find(root_, "added_tokens")) num_entries_ += added->size();
    for (const auto& [word, node] : vocab.items()) {
      const int32_t id = ReadId(node, word);
      if (static_cast<size_t>(id) < is_set_.size() && is_set_[id]) {
        Corrupt(fmt::format("two tokens have the id {}; one is {}", id, Quote(word)));
      }
      auto bytes = PrintableToBytes(word);
      const bool is_reachable =
          bytes.has_value() && !bytes->empty() && word != PaddingName(static_cast<size_t>(id));
      SetToken(id, is_reachable ? std::move(*bytes) : word,
               is_reachable ? TokenType::kNormal : TokenType::kUnused);
      id_of_word_.emplace(word, id);
    }
  }

  void ReadAddedTokens(const Node& added) {
    if (!added.is_array()) Corrupt("'added_tokens' is not a list");
    for (const Node& node : added) {
      if (!node.is_object()) Corrupt("an added token is not an object");
      const std::string& name = TextOf(Require(node, "content"), "the content of an added token");
      const int32_t id = ReadId(Require(node, "id"), name);
      if (name.empty()) Corrupt(fmt::format("added token {} is empty", id));
      for (const char* key : {"single_word", "lstrip", "rstrip"}) {
        if (FlagOf(node, key)) Unsupported(fmt::format("added token {}: {}", Quote(name), key));
      }
      if (!special_ids_.emplace(name, id).second) {
        Corrupt(fmt::format("two added tokens are {}", Quote(name)));
      }
      const auto in_vocabulary = id_of_word_.find(name);
      const bool is_taken = static_cast<size_t>(id) < is_set_.size() && is_set_[id];
      if (in_vocabulary != id_of_word_.end() ? in_vocabulary->second != id : is_taken) {
        Corrupt(fmt::format("added token {} has the id {}, which the vocabulary gives otherwise",
                            Quote(name), id));
      }
      SetToken(id, name, FlagOf(node, "special") ? TokenType::kControl : TokenType::kUserDefined);
    }
  }

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
      data_.merges.emplace_back(IdOfWord(left, rank), IdOfWord(right, rank));
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

  // A template that begins with a special token asks for it before every text.
  void ReadBos(const Node& processor, int depth) {
    constexpr int kMaxSequences = 8;
    const Node* type = processor.is_object() ? Find(processor, "type") : nullptr;
    if (type == nullptr || depth == kMaxSequences) Corrupt("'post_processor' has no type");
    if (*type == "Sequence") {
      const Node& parts = Require(processor, "processors");
      if (!parts.is_array()) Corrupt("'post_processor.processors' is not a list");
      for (const Node& part : parts) ReadBos(part, depth + 1);
    }
    if (*type != "TemplateProcessing") return;
    const Node& single = Require(processor, "single");
    if (!single.is_array() || single.empty() || !single[0].is_object()) {
      Corrupt("'post_processor.single' is not a list of objects");
    }
    const Node* special = Find(single[0], "SpecialToken");
    if (special == nullptr) return;
    if (!special->is_object()) Corrupt("'post_processor': 'SpecialToken' is not an object");
    const std::string& name = TextOf(Require(*special, "id"), "the id of a special token");
    const auto it = special_ids_.find(name);
    if (it == special_ids_.end()) {
      Corrupt(fmt::format("post_processor: {} is not an added token", Quote(name)));
    }
    data_.bos_id = it->second;
    data_.add_bos = true;
  }

  const std::string& source_name_;
  const Node root_;
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
