// SPDX-License-Identifier: Apache-2.0
#include "cli/model_description.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "formats/gguf.h"
#include "formats/gguf_hyper_parameters.h"
#include "formats/gguf_tokenizer.h"
#include "formats/hf_chat.h"
#include "formats/hf_config.h"
#include "formats/hf_folder.h"
#include "formats/hf_tokenizer.h"
#include "formats/json_text.h"
#include "formats/safetensors.h"
#include "model/file_layout.h"
#include "model/model_file.h"

namespace cambium {
namespace {

// Runs fn; an error becomes text. Missing memory or I/O errors are not a property of the file.
template <typename Fn>
std::string WhyNot(const Fn& fn) {
  try {
    fn();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsupported && error.code() != ErrorCode::kCorruptData &&
        error.code() != ErrorCode::kInvalidArgument && error.code() != ErrorCode::kNotFound) {
      throw;
    }
    return error.what();
  }
  return "";
}

bool IsLoadableType(const std::string& type) {
  const auto info = FindGgmlType(type);
  return info && info->readable;
}

void CheckTypes(ModelDescription& model) {
  if (!model.why_not_runnable.empty()) return;
  for (const DescribedTensor& tensor : model.tensors) {
    if (IsLoadableType(tensor.type)) continue;
    model.why_not_runnable =
        fmt::format("tensor '{}' is {}, a type that this build does not compute with", tensor.name,
                    tensor.type);
    return;
  }
}

ModelDescription DescribeGguf(const std::filesystem::path& path) {
  const GgufFile file(path);
  ModelDescription model;
  model.path = path;
  model.format = fmt::format("GGUF v{}", file.version());
  model.file_bytes = std::filesystem::file_size(path);
  for (const GgufValue& value : file.values()) {
    model.metadata.emplace_back(value.key, DescribeGgufValue(value));
  }
  for (const GgufTensor& tensor : file.tensors()) {
    model.tensors.push_back({.name = std::string(tensor.name),
                             .type = GgmlTypeName(tensor.type),
                             .shape = tensor.shape,
                             .size = tensor.size,
                             .size_bytes = tensor.size_bytes.value_or(0)});
  }
  model.why_not_runnable = WhyNot([&] {
    model.architecture = file.GetString("general.architecture").value_or("");
    model.name = file.GetString("general.name").value_or("");
    model.stored_fingerprint = file.GetString("cambium.fingerprint").value_or("");
    model.compute_type = file.GetString("cambium.compute_type").value_or("");
    model.numerics_version = static_cast<int>(file.GetUint("cambium.numerics_version").value_or(0));
    model.config = ModelConfigOf(ReadGgufHyperParameters(file), path.string());
  });
  CheckTypes(model);
  if (model.why_not_runnable.empty() || model.tensors.empty()) {
    model.why_not_runnable =
        WhyNot([&] { model.default_compute = LayOutGguf(file).types.compute; });
  }
  model.why_no_tokenizer = WhyNot([&] { model.tokenizer = ReadGgufTokenizer(file); });
  return model;
}

// Two tensors of bytes that are one of MXFP4 (formats/hf_mxfp4.h) are described as that.
void JoinMxfp4(std::vector<DescribedTensor>& tensors) {
  constexpr std::string_view kBlocks = "_blocks", kScales = "_scales";
  for (DescribedTensor& blocks : tensors) {
    if (blocks.type != "U8" || !blocks.name.ends_with(kBlocks)) continue;
    const std::string name = blocks.name.substr(0, blocks.name.size() - kBlocks.size());
    const auto scales =
        std::ranges::find(tensors, name + std::string(kScales), &DescribedTensor::name);
    if (scales == tensors.end() || blocks.shape.size() < 2) continue;
    blocks.name = name;
    blocks.type = GgmlTypeName(GgmlType::kMXFP4);
    blocks.size *= 2;
    blocks.size_bytes += scales->size_bytes;
    // [..., C / 32, 16] bytes are [..., C] numbers.
    blocks.shape.pop_back();
    blocks.shape.back() *= 32;
    scales->name.clear();
  }
  std::erase_if(tensors, [](const DescribedTensor& tensor) { return tensor.name.empty(); });
}

ModelDescription DescribeHfFolder(const std::filesystem::path& folder) {
  const std::filesystem::path config_path = folder / "config.json";
  const std::string config_text = ReadFile(config_path);
  ModelDescription model;
  model.path = folder;
  model.format = "Hugging Face folder";
  model.name = folder.filename().string();
  const Json config = Json::parse(config_text, nullptr, /*allow_exceptions=*/false);
  if (config.is_object() && config.contains("architectures") &&
      config["architectures"].is_array() && !config["architectures"].empty() &&
      config["architectures"][0].is_string()) {
    model.architecture = config["architectures"][0].get<std::string>();
  }
  model.why_not_runnable = WhyNot([&] {
    const HfConfig parsed = ParseHfConfig(config_text, config_path.string());
    model.config = ModelConfigOf(parsed.parameters, config_path.string());
    model.default_compute = StoredTypesOf(parsed).compute;
  });
  try {
    for (const SafetensorsFile& file : OpenSafetensors(folder)) {
      model.file_bytes += std::filesystem::file_size(file.name());
      for (const SafetensorsTensor& tensor : file.tensors()) {
        model.tensors.push_back({.name = tensor.name,
                                 .type = tensor.dtype,
                                 .shape = tensor.shape,
                                 .size = tensor.size,
                                 .size_bytes = tensor.size_bytes});
      }
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    if (model.why_not_runnable.empty()) model.why_not_runnable = error.what();
  }
  JoinMxfp4(model.tensors);
  CheckTypes(model);
  const std::filesystem::path tokenizer = folder / "tokenizer.json";
  model.why_no_tokenizer = WhyNot([&] {
    TokenizerData data =
        ParseHfTokenizer(ReadRegularFile(tokenizer, kMaxJsonBytes), tokenizer.string());
    ReadHfChat(folder, &data);
    model.tokenizer = std::move(data);
  });
  if (model.why_not_runnable.empty() && !FileExists(tokenizer)) {
    model.why_not_runnable = fmt::format(
        "{}: there is no tokenizer.json, without which no text becomes tokens", folder.string());
  }
  return model;
}

// "blk.12.attn_q.weight" and "model.layers.12.self_attn.q_proj.weight" without their numbers.
std::string GroupName(const std::string& tensor) {
  std::string name;
  size_t begin = 0;
  while (begin <= tensor.size()) {
    const size_t end = std::min(tensor.find('.', begin), tensor.size());
    const std::string part = tensor.substr(begin, end - begin);
    const bool number = !part.empty() && std::all_of(part.begin(), part.end(),
                                                     [](char c) { return c >= '0' && c <= '9'; });
    if (!number && part != "weight" && part != "blk") name += (name.empty() ? "" : ".") + part;
    begin = end + 1;
  }
  return name.empty() ? tensor : name;
}

}  // namespace

uint64_t ModelDescription::num_parameters() const {
  uint64_t sum = 0;
  for (const DescribedTensor& tensor : tensors) sum += tensor.size;
  return sum;
}

uint64_t ModelDescription::tensor_bytes() const {
  uint64_t sum = 0;
  for (const DescribedTensor& tensor : tensors) sum += tensor.size_bytes;
  return sum;
}

bool ModelDescription::all_f32() const {
  return std::all_of(tensors.begin(), tensors.end(),
                     [](const DescribedTensor& tensor) { return tensor.type == "F32"; });
}

ModelDescription DescribeModel(const std::filesystem::path& path) {
  std::error_code ignored;  // opening the file says what is wrong with it
  if (!std::filesystem::is_directory(path, ignored)) return DescribeGguf(path);
  if (FileExists(path / "model.gguf")) return DescribeGguf(path / "model.gguf");
  if (FileExists(path / "config.json")) return DescribeHfFolder(path);
  Fail(ErrorCode::kNotFound,
       "{}: neither model.gguf (a finished training run) nor config.json (a Hugging Face model) is "
       "there",
       path.string());
}

std::vector<TensorGroup> GroupTensors(const std::vector<DescribedTensor>& tensors) {
  std::vector<TensorGroup> groups;
  for (const DescribedTensor& tensor : tensors) {
    const std::string name = GroupName(tensor.name);
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const TensorGroup& other) { return other.name == name; });
    if (group == groups.end()) {
      groups.push_back({.name = name,
                        .types = tensor.type,
                        .shape = fmt::format("{}", fmt::join(tensor.shape, " x "))});
      group = groups.end() - 1;
    } else if (group->types.find(tensor.type) == std::string::npos) {
      group->types += ", " + tensor.type;
    }
    ++group->count;
    group->size += tensor.size;
    group->size_bytes += tensor.size_bytes;
  }
  return groups;
}

}  // namespace cambium
