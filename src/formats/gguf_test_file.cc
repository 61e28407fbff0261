// SPDX-License-Identifier: Apache-2.0
#include "formats/gguf_test_file.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "formats/gguf.h"
#include "formats/gguf_hyper_parameters.h"
#include "formats/gguf_tokenizer.h"
#include "text/tokenizer.h"

namespace cambium {

GgufBytes GgufHeader(uint64_t num_tensors, uint64_t num_values, uint32_t version) {
  GgufBytes file;
  file.Raw("GGUF").Put(version).Put(num_tensors).Put(num_values);
  return file;
}

GgufBytes& PutTensor(GgufBytes* file, std::string_view name, const std::vector<uint64_t>& dims,
                     uint32_t type, uint64_t offset) {
  file->String(name).Put(static_cast<uint32_t>(dims.size()));
  for (const uint64_t dim : dims) file->Put(dim);
  return file->Put(type).Put(offset);
}

std::string ValidGguf(uint32_t version) {
  using enum GgufValueType;
  GgufBytes file = GgufHeader(3, 21, version);
  file.String("general.architecture").Type(kString).String("llama");
  file.String("general.alignment").Type(kUint32).Put<uint32_t>(32);
  file.String("u8").Type(kUint8).Put<uint8_t>(200);
  file.String("i8").Type(kInt8).Put<int8_t>(-100);
  file.String("u16").Type(kUint16).Put<uint16_t>(60000);
  file.String("i16").Type(kInt16).Put<int16_t>(-30000);
  file.String("i32").Type(kInt32).Put<int32_t>(-2000000000);
  file.String("f32").Type(kFloat32).Put(1.5f);
  file.String("bool").Type(kBool).Put<uint8_t>(1);
  file.String("u64").Type(kUint64).Put<uint64_t>(uint64_t{1} << 63);
  file.String("i64").Type(kInt64).Put<int64_t>(INT64_MIN);
  file.String("f64").Type(kFloat64).Put(0.25);
  file.String("i16s").Type(kArray).Type(kInt16).Put<uint64_t>(2).Put<int16_t>(-1).Put<int16_t>(7);
  file.String("f32s").Type(kArray).Type(kFloat32).Put<uint64_t>(2).Put(1.0f).Put(2.0f);
  file.String("none").Type(kArray).Type(kString).Put<uint64_t>(0);
  file.String("tokenizer.ggml.model").Type(kString).String("gpt2");
  file.String("tokenizer.ggml.tokens").Type(kArray).Type(kString).Put<uint64_t>(4);
  file.String("a").String("b").String("ab").String("<eos>");
  file.String("tokenizer.ggml.token_type").Type(kArray).Type(kInt32).Put<uint64_t>(4);
  file.Put<int32_t>(1).Put<int32_t>(1).Put<int32_t>(1).Put<int32_t>(3);
  file.String("tokenizer.ggml.merges").Type(kArray).Type(kString).Put<uint64_t>(1).String("a b");
  file.String("tokenizer.ggml.eos_token_id").Type(kUint32).Put<uint32_t>(3);
  file.String("tokenizer.ggml.pre").Type(kString).String("gpt-2");
  PutTensor(&file, "a.weight", {3, 2}, 0, 0);
  PutTensor(&file, "b.weight", {2}, 1, 32);
  PutTensor(&file, "c.weight", {2, 1, 1, 1}, 30, 64);
  file.Align(32);
  for (int i = 0; i < 6; ++i) file.Put(static_cast<float>(i));
  file.Align(32).Put<uint16_t>(0x3c00).Put<uint16_t>(0xc000);  // 1, -2
  file.Align(32).Put<uint16_t>(0x3f80).Put<uint16_t>(0xc000);  // 1, -2
  return file.bytes();
}

std::string ValidSentencePieceGguf() {
  using enum GgufValueType;
  const std::vector<std::string> words = {"<unk>", "<s>", "</s>",     "\u2581", "a",
                                          "b",     "ab",  "\u2581ab", "<user>", "a b"};
  constexpr int kBytes = 256;
  const uint64_t num_tokens = words.size() + kBytes;
  GgufBytes file = GgufHeader(0, 14);
  file.String("tokenizer.ggml.model").Type(kString).String("llama");
  file.String("tokenizer.ggml.tokens").Type(kArray).Type(kString).Put<uint64_t>(num_tokens);
  for (const std::string& word : words) file.String(word);
  for (int byte = 0; byte < kBytes; ++byte) file.String(fmt::format("<0x{:02X}>", byte));
  file.String("tokenizer.ggml.token_type").Type(kArray).Type(kInt32).Put<uint64_t>(num_tokens);
  for (const int32_t type : {2, 3, 3, 1, 1, 1, 1, 1, 4, 5}) file.Put<int32_t>(type);
  for (int byte = 0; byte < kBytes; ++byte) file.Put<int32_t>(6);
  file.String("tokenizer.ggml.scores").Type(kArray).Type(kFloat32).Put<uint64_t>(num_tokens);
  for (uint64_t i = 0; i < num_tokens; ++i) file.Put(-static_cast<float>(i));
  file.String("tokenizer.ggml.bos_token_id").Type(kUint32).Put<uint32_t>(1);
  file.String("tokenizer.ggml.eos_token_id").Type(kUint32).Put<uint32_t>(2);
  file.String("tokenizer.ggml.unknown_token_id").Type(kUint32).Put<uint32_t>(0);
  file.String("tokenizer.ggml.padding_token_id").Type(kUint32).Put<uint32_t>(2);
  file.String("tokenizer.ggml.add_bos_token").Type(kBool).Put<uint8_t>(1);
  file.String("tokenizer.ggml.add_eos_token").Type(kBool).Put<uint8_t>(0);
  file.String("tokenizer.ggml.add_space_prefix").Type(kBool).Put<uint8_t>(1);
  file.String("tokenizer.ggml.remove_extra_whitespaces").Type(kBool).Put<uint8_t>(0);
  file.String("cambium.tokenizer.strip_right").Type(kArray).Type(kInt32).Put<uint64_t>(1);
  file.Put<int32_t>(8);
  file.String("tokenizer.chat_template").Type(kString).String("{{ messages }}");
  return file.bytes();
}

std::string ValidWordPieceGguf() {
  using enum GgufValueType;
  const std::vector<std::string> words = {"[PAD]",   "[UNK]", "[CLS]",       "[SEP]",
                                          "\u2581a", "b",     "\u2581\u00e9"};
  GgufBytes file = GgufHeader(0, 7);
  file.String("tokenizer.ggml.model").Type(kString).String("bert");
  file.String("tokenizer.ggml.tokens").Type(kArray).Type(kString).Put<uint64_t>(words.size());
  for (const std::string& word : words) file.String(word);
  file.String("tokenizer.ggml.token_type").Type(kArray).Type(kInt32).Put<uint64_t>(words.size());
  for (const int32_t type : {3, 3, 3, 3, 1, 1, 1}) file.Put<int32_t>(type);
  file.String("tokenizer.ggml.unknown_token_id").Type(kUint32).Put<uint32_t>(1);
  file.String("tokenizer.ggml.cls_token_id").Type(kUint32).Put<uint32_t>(2);
  file.String("tokenizer.ggml.seperator_token_id").Type(kUint32).Put<uint32_t>(3);
  file.String("tokenizer.ggml.normalizer.lowercase").Type(kBool).Put<uint8_t>(1);
  return file.bytes();
}

Attempt TryGguf(const std::string& bytes) {
  // Its own allocation, so that nothing lies behind the last byte.
  const std::unique_ptr<uint8_t[]> copy(new uint8_t[bytes.size()]);
  for (size_t i = 0; i < bytes.size(); ++i) copy[i] = static_cast<uint8_t>(bytes[i]);
  Attempt result;
  const auto attempt = [&](const std::function<void()>& read) {
    try {
      read();
    } catch (const Error& error) {
      if (!result.error) {
        result.error = error.code();
        result.message = error.what();
      }
    }
  };
  const double start = ThreadSeconds();
  const uint64_t allocated_before = AllocatedBytes();
  std::optional<GgufFile> file;
  attempt([&] { file.emplace(std::span(copy.get(), bytes.size()), "test.gguf"); });
  if (file) {
    // Errors of accessors of another type than the value's are expected: not the file's fault.
    const auto ignore_errors = [](const auto& read) {
      try {
        read();
      } catch (const Error&) {
      }
    };
    for (const GgufValue& value : file->values()) {
      (void)DescribeGgufValue(value);
      ignore_errors([&] { (void)file->GetUint(value.key); });
      ignore_errors([&] { (void)file->GetFloat(value.key); });
      ignore_errors([&] { (void)file->GetBool(value.key); });
      ignore_errors([&] { (void)file->GetString(value.key); });
      ignore_errors([&] { (void)file->GetStrings(value.key); });
      ignore_errors([&] { (void)file->GetInts(value.key); });
      ignore_errors([&] { (void)file->GetFloats(value.key); });
    }
    for (const GgufTensor& tensor : file->tensors()) {
      attempt([&] {
        (void)file->TensorBytes(tensor);  // an unknown type is refused before memory is taken
        std::vector<float> data(tensor.size);
        file->ReadTensor(tensor, data);
      });
    }
    ignore_errors([&] { (void)ReadGgufHyperParameters(*file); });
    attempt([&] {
      const Tokenizer tokenizer(ReadGgufTokenizer(*file));
      ignore_errors([&] {
        const std::string text = "ab a\u00e9\u65e5 <eos>\xff\n";
        const EncodeOptions options = {.parse_special = true, .allow_bos = true, .allow_eos = true};
        (void)tokenizer.Decode(tokenizer.Encode(text, options));
      });
    });
  }
  result.seconds = ThreadSeconds() - start;
  result.allocated_bytes = AllocatedBytes() - allocated_before;
  return result;
}

}  // namespace cambium
