// SPDX-License-Identifier: Apache-2.0
// GGUF files that parse and mean trouble, as whole models: every one is refused with a typed error
// or computes something, within a second and 64 MiB. Causes: block_count 0 or of the wrong type
// (CVE-2024-8063, CVE-2025-0317), layer counts above a fixed array (acestep.cpp #98), missing keys
// (CVE-2025-0312), sizes that only some tensors have, weights that are no numbers.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/hostile_models.h"

namespace cambium {
namespace {

using enum GgufValueType;

class HostileGguf : public testing::TestWithParam<const char*> {
 protected:
  HostileGguf() : folder_(std::string("hostile_gguf_") + GetParam()) {}

  Attempt TryFile(const std::string& bytes) { return TryModel(folder_.Write("x.gguf", bytes)); }
  void ExpectWithinLimits(const Attempt& attempt, const std::string& what) {
    EXPECT_TRUE(attempt.within_limits())
        << what << ": " << attempt.seconds << " s, " << attempt.allocated_bytes << " bytes, "
        << attempt.message;
    EXPECT_NE(attempt.error, ErrorCode::kInvalidArgument) << what << ": " << attempt.message;
  }

  ScratchFolder folder_;
};

// Values that some file has instead of the right one.
std::vector<std::string> Payloads() {
  std::vector<std::string> payloads;
  for (const uint32_t value :
       {0u, 1u, 2u, 3u, 5u, 33u, 4096u, 4097u, 1u << 20, (1u << 24) + 1, 1u << 31, UINT32_MAX}) {
    payloads.push_back(GgufBytes().Type(kUint32).Put(value).bytes());
  }
  payloads.push_back(GgufBytes().Type(kInt32).Put<int32_t>(-1).bytes());
  for (const uint64_t value : {uint64_t{1} << 40, uint64_t{1} << 63, UINT64_MAX}) {
    payloads.push_back(GgufBytes().Type(kUint64).Put(value).bytes());
  }
  for (const float value :
       {0.0f, -1.0f, 0.5f, 1e-45f, 1e38f, std::numeric_limits<float>::infinity(),
        std::numeric_limits<float>::quiet_NaN()}) {
    payloads.push_back(GgufBytes().Type(kFloat32).Put(value).bytes());
  }
  payloads.push_back(GgufBytes().Type(kFloat64).Put(1e300).bytes());
  payloads.push_back(GgufBytes().Type(kBool).Put<uint8_t>(0).bytes());
  payloads.push_back(GgufBytes().Type(kBool).Put<uint8_t>(1).bytes());
  for (const char* text : {"", "llama", "yarn", "longrope", "\xff"}) {
    payloads.push_back(GgufBytes().Type(kString).String(text).bytes());
  }
  for (const uint64_t count : {0, 1, 2}) {
    payloads.push_back(
        GgufBytes().Type(kArray).Type(kInt32).Put(count).Raw(std::string(4 * count, '\1')).bytes());
  }
  return payloads;
}

TEST_P(HostileGguf, EveryKeyMissingOrWithAnotherValue) {
  const GgufPieces valid(FixtureGguf(GetParam(), folder_));
  const Attempt whole = TryFile(valid.Join());
  ASSERT_FALSE(whole.error) << whole.message;
  const std::vector<std::string> payloads = Payloads();
  for (size_t i = 0; i < valid.values.size(); ++i) {
    const std::string& key = valid.values[i].key;
    GgufPieces broken = valid;
    broken.values.erase(broken.values.begin() + static_cast<ptrdiff_t>(i));
    ExpectWithinLimits(TryFile(broken.Join()), key + " missing");
    broken = valid;
    for (size_t other = 0; other < payloads.size(); ++other) {
      broken.values[i].payload = payloads[other];
      ExpectWithinLimits(TryFile(broken.Join()), fmt::format("{} with payload {}", key, other));
    }
  }
}

// Keys that a file of the family does not need to have.
TEST_P(HostileGguf, EveryOptionalKeyWithEveryValue) {
  GgufPieces broken(FixtureGguf(GetParam(), folder_));
  const std::string architecture = broken.values.at(0).payload.substr(12);  // type, length
  ASSERT_EQ(broken.values[0].key, "general.architecture");
  const std::vector<std::string> payloads = Payloads();
  for (const char* name :
       {"attention.key_length", "attention.value_length", "rope.dimension_count", "vocab_size",
        "attention.sliding_window", "attention.sliding_window_pattern", "expert_count",
        "expert_used_count", "expert_feed_forward_length", "rope.scaling.type",
        "rope.scaling.factor", "rope.scaling.original_context_length", "rope.freq_base_swa",
        "attn_logit_softcapping", "final_logit_softcapping", "attention.head_count_kv"}) {
    const std::string key = architecture + "." + name;
    bool is_there = false;
    for (const GgufPieces::Value& value : broken.values) is_there |= value.key == key;
    if (is_there) continue;  // the other test has it
    broken.values.push_back({key, ""});
    for (size_t other = 0; other < payloads.size(); ++other) {
      broken.values.back().payload = payloads[other];
      ExpectWithinLimits(TryFile(broken.Join()), fmt::format("{} with payload {}", key, other));
    }
    broken.values.pop_back();
  }
}

TEST_P(HostileGguf, EveryTensorMissingOrOfAnotherShapeOrType) {
  const GgufPieces valid(FixtureGguf(GetParam(), folder_));
  for (size_t i = 0; i < valid.tensors.size(); ++i) {
    const GgufPieces::Tensor& tensor = valid.tensors[i];
    const auto expect_error = [&](const auto& change, const std::string& what) {
      GgufPieces broken = valid;
      change(broken);
      const Attempt attempt = TryFile(broken.Join());
      ExpectWithinLimits(attempt, tensor.name + " " + what);
      // Without a head of its own, a model is one that uses the embedding; without factors, one
      // whose RoPE is not scaled.
      const bool optional = tensor.name == "output.weight" || tensor.name.starts_with("rope_");
      if (!optional || !what.starts_with("missing")) {
        EXPECT_TRUE(attempt.error) << tensor.name << " " << what;
      }
    };
    expect_error(
        [&](GgufPieces& p) { p.tensors.erase(p.tensors.begin() + static_cast<ptrdiff_t>(i)); },
        "missing");
    expect_error([&](GgufPieces& p) { p.tensors[i].name += "s"; }, "missing: renamed");
    for (size_t d = 0; d < tensor.dims.size(); ++d) {
      for (const uint64_t dim : {uint64_t{0}, uint64_t{1}, tensor.dims[d] - 1, tensor.dims[d] + 1,
                                 2 * tensor.dims[d], uint64_t{1} << 62}) {
        if (dim == tensor.dims[d]) continue;
        expect_error([&](GgufPieces& p) { p.tensors[i].dims[d] = dim; },
                     fmt::format("with dimension {} = {}", d, dim));
      }
    }
    if (tensor.dims.size() < 4) {
      expect_error([&](GgufPieces& p) { p.tensors[i].dims.push_back(1); },
                   "with one more dimension");
    }
    for (const uint32_t type : {4u, 24u, 25u, 26u, 27u, 28u, 31u, 99u, UINT32_MAX}) {
      expect_error([&](GgufPieces& p) { p.tensors[i].type = type; },
                   fmt::format("of type {}", type));
    }
  }
}

// Every weight the same pattern of bits: NaN, infinity, the largest number, denormals.
TEST_P(HostileGguf, WeightsThatAreNoNumbers) {
  const GgufPieces valid(FixtureGguf(GetParam(), folder_));
  for (const uint32_t bits : {0xffffffffu, 0x7f800000u, 0x7f7fffffu, 0x00000001u, 0x80000000u}) {
    GgufBytes data;
    for (size_t i = 0; i < valid.data.size() / 4; ++i) data.Put(bits);
    GgufPieces broken = valid;
    broken.data = data.bytes();
    const Attempt attempt = TryFile(broken.Join());
    ExpectWithinLimits(attempt, fmt::format("weights of {:#x}", bits));
    EXPECT_TRUE(!attempt.error || *attempt.error == ErrorCode::kInternal ||
                *attempt.error == ErrorCode::kCorruptData)
        << attempt.message;
  }
}

std::string FamilyName(const testing::TestParamInfo<const char*>& param) { return param.param; }
INSTANTIATE_TEST_SUITE_P(Families, HostileGguf, testing::ValuesIn(FixtureFamilies()), FamilyName);

}  // namespace
}  // namespace cambium
