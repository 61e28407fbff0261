// SPDX-License-Identifier: Apache-2.0
// A GGUF model of three kilobytes, cut at every byte and with every byte replaced, loaded and run;
// and counts that are more than its bytes could hold.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/philox.h"
#include "tests/hostile_models.h"

namespace cambium {
namespace {

using enum GgufValueType;

class HostileTinyGguf : public testing::Test {
 protected:
  HostileTinyGguf() : folder_("hostile_tiny"), valid_(TinyGguf(folder_)) {}

  Attempt TryFile(const std::string& bytes) {
    const Attempt attempt = TryModel(folder_.Write("x.gguf", bytes));
    EXPECT_TRUE(attempt.within_limits())
        << attempt.seconds << " s, " << attempt.allocated_bytes << " bytes, " << attempt.message;
    return attempt;
  }

  ScratchFolder folder_;
  const std::string valid_;
};

TEST_F(HostileTinyGguf, CutAtEveryByte) {
  const Attempt whole = TryFile(valid_);
  ASSERT_FALSE(whole.error) << whole.message;
  // What is behind the last tensor is padding.
  const GgufPieces pieces(valid_);
  const uint64_t last = pieces.data.size() - pieces.tensors.back().offset;
  ASSERT_LE(last, 64u);
  for (size_t size = 0; size < valid_.size() - last; ++size) {
    const Attempt attempt = TryFile(valid_.substr(0, size));
    ASSERT_EQ(attempt.error, ErrorCode::kCorruptData) << size << " bytes: " << attempt.message;
  }
}

TEST_F(HostileTinyGguf, EveryByteReplaced) {
  for (size_t i = 0; i < valid_.size(); ++i) {
    const auto old = static_cast<uint8_t>(valid_[i]);
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff, old ^ 1, old ^ 0x20, old + 1}) {
      std::string broken = valid_;
      broken[i] = static_cast<char>(value);
      (void)TryFile(broken);
    }
  }
}

TEST_F(HostileTinyGguf, RandomBitsFlipped) {
  const Philox random(1, RandomPurpose::kTest);
  for (uint64_t trial = 0; trial < 3000; ++trial) {
    std::string broken = valid_;
    for (uint64_t flip = 0; flip < 2 + trial % 5; ++flip) {
      const uint64_t bit = random.Below(8 * valid_.size(), trial, flip);
      broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << (bit % 8)));
    }
    (void)TryFile(broken);
  }
}

TEST_F(HostileTinyGguf, CountsAboveTheBytesOfTheFile) {
  struct Case {
    const char* key;
    std::vector<uint64_t> bad;
  };
  const std::vector<Case> cases = {
      {"block_count", {0, 2, 33, 4096, 4097, uint64_t{1} << 31, uint64_t{1} << 32}},
      {"embedding_length", {0, 1, 3, 4, uint64_t{1} << 20, uint64_t{1} << 31}},
      {"feed_forward_length", {0, 1, 3, 4, uint64_t{1} << 20, uint64_t{1} << 31}},
      {"attention.head_count", {0, 2, 3, uint64_t{1} << 20, uint64_t{1} << 31}},
      {"attention.head_count_kv", {0, 2, 3, uint64_t{1} << 20, uint64_t{1} << 31}},
      {"context_length", {0, uint64_t{1} << 31, uint64_t{1} << 63}},
      {"expert_count", {1, 2, 4096, 4097, uint64_t{1} << 31}},
      {"vocab_size", {0, 3, 5, (uint64_t{1} << 31) - 1, uint64_t{1} << 31}},
  };
  for (const Case& c : cases) {
    GgufPieces broken(valid_);
    const std::string key = std::string("llama.") + c.key;
    auto found = std::ranges::find(broken.values, key, &GgufPieces::Value::key);
    if (found == broken.values.end()) found = broken.values.insert(found, {key, ""});
    for (const uint64_t count : c.bad) {
      found->payload = GgufBytes().Type(kUint64).Put(count).bytes();
      const Attempt attempt = TryFile(broken.Join());
      EXPECT_TRUE(attempt.error == ErrorCode::kCorruptData ||
                  attempt.error == ErrorCode::kUnsupported)
          << key << " = " << count << ": " << attempt.message;
    }
  }
}

// As much as a mebibyte can hold of what makes loading slow.
TEST_F(HostileTinyGguf, AMebibyteOfLayersAndExperts) {
  for (const auto& [layers, experts] : {std::pair<uint32_t, uint32_t>{4096, 0}, {3, 4096}}) {
    GgufPieces broken(valid_);
    for (const auto& [name, count] :
         {std::pair("llama.block_count", layers), std::pair("llama.expert_count", experts),
          std::pair("llama.expert_used_count", experts)}) {
      const std::string payload = GgufBytes().Type(kUint32).Put(count).bytes();
      auto found = std::ranges::find(broken.values, name, &GgufPieces::Value::key);
      if (found == broken.values.end()) found = broken.values.insert(found, {name, ""});
      found->payload = payload;
    }
    broken.tensors.push_back({"filler", {1 << 18}, 0, broken.data.size()});
    broken.data += std::string(size_t{1} << 20, '\0');
    EXPECT_EQ(TryFile(broken.Join()).error, ErrorCode::kCorruptData) << layers << " " << experts;
  }
}

}  // namespace
}  // namespace cambium
