// SPDX-License-Identifier: Apache-2.0
#include "formats/hf_folder.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "formats/hf_mxfp4.h"
#include "formats/json_text.h"
#include "formats/quote.h"

namespace cambium {
namespace {

// More files than any model has; each is mapped.
constexpr size_t kMaxFiles = 1024;
constexpr size_t kMaxNameBytes = 255;  // what file systems take

HfConfig ReadConfig(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "config.json";
  return ParseHfConfig(ReadRegularFile(path, kMaxJsonBytes), path.string());
}

// The files that the index names. A name with a separator would leave the folder; one with a zero
// byte is another one for the operating system.
std::set<std::string> FilesOfIndex(const std::filesystem::path& path) {
  const SortedJson object = ParseJsonObject(ReadRegularFile(path, kMaxJsonBytes), path.string());
  const SortedJson* map = JsonMembers(object, path.string()).Find("weight_map");
  if (map == nullptr || !map->is_object()) {
    Fail(ErrorCode::kCorruptData, "{}: weight_map is not an object", path.string());
  }
  std::set<std::string> names;
  for (const auto& [tensor, file] : map->items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : "";
    constexpr std::string_view kSeparators("/\\\0", 3);
    if (!name.ends_with(".safetensors") || name.size() > kMaxNameBytes ||
        name.find_first_of(kSeparators) != std::string::npos) {
      Fail(ErrorCode::kCorruptData,
           "{}: tensor {} is said to be in {}; a safetensors file of this "
           "folder expected",
           path.string(), Quote(tensor), Quote(file.dump()));
    }
    names.insert(name);
  }
  if (names.empty() || names.size() > kMaxFiles) {
    Fail(ErrorCode::kCorruptData, "{}: names {} files; 1 to {} expected", path.string(),
         names.size(), kMaxFiles);
  }
  return names;
}

const char* DtypeOf(SafetensorsType type) {
  return type == SafetensorsType::kF32   ? "float32"
         : type == SafetensorsType::kF16 ? "float16"
                                         : "bfloat16";
}

}  // namespace

std::vector<SafetensorsFile> OpenSafetensors(const std::filesystem::path& directory) {
  const std::filesystem::path single = directory / "model.safetensors";
  const std::filesystem::path index = directory / "model.safetensors.index.json";
  std::vector<SafetensorsFile> files;
  if (FileExists(single) || !FileExists(index)) {
    files.emplace_back(single);
    return files;
  }
  for (const std::string& name : FilesOfIndex(index)) files.emplace_back(directory / name);
  return files;
}

HfFolder::HfFolder(const std::filesystem::path& directory)
    : name_(directory.string()),
      config_(ReadConfig(directory)),
      files_(OpenSafetensors(directory)) {}

HfFolder::Place HfFolder::Find(const std::string& tensor_name) const {
  for (const SafetensorsFile& file : files_) {
    const SafetensorsTensor* tensor = file.FindTensor(tensor_name);
    if (tensor != nullptr) return {&file, tensor};
  }
  return {nullptr, nullptr};
}

TensorSlice HfFolder::SliceOf(std::string_view name, uint64_t rows, uint64_t cols) const {
  return HfSlice(config_.parameters, name, rows, cols, [this](std::string_view other) {
    return Find(std::string(other)).tensor != nullptr;
  });
}

HfFolder::Place HfFolder::Require(const TensorSlice& slice) const {
  const Place place = Find(slice.name);
  if (place.tensor == nullptr) {
    Fail(ErrorCode::kCorruptData, "{}: the tensor {} is missing", name_, Quote(slice.name));
  }
  const SafetensorsTensor& tensor = *place.tensor;
  if (tensor.shape != slice.shape) {
    Fail(ErrorCode::kCorruptData, "{}: tensor {} is of shape [{}]; [{}] expected from config.json",
         place.file->name(), Quote(tensor.name), fmt::join(tensor.shape, ", "),
         fmt::join(slice.shape, ", "));
  }
  if (!slice.scales.empty()) {
    RequireScales(slice);
    if (tensor.dtype != "U8") {
      Fail(ErrorCode::kCorruptData, "{}: tensor {} is {}; blocks of MXFP4 are U8",
           place.file->name(), Quote(tensor.name), tensor.dtype);
    }
  } else if (tensor.dtype != "F32" && tensor.dtype != "F16" && tensor.dtype != "BF16") {
    Fail(ErrorCode::kUnsupported, "{}: tensor {} is {}; F32, F16 and BF16 can be used",
         place.file->name(), Quote(tensor.name), tensor.dtype);
  }
  return place;
}

HfFolder::Place HfFolder::RequireScales(const TensorSlice& slice) const {
  const Place place = Find(slice.scales);
  const std::vector<uint64_t> shape(slice.shape.begin(), slice.shape.end() - 1);
  if (place.tensor == nullptr || place.tensor->shape != shape || place.tensor->dtype != "U8") {
    Fail(ErrorCode::kCorruptData, "{}: {} is not a tensor of scales (U8) for {}", name_,
         Quote(slice.scales), Quote(slice.name));
  }
  return place;
}

void HfFolder::ReadBlocks(const TensorSlice& slice, std::span<float> out) const {
  const Place blocks = Require(slice), scales = RequireScales(slice);
  const std::span<const uint8_t> block_bytes = blocks.file->TensorBytes(*blocks.tensor);
  const std::span<const uint8_t> scale_bytes = scales.file->TensorBytes(*scales.tensor);
  const uint64_t per_row = slice.cols / 32;
  for (uint64_t r = 0; r < slice.rows; ++r) {
    const uint64_t first = (slice.offset + r * slice.row_stride) * per_row;
    DequantizeHfMxfp4(block_bytes.subspan(16 * first, 16 * per_row),
                      scale_bytes.subspan(first, per_row), out.subspan(r * slice.cols, slice.cols));
  }
}

void HfFolder::CheckParameter(std::string_view name, uint64_t rows, uint64_t cols) const {
  (void)Require(SliceOf(name, rows, cols));
}

void HfFolder::ReadParameter(std::string_view name, uint64_t rows, uint64_t cols,
                             std::span<float> out) const {
  CHECK(out.size() == rows * cols);
  const TensorSlice slice = SliceOf(name, rows, cols);
  if (!slice.scales.empty()) return ReadBlocks(slice, out);
  const auto [file, tensor] = Require(slice);
  if (slice.is_contiguous()) {
    file->ReadElements(*tensor, slice.offset, 1, out);
  } else {
    for (uint64_t r = 0; r < rows; ++r) {
      file->ReadElements(*tensor, slice.offset + r * slice.row_stride, slice.col_stride,
                         out.subspan(r * cols, cols));
    }
  }
  if (slice.add == 0) return;
  for (float& value : out) value += slice.add;
}

void WriteHfFolder(const std::filesystem::path& directory, HfConfig config, SafetensorsType type,
                   std::span<const NamedParameter> parameters,
                   std::span<const std::pair<std::string, std::string>> tokenizer_files,
                   const std::function<void(uint64_t)>& progress) {
  const HyperParameters& p = config.parameters;
  (void)HfConfigToJson(config);  // refuses before anything is written
  MakeDirectories(directory);
  SafetensorsWriter writer(directory / "model.safetensors");
  writer.AddMetadata("format", "pt");  // transformers refuses a file without it
  // Parameters of one tensor follow their first.
  std::vector<TensorSlice> slices;
  std::vector<std::string> order;
  std::map<std::string, std::vector<size_t>> members;
  for (size_t i = 0; i < parameters.size(); ++i) {
    slices.push_back(HfSlice(p, parameters[i].name, parameters[i].rows, parameters[i].cols));
    std::vector<size_t>& list = members[slices[i].name];
    if (list.empty()) {
      // Norms stay F32, as in GGUF: the model has one fingerprint in both.
      const bool is_vector = parameters[i].rows == 1;
      writer.AddTensor(slices[i].name, is_vector ? SafetensorsType::kF32 : type, slices[i].shape);
      order.push_back(slices[i].name);
    }
    list.push_back(i);
  }
  std::vector<float> tensor;
  uint64_t done = 0;
  for (const std::string& name : order) {
    const std::vector<size_t>& list = members[name];
    tensor.assign(slices[list[0]].Size(), 0.0f);
    for (const size_t i : list) ScatterSlice(slices[i], parameters[i].values, tensor);
    writer.WriteTensor(name, tensor);
    done += tensor.size();
    if (progress) progress(done);
  }
  writer.Commit();
  for (const auto& [name, content] : tokenizer_files) {
    WriteFileAtomically(directory / name, content);
  }
  config.dtype = DtypeOf(type);
  WriteFileAtomically(directory / "generation_config.json",
                      HfGenerationConfigToJson(config).dump(2) + "\n");
  WriteFileAtomically(directory / "config.json", HfConfigToJson(config).dump(2) + "\n");
}

}  // namespace cambium
