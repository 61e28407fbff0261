// SPDX-License-Identifier: Apache-2.0
#include "text/pre_tokenizer.h"

#include <cstdint>
#include <span>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/check.h"
#include "base/error.h"
#include "text/pre_tokenizer_ascii.h"
#include "text/pre_tokenizer_patterns.h"
#include "text/utf8_repair.h"

namespace cambium {
namespace {

// The same pattern with \s and \S written out as the White_Space property: PCRE2's own \s is ASCII
// only, and with UCP it takes U+180E in, which Unicode took out in 6.3.
std::string WithExplicitWhiteSpace(std::string_view pattern) {
  constexpr const char* kSpaces =
      R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
  std::string result;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char escaped = pattern[++i];
      if (escaped == 's') {
        result += in_class ? std::string(kSpaces) : fmt::format("[{}]", kSpaces);
      } else if (escaped == 'S') {
        CHECK(!in_class);
        result += fmt::format("[^{}]", kSpaces);
      } else {
        result += c;
        result += escaped;
      }
      continue;
    }
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    result += c;
  }
  return result;
}

struct Stage {
  pcre2_code* code = nullptr;
  bool has_jit = false;
};

Stage CompileStage(std::string_view pattern) {
  const std::string source = WithExplicitWhiteSpace(pattern);
  int error = 0;
  PCRE2_SIZE offset = 0;
  Stage stage;
  stage.code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(source.data()), source.size(), PCRE2_UTF,
                             &error, &offset, nullptr);
  if (stage.code == nullptr) {
    PCRE2_UCHAR message[256] = {};
    pcre2_get_error_message(error, message, sizeof(message));
    Fail(ErrorCode::kInternal,
         "PCRE2 refused the pattern {} at {}: {} (is the library built with "
         "Unicode support?)",
         source, offset, reinterpret_cast<const char*>(message));
  }
  // Without JIT (a hardened kernel, an odd CPU) matching is slower, with the same result.
  stage.has_jit = pcre2_jit_compile(stage.code, PCRE2_JIT_COMPLETE) == 0;
  return stage;
}

// What one call of PreTokenizer::Run needs from PCRE2; made at the first match that needs it.
class MatchScratch {
 public:
  MatchScratch() = default;
  ~MatchScratch() {
    pcre2_match_data_free(data_);
    pcre2_match_context_free(context_);
  }
  MatchScratch(const MatchScratch&) = delete;
  MatchScratch& operator=(const MatchScratch&) = delete;

  struct Span {
    size_t begin, end;
  };
  // The first match at or after pos, or {size, size}.
  Span Match(const Stage& stage, std::string_view text, size_t pos) {
    if (data_ == nullptr) {
      data_ = pcre2_match_data_create(1, nullptr);
      context_ = pcre2_match_context_create(nullptr);
      if (data_ == nullptr || context_ == nullptr) throw std::bad_alloc();
      // The default limits are against patterns that somebody else wrote; ours backtrack at most
      // once over what they matched.
      pcre2_set_match_limit(context_, UINT32_MAX);
      pcre2_set_depth_limit(context_, UINT32_MAX);
    }
    const auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    int status = PCRE2_ERROR_JIT_STACKLIMIT;
    if (stage.has_jit) {
      status = pcre2_jit_match(stage.code, subject, text.size(), pos, PCRE2_NO_UTF_CHECK, data_,
                               context_);
    }
    if (status == PCRE2_ERROR_JIT_STACKLIMIT) {
      status = pcre2_match(stage.code, subject, text.size(), pos, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                           data_, context_);
    }
    if (status == PCRE2_ERROR_NOMATCH) return {text.size(), text.size()};
    if (status < 0) {
      PCRE2_UCHAR message[256] = {};
      pcre2_get_error_message(status, message, sizeof(message));
      Fail(ErrorCode::kResourceExhausted, "matching a piece of {} bytes of text: PCRE2: {}",
           text.size() - pos, reinterpret_cast<const char*>(message));
    }
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data_);
    CHECK(bounds[1] > bounds[0]);
    return {bounds[0], bounds[1]};
  }

 private:
  pcre2_match_data* data_ = nullptr;
  pcre2_match_context* context_ = nullptr;
};

