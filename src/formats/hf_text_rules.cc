// SPDX-License-Identifier: Apache-2.0
#include "formats/hf_text_rules.h"

#include <string>

#include "base/error.h"
#include "formats/quote.h"
#include "formats/token_words.h"

namespace cambium {
namespace {

using Node = HfJson::Node;

const std::string kSymbol(kSpaceSymbol);

// The text of a {"String": ...} pattern; empty for any other.
std::string StringPattern(const HfJson& json, const Node& part) {
  const Node* pattern = HfJson::Find(part, "pattern");
  return pattern == nullptr || !pattern->is_object() ? std::string()
                                                     : json.Text(*pattern, "String");
}

class SentencePieceReader {
 public:
  explicit SentencePieceReader(const HfJson& json) : json_(json) {}

  SentencePieceOptions Read(const Node& root) {
    json_.ForEachPart(HfJson::Find(root, "normalizer"), "normalizers",
                      [&](const Node& part, const std::string& type) { Normalizer(part, type); });
    json_.ForEachPart(HfJson::Find(root, "pre_tokenizer"), "pretokenizers",
                      [&](const Node& part, const std::string& type) { PreTokenizer(part, type); });
    json_.ForEachPart(HfJson::Find(root, "decoder"), "decoders",
                      [&](const Node& part, const std::string& type) { Decoder(part, type); });
    if (!replaces_spaces_) json_.Unsupported("BPE of characters that keeps spaces as they are");
    return options_;
  }

 private:
  void Normalizer(const Node& part, const std::string& type) {
    if (type == "Prepend" && json_.Text(part, "prepend") == kSymbol) {
      options_.space_prefix = SpacePrefix::kEverySection;
    } else if (type == "Replace" && StringPattern(json_, part) == " " &&
               json_.Text(part, "content") == kSymbol) {
      replaces_spaces_ = true;
    } else {
      json_.Unsupported(fmt::format("normalizer {}", Quote(part.dump())));
    }
  }

  void PreTokenizer(const Node& part, const std::string& type) {
    if (type == "Metaspace") {
      Metaspace(part);
      return;
    }
    // Behind the normalizer there is no space left for this one to split at.
    const bool is_idle = type == "Split" && replaces_spaces_ && StringPattern(json_, part) == " " &&
                         !json_.Flag(part, "invert");
    if (!is_idle) json_.Unsupported(fmt::format("pre_tokenizer {}", Quote(part.dump())));
  }

  void Metaspace(const Node& part) {
    if (json_.Text(part, "replacement") != kSymbol) {
      json_.Unsupported(fmt::format("pre_tokenizer {}", Quote(part.dump())));
    }
    replaces_spaces_ = true;
    std::string scheme = json_.Text(part, "prepend_scheme");
    if (scheme.empty()) scheme = json_.Flag(part, "add_prefix_space", true) ? "always" : "never";
    if (scheme == "always") {
      options_.space_prefix = SpacePrefix::kEverySection;
    } else if (scheme == "first") {
      options_.space_prefix = SpacePrefix::kBegin;
    } else if (scheme != "never") {
      json_.Unsupported(fmt::format("pre_tokenizer.prepend_scheme {}", Quote(scheme)));
    }
    options_.prefix_before_space = false;
    options_.split_at_spaces = json_.Flag(part, "split", true);
  }

  void Decoder(const Node& part, const std::string& type) {
    const bool is_known = type == "ByteFallback" || type == "Fuse" || type == "Metaspace" ||
                          (type == "Replace" && StringPattern(json_, part) == kSymbol &&
                           json_.Text(part, "content") == " ") ||
                          (type == "Strip" && json_.Text(part, "content") == " ");
    if (!is_known) json_.Unsupported(fmt::format("decoder {}", Quote(part.dump())));
  }

