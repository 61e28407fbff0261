// SPDX-License-Identifier: Apache-2.0
// Vocabularies and hyper-parameters in GGUF files that parse and mean trouble: arrays of the wrong
// type (llama.cpp reads "scores" of bytes as floats), byte tokens such as "<0x-1>" (llama.cpp
// #25969, #27226), sizes that do not agree, tokens that take quadratic time, block_count 0
// (CVE-2024-8063, -2025-0312). Each must be a typed error, or harmless, within a second and 64 MiB.
#include <gtest/gtest.h>

#include <limits>

#include "base/philox.h"
#include "formats/gguf.h"
#include "formats/gguf_hyper_parameters.h"
#include "formats/gguf_test_file.h"

namespace cambium {
namespace {

using enum GgufValueType;

void ExpectWithinLimits(const Attempt& result, const std::string& what) {
  EXPECT_LT(result.seconds, kMaxHostileSeconds) << what;
  EXPECT_LT(result.allocated_bytes, kMaxHostileBytes) << what;
}

void ExpectCorrupt(const std::string& bytes, const std::string& part_of_message) {
  const Attempt result = TryGguf(bytes);
  ExpectWithinLimits(result, part_of_message);
  ASSERT_TRUE(result.error) << "accepted; expected: " << part_of_message;
  EXPECT_EQ(*result.error, ErrorCode::kCorruptData) << result.message;
  EXPECT_NE(result.message.find(part_of_message), std::string::npos) << result.message;
}

// The file `valid` with another value for one key.
std::string WithKey(const std::string& valid, std::string_view key, const std::string& value) {
  const GgufFile file({reinterpret_cast<const uint8_t*>(valid.data()), valid.size()}, "valid");
  bool is_there = false;
  for (const GgufValue& old : file.values()) is_there |= old.key == key;
  GgufBytes bytes = GgufHeader(0, file.values().size() + (is_there ? 0 : 1));
  for (const GgufValue& old : file.values()) {
    bytes.String(old.key);
    if (old.key == key) {
      bytes.Raw(value);
      continue;
    }
    bytes.Type(old.type);
    if (old.is_array()) bytes.Type(old.element_type).Put<uint64_t>(old.count);
    bytes.Raw({reinterpret_cast<const char*>(old.bytes.data()), old.bytes.size()});
  }
  if (!is_there) bytes.String(key).Raw(value);
  return bytes.bytes();
}

// One value of every type, and arrays of each of 0, 1 and 300 elements, all zeros.
std::vector<std::string> ValuesOfEveryType() {
  std::vector<std::string> values;
  for (const uint32_t type : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 10u, 11u, 12u}) {
    const uint64_t size = GgufValueBytes(static_cast<GgufValueType>(type));
    values.push_back(GgufBytes().Put(type).Raw(std::string(size, '\0')).bytes());
    for (const uint64_t count : {0, 1, 300}) {
      values.push_back(GgufBytes()
                           .Type(kArray)
                           .Put(type)
                           .Put<uint64_t>(count)
                           .Raw(std::string(size * count, '\0'))
                           .bytes());
    }
  }
  return values;
}

TEST(GgufHostileTokenizer, TheValidFilesAreAccepted) {
  for (const std::string& valid : {ValidSentencePieceGguf(), ValidWordPieceGguf()}) {
    const Attempt result = TryGguf(valid);
    EXPECT_FALSE(result.error) << result.message;
  }
}

TEST(GgufHostileTokenizer, EveryKeyWithEveryType) {
  for (const std::string& valid : {ValidGguf(), ValidSentencePieceGguf(), ValidWordPieceGguf()}) {
    const GgufFile file({reinterpret_cast<const uint8_t*>(valid.data()), valid.size()}, "valid");
    if (!file.tensors().empty()) continue;  // WithKey writes metadata only
    for (const GgufValue& value : file.values()) {
      const std::string key(value.key);
      for (const std::string& other : ValuesOfEveryType()) {
        const Attempt result = TryGguf(WithKey(valid, key, other));
        ExpectWithinLimits(result, key);
        // An array where a scalar stood, or the other way round, is never taken for it.
        const bool is_array = other.starts_with(GgufBytes().Type(kArray).bytes());
        if (is_array != value.is_array()) {
          EXPECT_TRUE(result.error) << key;
        }
      }
    }
  }
}

TEST(GgufHostileTokenizer, ArraysOfTheWrongElements) {
  const std::string valid = ValidSentencePieceGguf();
  const auto array = [](GgufValueType type, uint64_t count) {
    return GgufBytes()
        .Type(kArray)
        .Type(type)
        .Put<uint64_t>(count)
        .Raw(std::string(count * GgufValueBytes(type), '\1'))
        .bytes();
  };
  for (const GgufValueType type : {kUint8, kInt8, kInt16, kInt32, kFloat64, kBool, kUint64}) {
    ExpectCorrupt(WithKey(valid, "tokenizer.ggml.scores", array(type, 266)), "array of f32");
  }
  ExpectCorrupt(WithKey(valid, "tokenizer.ggml.scores", array(kFloat32, 265)), "265 scores");
  ExpectCorrupt(WithKey(valid, "tokenizer.ggml.scores", array(kFloat32, 267)), "267 scores");
  ExpectCorrupt(WithKey(valid, "tokenizer.ggml.token_type", array(kFloat32, 266)), "integers");
  ExpectCorrupt(WithKey(valid, "tokenizer.ggml.token_type", array(kInt8, 265)), "token types");
  ExpectCorrupt(WithKey(valid, "tokenizer.ggml.tokens", array(kInt32, 266)), "strings");
  ExpectCorrupt(WithKey(valid, "cambium.tokenizer.strip_right", array(kInt32, 266)), "tokenizer");
  ExpectCorrupt(WithKey(valid, "cambium.tokenizer.strip_right", array(kInt32, 10000)), "10000");
  GgufBytes scores;
  scores.Type(kArray).Type(kFloat32).Put<uint64_t>(266);
  for (int i = 0; i < 266; ++i) scores.Put(std::numeric_limits<float>::quiet_NaN());
  ExpectCorrupt(WithKey(valid, "tokenizer.ggml.scores", scores.bytes()), "not a number");
}

TEST(GgufHostileTokenizer, Ids) {
  for (const char* key : {"bos_token_id", "eos_token_id", "unknown_token_id", "padding_token_id",
                          "eot_token_id", "eom_token_id"}) {
    const std::string full = std::string("tokenizer.ggml.") + key;
    for (const uint32_t id : {266u, 1u << 31, UINT32_MAX}) {
      ExpectCorrupt(
          WithKey(ValidSentencePieceGguf(), full, GgufBytes().Type(kUint32).Put(id).bytes()), key);
    }
    ExpectCorrupt(
        WithKey(ValidSentencePieceGguf(), full, GgufBytes().Type(kInt32).Put<int32_t>(-1).bytes()),
        key);
    ExpectCorrupt(WithKey(ValidSentencePieceGguf(), full,
                          GgufBytes().Type(kUint64).Put<uint64_t>(uint64_t{1} << 32).bytes()),
                  key);
  }
}

// A "llama" vocabulary of these words and types.
std::string Vocabulary(const std::vector<std::string>& words, const std::vector<int32_t>& types) {
  GgufBytes file = GgufHeader(0, types.empty() ? 3 : 4);
  file.String("tokenizer.ggml.model").Type(kString).String("llama");
  file.String("tokenizer.ggml.tokens").Type(kArray).Type(kString).Put<uint64_t>(words.size());
  for (const std::string& word : words) file.String(word);
  file.String("tokenizer.ggml.scores").Type(kArray).Type(kFloat32).Put<uint64_t>(words.size());
  for (size_t i = 0; i < words.size(); ++i) file.Put(-static_cast<float>(i));
  if (!types.empty()) {
    file.String("tokenizer.ggml.token_type").Type(kArray).Type(kInt32);
    file.Put<uint64_t>(types.size());
    for (const int32_t type : types) file.Put(type);
  }
  return file.bytes();
}

TEST(GgufHostileTokenizer, ByteTokens) {
  for (const char* word : {"<0x-1>", "<0xZZ>", "<0x100>", "<0x1>", "<0x>", "<0x+1>", "<0x 1>",
                           "<0xff>", "", "a", "<0x41", "0x41>>>"}) {
    ExpectCorrupt(Vocabulary({"<unk>", "<s>", "</s>", word}, {2, 3, 3, 6}), "is the byte");
  }
  std::vector<std::string> words = {"<unk>", "<s>", "</s>"};
  std::vector<int32_t> types = {2, 3, 3};
  for (int i = 0; i < 257; ++i) {
    words.push_back(fmt::format("<0x{:02X}>", i % 256));
    types.push_back(6);
  }
  ExpectCorrupt(Vocabulary(words, types), "are both '<0x00>'");
  // By name, where the file has no types.
  words.pop_back();
  EXPECT_FALSE(TryGguf(Vocabulary(words, {})).error);
}

TEST(GgufHostileTokenizer, TokensThatAreNoText) {
  ExpectCorrupt(Vocabulary({"<unk>", "<s>", "</s>", "\xff\xfe"}, {2, 3, 3, 1}), "UTF-8");
  ExpectCorrupt(Vocabulary({"<unk>", "<s>", "</s>", ""}, {2, 3, 3, 1}), "empty");
  ExpectCorrupt(Vocabulary({"<unk>", "", "</s>", "a"}, {2, 3, 3, 1}), "empty");
  const std::string nul("a\0b", 3);
  EXPECT_FALSE(TryGguf(Vocabulary({"<unk>", "<s>", "</s>", nul}, {2, 3, 3, 1})).error);
  EXPECT_FALSE(TryGguf(Vocabulary({"<unk>", "<s>", "</s>", "\xff"}, {2, 3, 3, 3})).error);
}

TEST(GgufHostileTokenizer, TokensThatTakeTime) {
  ExpectCorrupt(Vocabulary({"<unk>", "<s>", "</s>", std::string(1 << 20, 'a')}, {2, 3, 3, 1}),
                "bytes");
  // As long as they may be, all in one chain of merges.
  std::vector<std::string> words = {"<unk>", "<s>", "</s>"};
  std::vector<int32_t> types = {2, 3, 3};
  for (size_t size = 1; size <= 1024; size += size < 512 ? 1 : 2) {
    words.emplace_back(size, 'a');
    types.push_back(1);
  }
  ExpectWithinLimits(TryGguf(Vocabulary(words, types)), "chain");
}

TEST(GgufHostileTokenizer, TruncatedAndFlipped) {
  for (const std::string& valid : {ValidSentencePieceGguf(), ValidWordPieceGguf()}) {
    for (size_t size = 0; size < valid.size(); ++size) {
      const Attempt result = TryGguf(valid.substr(0, size));
      ASSERT_TRUE(result.error) << "accepted when cut to " << size;
      ExpectWithinLimits(result, "cut");
    }
    const Philox random(2, RandomPurpose::kTest);
    for (uint64_t trial = 0; trial < 3000; ++trial) {
      std::string broken = valid;
      const uint64_t flips = 1 + random.Below(4, trial, 0);
      for (uint64_t flip = 0; flip < flips; ++flip) {
        const uint64_t bit = random.Below(8 * valid.size(), trial, 1 + flip);
        broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << (bit % 8)));
      }
      ExpectWithinLimits(TryGguf(broken), "flipped");
    }
  }
}

