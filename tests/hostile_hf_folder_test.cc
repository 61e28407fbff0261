// SPDX-License-Identifier: Apache-2.0
// Hugging Face folders that mean trouble: configurations with every member wrong, weights said to
// be outside of the folder (path traversal, CVE-2024-37032 and others), pipes and devices in the
// place of files (CVE-2024-39721), objects that take quadratic time. Each is refused with a typed
// error, or is a model that runs, within a second and 64 MiB.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "formats/hf_folder.h"
#include "formats/hf_tokenizer.h"
#include "tests/hostile_models.h"
#include "text/tokenizer_data.h"

namespace cambium {
namespace {

class HostileHfFolder : public testing::TestWithParam<const char*> {
 protected:
  HostileHfFolder() : folder_(std::string("hostile_hf_") + GetParam()) {
    for (const char* name : {"config.json", "model.safetensors", "tokenizer.json"}) {
      std::filesystem::copy(FixtureFolder(GetParam()) / name, folder_.path() / name);
    }
  }

  // Whether the folder as it is now can be used.
  Attempt TryFolder(const std::string& what) {
    const Attempt attempt = TryModel(folder_.path());
    EXPECT_TRUE(attempt.within_limits())
        << what << ": " << attempt.seconds << " s, " << attempt.allocated_bytes << " bytes, "
        << attempt.message;
    EXPECT_NE(attempt.error, ErrorCode::kInvalidArgument) << what << ": " << attempt.message;
    return attempt;
  }
  void ExpectRefused(const std::string& what) {
    EXPECT_TRUE(TryFolder(what).error) << what << " was accepted";
  }

