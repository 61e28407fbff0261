// SPDX-License-Identifier: Apache-2.0
// Assembles English text from templates. A template is plain text with
//   [a|b|c]   one of the alternatives, drawn uniformly; they nest, and may be empty
//   {name}    a slot, filled by the SlotSource
//   ^         the next letter is a capital
// Appending looks after the seams: "a" before a vowel sound becomes "an", the first letter of a
// sentence or of quoted speech becomes a capital, doubled spaces, spaces before , . ! ? and commas
// before . ! ? vanish. After `!" ` or `?" ` the next word stays as it is (a speech tag may follow):
// use ^ for a new sentence there. ASCII only. Not thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "text/corpus/corpus_random.h"

namespace cambium {

class TextBuilder;

class SlotSource {
 public:
  virtual ~SlotSource() = default;
  // Appends what `slot` (the text between the braces) stands for.
  virtual void AppendSlot(std::string_view slot, TextBuilder& out) = 0;
};

// Slots {0}, {1}, ... from a list.
class ListSlots : public SlotSource {
 public:
  explicit ListSlots(std::span<const std::string_view> values) : values_(values) {}
  void AppendSlot(std::string_view slot, TextBuilder& out) override;

 private:
  std::span<const std::string_view> values_;
};

class TextBuilder {
 public:
  explicit TextBuilder(CorpusRandom& random) : random_(random) {}

  void Expand(std::string_view pattern, SlotSource& slots);
  // Expand with slots {0}, {1}, ...; the values are copied as they are.
  void Expand(std::string_view pattern, std::initializer_list<std::string_view> values = {});
  // A space, if there is text on this line already, then Expand.
  void Sentence(std::string_view pattern, SlotSource& slots);
  void Sentence(std::string_view pattern, std::initializer_list<std::string_view> values = {});
  void NewLine();
  void Append(std::string_view piece);

  const std::string& text() const { return text_; }
  std::string Take() { return std::move(text_); }
  CorpusRandom& random() { return random_; }

 private:
  bool AtSentenceStart() const;

  CorpusRandom& random_;
  std::string text_;
  bool force_capital_ = false;
};

// True if the word is spoken with a vowel at its start ("an owl", "an hour", "a unicorn").
bool StartsWithVowelSound(std::string_view word);
std::string Capitalised(std::string_view text);
// "a", "a and b", "a, b and c".
std::string JoinList(std::span<const std::string> items);
// "zero" ... "twenty"; digits above.
std::string NumberWord(int n);

}  // namespace cambium