TEST(GgufHostileModel, HyperParameters) {
  const char* const counts[] = {"block_count", "context_length", "embedding_length",
                                "feed_forward_length", "attention.head_count"};
  // skip: left out; bad: the value of this key instead.
  const auto read = [&](const char* skip, const char* bad, const std::string& bad_value) {
    GgufBytes file = GgufHeader(0, skip == nullptr ? 7 : 6);
    file.String("general.architecture").Type(kString).String("llama");
    for (const char* name : counts) {
      if (skip != nullptr && std::string_view(name) == skip) continue;
      file.String(std::string("llama.") + name);
      if (bad != nullptr && std::string_view(name) == bad) {
        file.Raw(bad_value);
      } else {
        file.Type(kUint32).Put<uint32_t>(64);
      }
    }
    file.String("llama.attention.layer_norm_rms_epsilon").Type(kFloat32).Put(1e-5f);
    const std::string& bytes = file.bytes();
    const GgufFile parsed({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "x");
    const uint64_t before = AllocatedBytes();
    try {
      (void)ReadGgufHyperParameters(parsed);
      ADD_FAILURE() << (skip != nullptr ? skip : bad) << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptData) << error.what();
    }
    EXPECT_LT(AllocatedBytes() - before, uint64_t{1} << 20);
  };
  for (const char* name : counts) {
    read(name, nullptr, "");
    read(nullptr, name, GgufBytes().Type(kUint32).Put<uint32_t>(0).bytes());
    read(nullptr, name, GgufBytes().Type(kInt32).Put<int32_t>(-1).bytes());
    read(nullptr, name, GgufBytes().Type(kUint64).Put<uint64_t>(UINT64_MAX).bytes());
    read(nullptr, name, GgufBytes().Type(kFloat32).Put(64.0f).bytes());
    read(nullptr, name, GgufBytes().Type(kString).String("64").bytes());
  }
}

}  // namespace
}  // namespace cambium