  ScratchFolder folder_;
};

class HostileHfFile : public HostileHfFolder {};

std::vector<Json> Replacements() {
  return {nullptr,
          -1,
          0,
          1,
          2,
          3,
          1.5,
          -0.5,
          1e-45,
          1e300,
          uint64_t{1} << 20,
          uint64_t{1} << 31,
          uint64_t{1} << 63,
          "x",
          "",
          true,
          false,
          Json::array(),
          Json::array({1, 2}),
          Json::object(),
          {{"rope_type", "yarn"}, {"factor", 4}},
          Json::array({Json::object()})};
}

// Calls fn(node) for the value and all values in it; fn may change the node and has to restore it.
void ForEveryNode(Json& node, const std::function<void(Json&)>& fn) {
  fn(node);
  if (!node.is_structured()) return;
  for (Json& child : node) ForEveryNode(child, fn);
}

TEST_P(HostileHfFolder, EveryMemberOfTheConfigurationMissingOrWithAnotherValue) {
  ASSERT_FALSE(TryFolder("the valid one").error) << TryFolder("").message;
  Json config = Json::parse(ReadFile(folder_.path() / "config.json"));
  const std::vector<Json> replacements = Replacements();
  ForEveryNode(config, [&](Json& node) {
    const Json saved = node;
    for (const Json& value : replacements) {
      node = value;
      folder_.Write("config.json", config.dump());
      (void)TryFolder(fmt::format("{} for {}", value.dump(), saved.dump()));
    }
    node = saved;
    if (!node.is_object()) return;
    for (const auto& [key, value] : saved.items()) {
      node.erase(key);
      folder_.Write("config.json", config.dump());
      (void)TryFolder("without " + key);
      node = saved;
    }
  });
}

std::string FamilyName(const testing::TestParamInfo<const char*>& param) { return param.param; }
INSTANTIATE_TEST_SUITE_P(Families, HostileHfFolder, testing::ValuesIn(FixtureFamilies()),
                         FamilyName);
INSTANTIATE_TEST_SUITE_P(Llama, HostileHfFile, testing::Values("llama"), FamilyName);

TEST_P(HostileHfFile, ConfigurationsAndSettingsCutAndReplacedAtEveryByte) {
  folder_.Write("generation_config.json", R"({"eos_token_id":[3,4],"bos_token_id":1})");
  folder_.Write(
      "tokenizer_config.json",
      R"({"eos_token":{"content":"a"},"chat_template":[{"name":"default","template":""}]})");
  folder_.Write("model.safetensors.index.json", R"({"weight_map":{"a":"model2.safetensors"}})");
  std::filesystem::copy(folder_.path() / "model.safetensors",
                        folder_.path() / "model2.safetensors");
  ASSERT_FALSE(TryFolder("the valid one").error);
  for (const char* name : {"config.json", "generation_config.json", "tokenizer_config.json",
                           "model.safetensors.index.json"}) {
    // Then weights are where the index says.
    const bool is_index = std::string_view(name).ends_with("index.json");
    if (is_index) std::filesystem::remove(folder_.path() / "model.safetensors");
    const std::string valid = ReadFile(folder_.path() / name);
    const size_t end = valid.find_last_of('}');
    for (size_t i = 0; i <= end; ++i) {
      folder_.Write(name, valid.substr(0, i));
      ExpectRefused(fmt::format("{} cut to {}", name, i));
      for (const char c : {'\0', '"', '{', ']', '9', '-', '\xff', ','}) {
        std::string broken = valid;
        broken[i] = c;
        folder_.Write(name, broken);
        (void)TryFolder(fmt::format("{} with {:#x} at {}", name, static_cast<uint8_t>(c), i));
      }
    }
    folder_.Write(name, valid);
  }
}

TEST_P(HostileHfFile, IdsThatNoTokenHas) {
  const Json valid = Json::parse(ReadFile(folder_.path() / "config.json"));
  for (const char* key : {"bos_token_id", "eos_token_id"}) {
    for (const Json& id : std::vector<Json>{
             256, 1 << 30, INT32_MAX, uint64_t{1} << 31, -1, -2, 1.0, "2", {999999}}) {
      Json broken = valid;
      broken[key] = id;
      folder_.Write("config.json", broken.dump());
      ExpectRefused(fmt::format("{} = {}", key, id.dump()));
    }
  }
}

TEST_P(HostileHfFile, WeightsOutsideOfTheFolder) {
  std::filesystem::create_directory(folder_.path() / "sub");
  std::filesystem::rename(folder_.path() / "model.safetensors",
                          folder_.path() / "sub/model.safetensors");
  const auto with_index = [&](const Json& index) {
    folder_.Write("model.safetensors.index.json", index.dump());
    return TryFolder(index.dump());
  };
  const std::string zero("model.safetensors\0.safetensors", 30);
  for (const Json& name : std::vector<Json>{"sub/model.safetensors",
                                            "../model.safetensors",
                                            "/etc/passwd",
                                            "/proc/self/mem.safetensors",
                                            "..\\model.safetensors",
                                            "sub/../sub/model.safetensors",
                                            "..",
                                            "",
                                            ".safetensors",
                                            zero,
                                            7,
                                            nullptr,
                                            {"a"},
                                            "missing.safetensors",
                                            "config.json",
                                            std::string(5000, 'x') + ".safetensors"}) {
    const Attempt attempt = with_index({{"weight_map", {{"a", name}}}});
    EXPECT_TRUE(attempt.error) << name;
    EXPECT_LT(attempt.message.size(), 1000u) << attempt.message.substr(0, 1000);
  }
  for (const Json& map :
       std::vector<Json>{nullptr, 7, "a", Json::array({"a.safetensors"}), Json::object()}) {
    EXPECT_EQ(with_index({{"weight_map", map}}).error, ErrorCode::kCorruptData) << map;
  }
  Json many = Json::object();
  for (int i = 0; i < 2000; ++i) many[fmt::format("t{}", i)] = fmt::format("{}.safetensors", i);
  EXPECT_EQ(with_index({{"weight_map", many}}).error, ErrorCode::kCorruptData);
}

// Neither waits for a writer, nor reads without end.
TEST_P(HostileHfFile, PipesDevicesAndFoldersInPlaceOfFiles) {
  for (const char* name :
       {"config.json", "tokenizer.json", "model.safetensors", "tokenizer_config.json",
        "generation_config.json", "chat_template.jinja"}) {
    const std::filesystem::path path = folder_.path() / name;
    const std::filesystem::path saved = folder_.path() / "saved";
    const bool is_there = std::filesystem::exists(path);
    if (is_there) std::filesystem::rename(path, saved);
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    ExpectRefused(std::string("a pipe as ") + name);
    std::filesystem::remove(path);
    for (const char* device : {"/dev/zero", "/dev/urandom", "/dev/null", "."}) {
      std::filesystem::create_symlink(device, path);
      ExpectRefused(fmt::format("{} as {}", device, name));
      std::filesystem::remove(path);
    }
    if (is_there) std::filesystem::rename(saved, path);
  }
  ASSERT_FALSE(TryFolder("all in place").error);
}

TEST_P(HostileHfFile, AMebibyteOfMembers) {
  const std::string config = ReadFile(folder_.path() / "config.json");
  const std::string inside = config.substr(0, config.find_last_of('}'));
  std::string members, list;
  for (int i = 0; members.size() < (size_t{1} << 20); ++i) {
    members += fmt::format(",\"{:x}\":0", i);
    list += ",0";
  }
  const std::string nested = std::string(1 << 19, '[') + std::string(1 << 19, ']');
  folder_.Write("config.json", inside + members + "}");
  (void)TryFolder("members of config.json");
  folder_.Write("config.json", inside + ",\"layer_types\":[0" + list + "]}");
  (void)TryFolder("a list in config.json");
  folder_.Write("config.json", inside + ",\"a\":" + nested + "}");
  ExpectRefused("deep nesting in config.json");
  folder_.Write("config.json", inside + ",\"rope_parameters\":" + "{\"rope_type\":\"longrope\"" +
                                   ",\"short_factor\":[1" + list + "],\"long_factor\":[1]}}");
  ExpectRefused("factors");
  folder_.Write("config.json", config);
  for (const char* name : {"generation_config.json", "tokenizer_config.json"}) {
    folder_.Write(name, "{\"eos_token_id\":[0" + list + "]" + members + "}");
    (void)TryFolder(name);
    std::filesystem::remove(folder_.path() / name);
  }
  std::filesystem::remove(folder_.path() / "model.safetensors");
  folder_.Write("model.safetensors.index.json", "{\"weight_map\":{\"a\":1" + members + "}}");
  ExpectRefused("members of the index");
}

}  // namespace
}  // namespace cambium
