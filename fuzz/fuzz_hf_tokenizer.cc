// SPDX-License-Identifier: Apache-2.0
// tokenizer.json: parsing, building, encoding and decoding, writing again.
#include "base/error.h"
#include "formats/hf_tokenizer.h"
#include "fuzz/fuzz_target.h"
#include "text/tokenizer.h"

namespace cambium {
namespace {

constexpr const char* kEnd = R"(,"vocab":{"<unk>":0,"\u2581":1,"a":2,"b":3,"ab":4,"\u2581ab":5,)"
                             R"("<0x0A>":6},"merges":["a b",["\u2581","ab"]]}})";

}  // namespace

std::vector<std::string> FuzzSeeds() {
  return {
      R"({"added_tokens":[{"id":7,"content":"<s>","special":true,"rstrip":true,"lstrip":false}],)"
      R"("normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"\u2581"},)"
      R"({"type":"Replace","pattern":{"String":" "},"content":"\u2581"}]},"pre_tokenizer":null,)"
      R"("post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},)"
      R"({"Sequence":{"id":"A"}}]},"decoder":{"type":"Sequence","decoders":[{"type":"Fuse"}]},)"
      R"("model":{"type":"BPE","unk_token":"<unk>","byte_fallback":true,"fuse_unk":true)" +
          std::string(kEnd),
      R"({"pre_tokenizer":{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"first",)"
      R"("split":false},"model":{"type":"BPE","unk_token":"<unk>")" +
          std::string(kEnd),
      R"({"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"type":"BPE")" +
          std::string(kEnd),
      R"({"normalizer":{"type":"BertNormalizer","lowercase":true},)"
      R"("pre_tokenizer":{"type":"BertPreTokenizer"},"model":{"type":"WordPiece",)"
      R"("unk_token":"[UNK]","vocab":{"[UNK]":0,"a":1,"##b":2,"##c":3}}})"};
}

std::vector<std::string> FuzzWords() {
  return {"\"type\":\"Sequence\"",
          "\"Split\"",
          "\"pattern\":{\"Regex\":\"a\"}",
          "null",
          "true",
          "\"normalizers\":[",
          "\"Digits\"",
          "\"Punctuation\"",
          "-1",
          "[",
          "{",
          "4294967296",
          "\\u2581",
          "\"merges\":[",
          "\"lstrip\":true"};
}

void FuzzOne(const std::string& input) {
  const TokenizerData data = ParseHfTokenizer(input, "fuzz");
  const Tokenizer tokenizer(data);
  try {
    const std::string text =
        "ab  a\u00e9 <s>\n\xff\u2581"
        "b";
    (void)tokenizer.Decode(
        tokenizer.Encode(text, {.parse_special = true, .allow_bos = true, .allow_eos = true}));
  } catch (const Error&) {  // a vocabulary may lack characters
  }
  (void)ToHfTokenizer(data);
}

}  // namespace cambium