  const HfJson& json_;
  SentencePieceOptions options_;
  bool replaces_spaces_ = false;
};

Json Sequence(const char* members, Json parts) {
  return {{"type", "Sequence"}, {members, std::move(parts)}};
}

Json ReplacePart(const std::string& from, const std::string& to) {
  return {{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

}  // namespace

SentencePieceOptions ParseHfSentencePiece(const HfJson& json, const Node& root) {
  return SentencePieceReader(json).Read(root);
}

WordPieceOptions ParseHfWordPiece(const HfJson& json, const Node& root) {
  WordPieceOptions options;
  options.clean_text = options.split_chinese = options.lowercase = options.strip_accents = false;
  json.ForEachPart(HfJson::Find(root, "normalizer"), "normalizers",
                   [&](const Node& part, const std::string& type) {
                     if (type != "BertNormalizer") {
                       json.Unsupported(fmt::format("normalizer {}", Quote(part.dump())));
                     }
                     options.clean_text = json.Flag(part, "clean_text", true);
                     options.split_chinese = json.Flag(part, "handle_chinese_chars", true);
                     options.lowercase = json.Flag(part, "lowercase", true);
                     options.strip_accents = json.Flag(part, "strip_accents", options.lowercase);
                   });
  bool has_words = false;
  json.ForEachPart(HfJson::Find(root, "pre_tokenizer"), "pretokenizers",
                   [&](const Node& part, const std::string& type) {
                     if (type != "BertPreTokenizer") {
                       json.Unsupported(fmt::format("pre_tokenizer {}", Quote(part.dump())));
                     }
                     has_words = true;
                   });
  if (!has_words) json.Unsupported("WordPiece without a BertPreTokenizer");
  const Node& model = json.Require(root, "model");
  if (const Node* most = HfJson::Find(model, "max_input_chars_per_word")) {
    if (!most->is_number_unsigned() || most->get<uint64_t>() > 1000000) {
      json.Corrupt("'max_input_chars_per_word' is not a number up to 1000000");
    }
    options.max_word_chars = most->get<int32_t>();
  }
  return options;
}

HfTextRules HfRulesOf(const SentencePieceOptions& options) {
  if (options.remove_extra_spaces) {
    Fail(ErrorCode::kUnsupported, "tokenizer.json: remove_extra_whitespaces cannot be written");
  }
  const bool has_prefix = options.space_prefix != SpacePrefix::kNone;
  HfTextRules rules;
  rules.decoder =
      Json::array({ReplacePart(kSymbol, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}});
  if (has_prefix) {
    rules.decoder.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  }
  rules.decoder = Sequence("decoders", std::move(rules.decoder));
  const bool prepends = options.prefix_before_space && !options.split_at_spaces &&
                        options.space_prefix != SpacePrefix::kBegin;
  if (prepends) {
    Json parts = Json::array();
    if (has_prefix) parts.push_back({{"type", "Prepend"}, {"prepend", kSymbol}});
    parts.push_back(ReplacePart(" ", kSymbol));
    rules.normalizer = Sequence("normalizers", std::move(parts));
    return rules;
  }
  if (has_prefix && options.prefix_before_space) {
    Fail(ErrorCode::kUnsupported,
         "tokenizer.json cannot say that a space is put before text that begins with one, at the "
         "beginning of the text only or when words are split");
  }
  const char* scheme = !has_prefix                                   ? "never"
                       : options.space_prefix == SpacePrefix::kBegin ? "first"
                                                                     : "always";
  rules.pre_tokenizer = {{"type", "Metaspace"},
                         {"replacement", kSymbol},
                         {"prepend_scheme", scheme},
                         {"split", options.split_at_spaces}};
  return rules;
}

HfTextRules HfRulesOf(const WordPieceOptions& options) {
  return {.normalizer = {{"type", "BertNormalizer"},
                         {"clean_text", options.clean_text},
                         {"handle_chinese_chars", options.split_chinese},
                         {"strip_accents", options.strip_accents},
                         {"lowercase", options.lowercase}},
          .pre_tokenizer = {{"type", "BertPreTokenizer"}},
          .decoder = {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}};
}

}  // namespace cambium
