// SPDX-License-Identifier: Apache-2.0
#include "text/pre_tokenizer_patterns.h"

#include <algorithm>

#include "base/error.h"

namespace cambium {
namespace {

// The pieces that the patterns share. Contractions in any case are spelled out rather than
// (?i:...), whose meaning beyond ASCII differs between engines.
#define CAMBIUM_ANY_CASE_CONTRACTION R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]))"
#define CAMBIUM_GPT2 R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"
#define CAMBIUM_CL100K_WORDS(numbers) \
  R"([^\r\n\p{L}\p{N}]?\p{L}+|)" numbers R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"
#define CAMBIUM_CL100K(numbers) CAMBIUM_ANY_CASE_CONTRACTION "|" CAMBIUM_CL100K_WORDS(numbers)
#define CAMBIUM_UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define CAMBIUM_LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
#define CAMBIUM_O200K(contraction, numbers)                                            \
  R"([^\r\n\p{L}\p{N}]?)" CAMBIUM_UPPER "*" CAMBIUM_LOWER "+" contraction              \
  R"(|[^\r\n\p{L}\p{N}]?)" CAMBIUM_UPPER "+" CAMBIUM_LOWER "*" contraction "|" numbers \
  R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"

constexpr std::string_view kGpt2 = CAMBIUM_GPT2;
constexpr std::string_view kCl100k = CAMBIUM_CL100K(R"(\p{N}{1,3})");
constexpr std::string_view kQwen2 = CAMBIUM_CL100K(R"(\p{N})");
constexpr std::string_view kQwen35 = CAMBIUM_ANY_CASE_CONTRACTION
    R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kO200k =
    CAMBIUM_O200K(CAMBIUM_ANY_CASE_CONTRACTION "?", R"(\p{N}{1,3})");
constexpr std::string_view kO200kOneDigit =
    CAMBIUM_O200K(CAMBIUM_ANY_CASE_CONTRACTION "?", R"(\p{N})");
constexpr std::string_view kTekken = CAMBIUM_O200K("", R"(\p{N})");
constexpr std::string_view kDeepSeek3Words =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
    R"(| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// Letters of the scripts that DeepSeek's first models name one by one.
constexpr std::string_view kDeepSeekLetters =
    R"(\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕ)"
    R"(Ἐ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤ)"
    R"(Ⳬ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+)";
constexpr std::string_view kHan = "[一-龥ࠀ-一가-퟿]+";
constexpr std::string_view kHanKana = "[一-龥぀-ゟ゠-ヿ]+";
constexpr std::string_view kBloom = R"( ?[^(\s|.,!?…。，、।۔،)]+)";
constexpr std::string_view kDigit = R"(\p{N})";
constexpr std::string_view kThreeDigits = "[0-9][0-9][0-9]";

// Names and meanings as in llama.cpp's src/llama-vocab.cpp; where it approximates a class that its
// own matcher lacks (gpt-4o, tekken), the original of the model's tokenizer.json stands here.
const std::vector<PreTokenizerPatterns>& Table() {
  static const std::vector<PreTokenizerPatterns> table = {
      {"default",
       {R"([\p{P}\$\+<=>\^~\|]+)", kGpt2, R"(\p{N}+)", kThreeDigits},
       nullptr,
       false,
       false,
       {}},
      {"gpt-2",
       {kGpt2},
       &MatchAsciiGpt2,
       false,
       false,
       {"mpt", "olmo", "phi-2", "jais", "trillion", "granite-docling", "jina-es", "jina-de",
        "jina-v2-es", "jina-v2-de", "jina-v1-en", "jina-v2-code", "roberta-bpe", "gigachat",
        "a.x-4.0", "mellum", "modern-bert", "exaone4"}},
      {"llama-bpe",
       {kCl100k},
       &MatchAsciiLlamaBpe,
       true,
       true,
       {"llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
        "jina-v5-nano"}},
      {"dbrx", {kCl100k}, &MatchAsciiLlamaBpe, false, false, {"smaug-bpe", "glm4", "chatglm-bpe"}},
      {"qwen2",
       {kQwen2},
       &MatchAsciiQwen2,
       false,
       false,
       {"stablelm2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez", "hunyuan", "solar-open",
        "grok-2"}},
      {"qwen35", {kQwen35}, nullptr, false, false, {}},
      {"gpt-4o", {kO200k}, nullptr, false, false, {"llama4", "kanana2", "talkie", "minimax-m2"}},
      {"granite-embed-multi-97m", {kO200k}, nullptr, true, false, {}},
      {"tekken", {kTekken}, nullptr, true, true, {}},
      {"falcon", {R"([\p{P}\$\+<=>\^~\|`]+)", kGpt2, kThreeDigits}, nullptr, false, false, {}},
      {"starcoder",
       {kDigit, kGpt2},
       nullptr,
       false,
       false,
       {"refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2"}},
      {"deepseek-llm",
       {R"([\r\n])", kDeepSeekLetters, R"(\s?[!-/:-~！-／：-～‘-‟　-。]+)", R"(\s+$)", kHan,
        R"(\p{N}+)"},
       nullptr,
       false,
       false,
       {}},
      {"deepseek-coder",
       {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", kHan, kDigit},
       nullptr,
       false,
       false,
       {}},
      {"deepseek-v3",
       {R"(\p{N}{1,3})", kHanKana, kDeepSeek3Words},
       nullptr,
       false,
       false,
       {"hunyuan-dense", "joyai-llm", "hy_v4"}},
      {"youtu",
       {R"([가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+)",
        kO200kOneDigit},
       nullptr,
       true,
       false,
       {}},
      {"bloom", {kBloom}, nullptr, false, false, {"poro-chat", "gpt3-finnish"}},
      {"viking", {kBloom, kDigit}, nullptr, false, false, {}},
      {"bailingmoe",
       {R"('(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
        R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)"},
       nullptr,
       false,
       false,
       {"bailingmoe2", "llada-moe"}},
      {"seed-coder",
       {CAMBIUM_ANY_CASE_CONTRACTION R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1})"
                                     R"(| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)"},
       nullptr,
       false,
       false,
       {}},
      {"ufakzeka", {CAMBIUM_CL100K_WORDS(R"(\p{N})")}, nullptr, false, false, {}},
      {"minicpm5", {R"(\p{N}{1,3})", CAMBIUM_CL100K(R"(\p{N}+)")}, nullptr, true, false, {}},
  };
  return table;
}

}  // namespace

const PreTokenizerPatterns* FindPatterns(std::string_view name) {
  for (const PreTokenizerPatterns& patterns : Table()) {
    if (name == patterns.name || std::ranges::count(patterns.other_names, name) > 0) {
      return &patterns;
    }
  }
  return nullptr;
}

const PreTokenizerPatterns& PatternsOf(std::string_view name) {
  if (const PreTokenizerPatterns* patterns = FindPatterns(name)) return *patterns;
  std::string known;
  for (const PreTokenizerPatterns& patterns : Table()) {
    known += fmt::format("{}{}", known.empty() ? "" : ", ", patterns.name);
    for (const std::string_view other : patterns.other_names) known += fmt::format(", {}", other);
  }
  Fail(ErrorCode::kUnsupported, "pre-tokenizer \"{}\" is not known; known: {}", name, known);
}

std::vector<std::string> PreTokenizerNames() {
  std::vector<std::string> names;
  for (const PreTokenizerPatterns& patterns : Table()) names.emplace_back(patterns.name);
  return names;
}

}  // namespace cambium