// Bytes at pos of which none begins a well-formed character.
size_t IllFormedLength(std::string_view text, size_t pos) {
  size_t i = pos;
  while (i < text.size() && ValidUtf8PrefixBytes(text.substr(i, 4)) == 0) ++i;
  return i - pos;
}

template <typename Emit>
void CutStretch(std::span<const Stage> stages, AsciiMatcher ascii, std::string_view text,
                MatchScratch& scratch, const Emit& emit) {
  const auto pass_on = [&](std::string_view piece) {
    if (stages.size() == 1) {
      emit(piece);
    } else {
      CutStretch(stages.subspan(1), nullptr, piece, scratch, emit);
    }
  };
  size_t pos = 0;
  while (pos < text.size()) {
    if (ascii != nullptr) {
      if (const size_t size = ascii(text, pos)) {
        pass_on(text.substr(pos, size));
        pos += size;
        continue;
      }
    }
    const auto [begin, end] = scratch.Match(stages[0], text, pos);
    if (begin > pos) pass_on(text.substr(pos, begin - pos));
    if (end > begin) pass_on(text.substr(begin, end - begin));
    pos = end;
  }
}

template <typename Emit>
void CutText(std::span<const Stage> stages, AsciiMatcher ascii, std::string_view text,
             const Emit& emit) {
  MatchScratch scratch;
  size_t pos = 0;
  while (pos < text.size()) {
    const size_t good = ValidUtf8PrefixBytes(text.substr(pos));
    CutStretch(stages, ascii, text.substr(pos, good), scratch, emit);
    pos += good;
    const size_t bad = IllFormedLength(text, pos);
    if (bad > 0) emit(text.substr(pos, bad));
    pos += bad;
  }
}

bool IsAsciiLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

struct PreTokenizer::Impl {
  std::vector<Stage> stages;
  AsciiMatcher ascii = nullptr;

  ~Impl() {
    for (const Stage& stage : stages) pcre2_code_free(stage.code);
  }
};

PreTokenizer::PreTokenizer(std::string_view name) : name_(name) {
  const PreTokenizerPatterns& patterns = PatternsOf(name);
  auto impl = std::make_unique<Impl>();
  for (const std::string_view pattern : patterns.stages) {
    impl->stages.push_back(CompileStage(pattern));
  }
  impl->ascii = patterns.ascii;
  impl_ = std::move(impl);
}

PreTokenizer::~PreTokenizer() = default;
PreTokenizer::PreTokenizer(PreTokenizer&&) noexcept = default;
PreTokenizer& PreTokenizer::operator=(PreTokenizer&&) noexcept = default;

std::vector<std::string> PreTokenizer::Names() { return PreTokenizerNames(); }

bool PreTokenizer::IsKnown(std::string_view name) { return FindPatterns(name) != nullptr; }

std::vector<std::string> PreTokenizer::Patterns(std::string_view name) {
  const PreTokenizerPatterns& patterns = PatternsOf(name);
  return {patterns.stages.begin(), patterns.stages.end()};
}

bool PreTokenizer::IgnoresMerges(std::string_view name) { return PatternsOf(name).ignores_merges; }

bool PreTokenizer::AddsBos(std::string_view name) {
  const PreTokenizerPatterns* patterns = FindPatterns(name);
  return patterns != nullptr && patterns->adds_bos;
}

void PreTokenizer::Run(std::string_view text, Sink sink) const {
  CutText(impl_->stages, impl_->ascii, text, sink);
}

std::vector<std::string_view> PreTokenizer::Split(std::string_view text) const {
  std::vector<std::string_view> pieces;
  ForEachPiece(text, [&](std::string_view piece) { pieces.push_back(piece); });
  return pieces;
}

std::vector<std::string_view> PreTokenizer::SplitByRegexOnly(std::string_view text) const {
  std::vector<std::string_view> pieces;
  CutText(impl_->stages, nullptr, text, [&](std::string_view piece) { pieces.push_back(piece); });
  return pieces;
}

size_t FindSafeCut(std::string_view text, size_t at_least) {
  for (size_t p = at_least == 0 ? 1 : at_least; p + 1 < text.size(); ++p) {
    if (text[p] == ' ' && IsAsciiLetter(text[p - 1]) && IsAsciiLetter(text[p + 1])) return p;
  }
  return text.size();
}

}  // namespace cambium
