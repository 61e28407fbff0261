// SPDX-License-Identifier: Apache-2.0
// Pre-tokenizers: cut text into the pieces ("words") that BPE merges inside of, by the regular
// expressions that GGUF names in `tokenizer.ggml.pre`. The pieces in order are the text, byte for
// byte, for any bytes.
//
// Bytes that are not well-formed UTF-8: the text is cut at them; every maximal run of such bytes is
// one piece, and the well-formed stretches between are matched each as if it were a whole text.
//
// Letters, numbers and punctuation are what the PCRE2 library at hand knows of Unicode (10.40:
// Unicode 14, 10.42: 15): characters assigned later can be cut differently there. White space is
// the fixed White_Space property, written out in the patterns. Case-insensitive contractions are
// those of ASCII, as in llama.cpp: U+017F after an apostrophe is not an "s".
//
// A pattern may have several stages: each cuts the pieces of the one before, and what a stage does
// not match stays a piece. Immutable and thread-safe after construction.
// Sources: GPT-2's encoder, tiktoken's cl100k_base and o200k_base, llama.cpp's table of names.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cambium {

class PreTokenizer {
 public:
  // Throws kUnsupported for a name that is not known.
  explicit PreTokenizer(std::string_view name);
  ~PreTokenizer();
  PreTokenizer(PreTokenizer&&) noexcept;
  PreTokenizer& operator=(PreTokenizer&&) noexcept;

  // One name per way of cutting; IsKnown knows the other names of some too.
  static std::vector<std::string> Names();
  static bool IsKnown(std::string_view name);
  // The expressions of a known name, one per stage, in the syntax that PCRE2, Oniguruma and Rust's
  // fancy-regex share (what a Hugging Face file holds).
  static std::vector<std::string> Patterns(std::string_view name);
  // True where the reference looks a whole piece up among the tokens before it merges.
  static bool IgnoresMerges(std::string_view name);
  // True where a GGUF file that does not say so means that text begins with a bos token.
  static bool AddsBos(std::string_view name);

  const std::string& name() const { return name_; }

  // Calls fn(std::string_view piece) for every piece in order. The pieces are never empty.
  template <typename Fn>
  void ForEachPiece(std::string_view text, Fn&& fn) const {
    Run(text, Sink{&fn, [](void* f, std::string_view piece) {
                     (*static_cast<std::remove_reference_t<Fn>*>(f))(piece);
                   }});
  }

  std::vector<std::string_view> Split(std::string_view text) const;

  // The same pieces by regular expressions alone, without the hand-written ASCII matcher: the
  // reference of the tests.
  std::vector<std::string_view> SplitByRegexOnly(std::string_view text) const;

 private:
  struct Sink {
    void* target;
    void (*call)(void* target, std::string_view piece);
    void operator()(std::string_view piece) const { call(target, piece); }
  };
  struct Impl;

  void Run(std::string_view text, Sink sink) const;

  std::string name_;
  std::unique_ptr<const Impl> impl_;
};

// The first position p >= at_least where `text` may be cut without changing any piece, or
// text.size(). It is before a space between two ASCII letters: no pattern has a letter followed by
// a space in one piece, none looks behind, and the only look-ahead is after white space.
size_t FindSafeCut(std::string_view text, size_t at_least);

}  // namespace cambium
