// SPDX-License-Identifier: Apache-2.0
#include "text/corpus/text_builder.h"

#include <array>

#include "base/check.h"

namespace cambium {
namespace {

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
char Upper(char c) { return IsLower(c) ? static_cast<char>(c - 'a' + 'A') : c; }
bool IsSpace(char c) { return c == ' ' || c == '\n'; }
bool EndsSentence(char c) { return c == '.' || c == '!' || c == '?'; }

// True if the text ends in the article "a " or "A ".
bool EndsInArticle(std::string_view text) {
  const size_t n = text.size();
  if (n < 2 || text[n - 1] != ' ' || (text[n - 2] != 'a' && text[n - 2] != 'A')) return false;
  return n == 2 || IsSpace(text[n - 3]) || text[n - 3] == '"';
}

}  // namespace

bool StartsWithVowelSound(std::string_view word) {
  for (const std::string_view silent : {"hour", "honest"}) {
    if (word.starts_with(silent)) return true;
  }
  for (const std::string_view spoken : {"uni", "use", "one", "once", "euro"}) {
    if (word.starts_with(spoken)) return false;
  }
  if (word.starts_with("8") || word == "11" || word == "18") return true;
  return !word.empty() && std::string_view("aeiouAEIOU").find(word[0]) != std::string_view::npos;
}

void ListSlots::AppendSlot(std::string_view slot, TextBuilder& out) {
  CHECK(slot.size() == 1 && slot[0] >= '0' && slot[0] <= '9');
  const size_t i = static_cast<size_t>(slot[0] - '0');
  CHECK(i < values_.size());
  out.Append(values_[i]);
}

bool TextBuilder::AtSentenceStart() const {
  const size_t n = text_.size();
  if (n == 0 || text_[n - 1] == '\n') return true;
  if (text_[n - 1] == '"') return n == 1 || IsSpace(text_[n - 2]);
  if (text_[n - 1] != ' ' || n < 2) return false;
  if (EndsSentence(text_[n - 2])) return true;
  return n >= 3 && text_[n - 2] == '"' && text_[n - 3] == '.';
}

void TextBuilder::Append(std::string_view piece) {
  if (piece.empty()) return;
  if (piece[0] == ' ' && (text_.empty() || IsSpace(text_.back()))) piece.remove_prefix(1);
  if (piece.empty()) return;
  const char first = piece[0];
  if ((first == ',' || EndsSentence(first)) && !text_.empty() && text_.back() == ' ') {
    text_.pop_back();
  }
  if (EndsSentence(first) && !text_.empty() && text_.back() == ',') text_.pop_back();
  if (EndsInArticle(text_) && StartsWithVowelSound(piece)) text_.insert(text_.size() - 1, 1, 'n');
  const bool capital = force_capital_ || AtSentenceStart();
  const size_t start = text_.size();
  text_ += piece;
  if (!capital) return;
  const size_t letter = start + (first == '"' ? 1 : 0);
  force_capital_ = false;
  if (letter < text_.size()) text_[letter] = Upper(text_[letter]);
}

void TextBuilder::Expand(std::string_view pattern, SlotSource& slots) {
  size_t i = 0;
  while (i < pattern.size()) {
    const char c = pattern[i];
    if (c == '{') {
      const size_t end = pattern.find('}', i);
      CHECK(end != std::string_view::npos);
      slots.AppendSlot(pattern.substr(i + 1, end - i - 1), *this);
      i = end + 1;
    } else if (c == '[') {
      std::array<size_t, 33> bounds;  // alternative k is (bounds[k], bounds[k + 1]) without the bar
      size_t num_bounds = 0;
      bounds[num_bounds++] = i;
      int depth = 0;
      size_t j = i;
      for (;; ++j) {
        CHECK(j < pattern.size());
        if (pattern[j] == '[') ++depth;
        if (pattern[j] == ']' && --depth == 0) break;
        if (pattern[j] == '|' && depth == 1) {
          CHECK(num_bounds + 1 < bounds.size());
          bounds[num_bounds++] = j;
        }
      }
      bounds[num_bounds] = j;
      const size_t k = random_.Below(static_cast<uint32_t>(num_bounds));
      Expand(pattern.substr(bounds[k] + 1, bounds[k + 1] - bounds[k] - 1), slots);
      i = j + 1;
    } else if (c == '^') {
      force_capital_ = true;
      ++i;
    } else {
      size_t j = i + 1;
      while (j < pattern.size() && pattern[j] != '{' && pattern[j] != '[' && pattern[j] != '^') ++j;
      Append(pattern.substr(i, j - i));
      i = j;
    }
  }
}

void TextBuilder::Expand(std::string_view pattern, std::initializer_list<std::string_view> values) {
  ListSlots slots(std::span<const std::string_view>(values.begin(), values.size()));
  Expand(pattern, slots);
}

void TextBuilder::Sentence(std::string_view pattern, SlotSource& slots) {
  if (!text_.empty() && !IsSpace(text_.back())) text_ += ' ';
  Expand(pattern, slots);
}

void TextBuilder::Sentence(std::string_view pattern,
                           std::initializer_list<std::string_view> values) {
  ListSlots slots(std::span<const std::string_view>(values.begin(), values.size()));
  Sentence(pattern, slots);
}

void TextBuilder::NewLine() {
  while (!text_.empty() && IsSpace(text_.back())) text_.pop_back();
  if (!text_.empty()) text_ += '\n';
}

std::string Capitalised(std::string_view text) {
  std::string result(text);
  if (!result.empty()) result[0] = Upper(result[0]);
  return result;
}

std::string JoinList(std::span<const std::string> items) {
  std::string result;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) result += i + 1 == items.size() ? " and " : ", ";
    result += items[i];
  }
  return result;
}

std::string NumberWord(int n) {
  static constexpr std::string_view kWords[] = {
      "zero",     "one",     "two",     "three",     "four",     "five",     "six",
      "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",   "thirteen",
      "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"};
  if (n >= 0 && n <= 20) return std::string(kWords[n]);
  return std::to_string(n);
}

}  // namespace cambium
