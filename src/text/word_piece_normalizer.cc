// SPDX-License-Identifier: Apache-2.0
#include "text/word_piece_normalizer.h"

#include <algorithm>
#include <cstdint>

#include "text/jinja/unicode.h"
#include "text/utf8_chars.h"
#include "text/utf8_repair.h"
#include "text/word_piece_tables.h"

namespace cambium {
namespace {

bool InRanges(const CharRange* ranges, size_t size, char32_t c) {
  const CharRange* end = ranges + size;
  const CharRange* it = std::upper_bound(
      ranges, end, c, [](char32_t value, const CharRange& range) { return value < range.first; });
  return it != ranges && c <= (it - 1)->last;
}

bool IsDropped(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  return c == 0 || c == 0xfffd || InRanges(kOther, kOtherSize, c);
}

bool IsPunctuation(char32_t c) {
  if (c < 128) return c > ' ' && c < 127 && !jinja::IsAlnum(c);  // symbols such as $ and ^ too
  return InRanges(kPunctuation, kPunctuationSize, c);
}

// The blocks that BERT names. (Its last but one ends at 0x2CEAF and should begin at 0x2B820;
// Hugging Face begins at 0x2B920, and vocabularies are made with that.)
bool IsChinese(char32_t c) {
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) ||
         (c >= 0x20000 && c <= 0x2a6df) || (c >= 0x2a700 && c <= 0x2b73f) ||
         (c >= 0x2b740 && c <= 0x2b81f) || (c >= 0x2b920 && c <= 0x2ceaf) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

// Calls fn for the characters of c's canonical decomposition that are no nonspacing marks.
template <typename Fn>
void ForEachBase(char32_t c, const Fn& fn) {
  if (c < 0xc0) {
    fn(c);
    return;
  }
  if (c >= 0xac00 && c <= 0xd7a3) {  // Hangul syllables (Unicode 14, section 3.12)
    const char32_t index = c - 0xac00;
    fn(0x1100 + index / 588);
    fn(0x1161 + index % 588 / 28);
    if (index % 28 != 0) fn(0x11a7 + index % 28);
    return;
  }
  if (InRanges(kNonspacingMarks, kNonspacingMarksSize, c)) return;
  const CharParts* end = kBases + kBasesSize;
  const CharParts* it = std::lower_bound(
      kBases, end, c, [](const CharParts& parts, char32_t value) { return parts.code < value; });
  if (it == end || it->code != c) {
    fn(c);
    return;
  }
  for (const char32_t part : it->parts) {
    if (part != 0) fn(part);
  }
}

class Words {
 public:
  Words(const WordPieceOptions& options, const std::function<void(std::string_view)>& fn)
      : options_(options), fn_(fn) {}

  void Add(char32_t c) {
    if (options_.clean_text && IsDropped(c)) return;
    if (IsWhiteSpace(c)) {
      Flush();
      return;
    }
    if (options_.split_chinese && IsChinese(c)) {
      Flush();
      AddBase(c);
      Flush();
      return;
    }
    AddBase(c);
  }
  void Flush() {
    if (!word_.empty()) fn_(word_);
    word_.clear();
  }

 private:
  void AddBase(char32_t c) {
    if (options_.strip_accents) {
      ForEachBase(c, [&](char32_t part) { AddCase(part); });
    } else {
      AddCase(c);
    }
  }
  void AddCase(char32_t c) {
    if (!options_.lowercase) {
      Append(c);
    } else if (c < 128) {
      Append(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    } else {
      std::string upper;
      std::string lower;
      jinja::AppendChar(upper, c);
      size_t offset = 0;
      jinja::AppendLowerAt(lower, upper, &offset);
      for (size_t i = 0; i < lower.size();) {
        const size_t size = Utf8CharBytes(lower[i]);
        Append(DecodeUtf8Char(std::string_view(lower).substr(i, size)));
        i += size;
      }
    }
  }
  void Append(char32_t c) {
    if (IsPunctuation(c)) {
      Flush();
      jinja::AppendChar(word_, c);
      Flush();
    } else {
      jinja::AppendChar(word_, c);
    }
  }

  const WordPieceOptions& options_;
  const std::function<void(std::string_view)>& fn_;
  std::string word_;
};

}  // namespace

void ForEachWord(std::string_view text, const WordPieceOptions& options,
                 const std::function<void(std::string_view)>& fn) {
  Words words(options, fn);
  while (!text.empty()) {
    const size_t good = ValidUtf8PrefixBytes(text);
    for (size_t i = 0; i < good;) {
      const size_t size = Utf8CharBytes(text[i]);
      words.Add(DecodeUtf8Char(text.substr(i, size)));
      i += size;
    }
    text.remove_prefix(good);
    if (text.empty()) break;
    words.Add(0xfffd);
    text.remove_prefix(1);
  }
  words.Flush();
}

}  // namespace cambium
