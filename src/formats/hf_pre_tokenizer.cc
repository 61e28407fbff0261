// SPDX-License-Identifier: Apache-2.0
#include "formats/hf_pre_tokenizer.h"

#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "formats/quote.h"
#include "text/pre_tokenizer.h"

namespace cambium {
namespace {

constexpr const char* kGpt2 = "gpt-2";
constexpr const char* kFalcon = "falcon";
constexpr int kMaxDepth = 8;  // of Sequences
// Above every pattern that has a name; bringing one into the common form takes quadratic time.
constexpr size_t kMaxPatternBytes = 4096;

std::string StringAt(const SortedJson& node, const char* key) {
  const auto it = node.find(key);
  return it != node.end() && it->is_string() ? it->get<std::string>() : std::string();
}

bool BoolAt(const SortedJson& node, const char* key, bool fallback) {
  const auto it = node.find(key);
  return it != node.end() && it->is_boolean() ? it->get<bool>() : fallback;
}

void ReplaceAll(std::string_view from, std::string_view to, std::string* text) {
  for (size_t pos = text->find(from); pos != std::string::npos;
       pos = text->find(from, pos + to.size())) {
    text->replace(pos, from.size(), to);
  }
}

// The spellings that files have of the patterns of PreTokenizer::Patterns.
std::string Canonical(std::string pattern) {
  constexpr std::string_view kContraction =
      "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
  const std::pair<std::string_view, std::string_view> rules[] = {
      {"\r", "\\r"},
      {"\n", "\\n"},
      {"(?i:'s|'t|'re|'ve|'m|'ll|'d)", kContraction},
      {"'(?i:[sdmt]|ll|ve|re)", kContraction},
      // Possessive before something disjoint: the same as greedy.
      {"?+\\p{L}", "?\\p{L}"},
      {"++[\\r\\n]", "+[\\r\\n]"},
  };
  for (const auto& [from, to] : rules) ReplaceAll(from, to, &pattern);
  return pattern;
}

class StageReader {
 public:
  explicit StageReader(const std::string& source_name) : source_name_(source_name) {}

  void Read(const SortedJson& node, int depth) {
    const std::string type = node.is_object() ? StringAt(node, "type") : std::string();
    if (type == "Sequence") {
      const auto parts = node.find("pretokenizers");
      if (parts == node.end() || !parts->is_array() || depth == kMaxDepth) {
        Fail(ErrorCode::kCorruptData, "{}: pre_tokenizer: a Sequence without a list, or too deep",
             source_name_);
      }
      for (const auto& part : *parts) Read(part, depth + 1);
    } else if (type == "ByteLevel") {
      if (BoolAt(node, "add_prefix_space", true)) {
        Refuse("add_prefix_space changes the text; set it to false if the model allows it");
      }
      has_byte_level_ = true;
      if (BoolAt(node, "use_regex", true)) {
        stages_.push_back(PreTokenizer::Patterns(kGpt2).front());
      }
    } else if (type == "Digits") {
      stages_.push_back(BoolAt(node, "individual_digits", false) ? R"(\p{N})" : R"(\p{N}+)");
    } else if (type == "Punctuation") {
      ReadPunctuation(node);
    } else if (type == "Split") {
      ReadSplit(node);
    } else {
      Refuse(fmt::format("type {}", Quote(type)));
    }
  }

  bool has_byte_level() const { return has_byte_level_; }
  const std::vector<std::string>& stages() const { return stages_; }

  [[noreturn]] void Refuse(const std::string& what) const {
    Fail(ErrorCode::kUnsupported,
         "{}: pre_tokenizer: {}; byte-level BPE as GGUF names it is what "
         "can be used",
         source_name_, what);
  }

 private:
  void ReadPunctuation(const SortedJson& node) {
    const std::string behavior = StringAt(node, "behavior");
    if (behavior != "Contiguous") Refuse(fmt::format("Punctuation that is {}", Quote(behavior)));
    stages_.push_back(PreTokenizer::Patterns(kFalcon).front());
  }

  void ReadSplit(const SortedJson& node) {
    const auto pattern = node.find("pattern");
    const std::string regex =
        pattern != node.end() && pattern->is_object() ? StringAt(*pattern, "Regex") : std::string();
    if (regex.empty()) Refuse("a Split without a regular expression");
    if (regex.size() > kMaxPatternBytes) Refuse("a Split with a very long regular expression");
    // "Removed" and inverted keeps the matches alone, which is the same where all text matches, as
    // it does with every pattern that has a name.
    const std::string behavior = StringAt(node, "behavior");
    const bool invert = BoolAt(node, "invert", false);
    if (!(behavior == "Isolated" && !invert) && !(behavior == "Removed" && invert)) {
      Refuse(fmt::format("a Split that is {}{}", Quote(behavior), invert ? ", inverted" : ""));
    }
    stages_.push_back(Canonical(regex));
  }

  const std::string& source_name_;
  std::vector<std::string> stages_;
  bool has_byte_level_ = false;
};

}  // namespace

std::string ParseHfPreTokenizer(const SortedJson& node, bool ignore_merges,
                                const std::string& source_name) {
  StageReader reader(source_name);
  reader.Read(node, 0);
  if (!reader.has_byte_level()) reader.Refuse("no ByteLevel");
  if (reader.stages().empty()) return {};
  for (const std::string& name : PreTokenizer::Names()) {
    if (PreTokenizer::Patterns(name) == reader.stages() &&
        PreTokenizer::IgnoresMerges(name) == ignore_merges) {
      return name;
    }
  }
  // Falcon's file parts a number from the space before it, which GGUF's name does not say; its
  // vocabulary has no token with both.
  std::vector<std::string> falcon = PreTokenizer::Patterns(kFalcon);
  falcon.insert(falcon.end() - 1, R"(\p{N}+)");
  if (reader.stages() == falcon && !ignore_merges) return kFalcon;
  std::string stages;
  for (const std::string& stage : reader.stages()) stages += " " + Quote(stage);
  reader.Refuse(
      fmt::format("no known name for the patterns{} with ignore_merges {}", stages, ignore_merges));
}

Json HfPreTokenizerToJson(const std::string& name) {
  Json byte_level = {{"type", "ByteLevel"},
                     {"add_prefix_space", false},
                     {"trim_offsets", true},
                     {"use_regex", false}};
  if (name.empty()) return byte_level;
  std::vector<std::string> patterns = PreTokenizer::Patterns(name);
  if (patterns.back() == PreTokenizer::Patterns(kGpt2).front()) {
    // ByteLevel has this one built in.
    byte_level["use_regex"] = true;
    patterns.pop_back();
  }
  if (patterns.empty()) return byte_level;
  Json parts = Json::array();
  for (const std::string& pattern : patterns) {
    parts.push_back({{"type", "Split"},
                     {"pattern", {{"Regex", pattern}}},
                     {"behavior", "Isolated"},
                     {"invert", false}});
  }
  parts.push_back(std::move(byte_level));
  return {{"type", "Sequence"}, {"pretokenizers", std::move(parts)}};
}

}  // namespace cambium
