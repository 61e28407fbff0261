// SPDX-License-Identifier: Apache-2.0
#include "model/model_file.h"

#include <map>

#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "base/physical_memory.h"
#include "formats/gguf.h"
#include "formats/gguf_hyper_parameters.h"
#include "formats/gguf_tokenizer.h"
#include "formats/gguf_writer.h"
#include "formats/hf_chat.h"
#include "formats/hf_folder.h"
#include "formats/hf_tokenizer.h"
#include "formats/hf_tokenizer_files.h"
#include "formats/json_text.h"
#include "model/rope_scaling.h"
#include "numerics/quant/dequantize.h"

namespace cambium {
namespace {

std::span<float> ValuesOf(ParameterStore& parameters, size_t index) {
  return {parameters.weight(index).value.f32(), parameters.specs()[index].size()};
}
std::span<const float> ValuesOf(const ParameterStore& parameters, size_t index) {
  return {parameters.weight(index).value.f32(), parameters.specs()[index].size()};
}

// Without the gaps that ParameterStore::size() counts.
uint64_t CountElements(const ParameterStore& parameters) {
  uint64_t count = 0;
  for (const ParameterSpec& spec : parameters.specs()) count += spec.size();
  return count;
}

void ReadSlice(const GgufFile& file, const TensorSlice& slice, std::span<float> values) {
  CHECK(slice.is_contiguous() && slice.add == 0);
  const GgufTensor& tensor = file.RequireTensor(slice.name);
  const QuantBlocks blocks = file.ElementBlocks(tensor, slice.offset, values.size());
  Dequantize(blocks.type, blocks.bytes, values);
  if (slice.pair_heads == 0) return;
  const std::vector<float> pairs(values.begin(), values.end());
  RopePairsToHalves(slice, pairs, values);
}

// Of the f32 values of these parameters; stored: those without (empty: none). Refused before they
// are taken.
void RequireMemoryOfValues(const std::vector<ParameterSpec>& specs,
                           const std::vector<StoredMatrix>& stored, const std::string& source) {
  double bytes = 0;
  for (size_t i = 0; i < specs.size(); ++i) {
    if (!stored.empty() && !stored[i].empty()) continue;
    bytes += static_cast<double>(specs[i].size()) * sizeof(float);
  }
  RequireMemory(bytes, fmt::format("{}: the model in f32", source),
                "a GGUF file runs as it is stored, and a quantized one in less");
}

// A matrix of the file, left there.
StoredMatrix StoredOf(const GgufFile& file, const TensorSlice& slice) {
  CHECK(slice.is_contiguous() && slice.add == 0);
  StoredMatrix stored = {
      file.ElementBlocks(file.RequireTensor(slice.name), slice.offset, slice.rows * slice.cols),
      {}};
  if (slice.pair_heads != 0) stored.row_order = RowsOfPairOrder(slice);
  return stored;
}

LoadedModel LoadGguf(const std::filesystem::path& path, MatrixMemory matrices,
                     const WeightsProgress& progress) {
  const auto opened = std::make_shared<const GgufFile>(path);
  const GgufFile& file = *opened;
  const GgufLayout layout = LayOutGguf(file);
  const std::vector<ParameterSpec>& specs = layout.specs;
  const std::vector<TensorSlice>& slices = layout.slices;
  LoadedModel model;
  model.hyper_parameters = layout.hyper_parameters;
  model.config = layout.config;
  model.types = layout.types;
  model.tokenizer = ReadGgufTokenizer(file);
  model.format = fmt::format("GGUF v{}", file.version());
  model.name = std::string(file.GetString("general.name").value_or(""));
  std::vector<StoredMatrix> stored(specs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].rows > 1 && matrices == MatrixMemory::kStored) {
      stored[i] = StoredOf(file, slices[i]);
    }
  }
  RequireMemoryOfValues(specs, stored, file.name());
  model.parameters = std::make_unique<ParameterStore>(model.config, std::move(stored), opened);
  const uint64_t total = CountElements(*model.parameters);
  uint64_t done = 0;
  for (size_t i = 0; i < slices.size(); ++i) {
    if (!model.parameters->weight(i).stored.empty()) continue;
    ReadSlice(file, slices[i], ValuesOf(*model.parameters, i));
    done += specs[i].size();
    if (progress) progress(done, total);
  }
  return model;
}

LoadedModel LoadHfFolder(const std::filesystem::path& path, const WeightsProgress& progress) {
  const HfFolder folder(path);
  const HyperParameters& p = folder.config().parameters;
  LoadedModel model;
  model.hyper_parameters = p;
  model.config = ModelConfigOf(p, path.string());
  model.format = "Hugging Face folder";
  model.name = path.filename().string();
  model.types = StoredTypesOf(folder.config());
  const std::filesystem::path tokenizer = path / "tokenizer.json";
  model.tokenizer = ParseHfTokenizer(ReadRegularFile(tokenizer, kMaxJsonBytes), tokenizer.string());
  const auto take = [&](int32_t* id, int32_t stated, const char* what) {
    if (*id >= 0) return;
    if (stated >= static_cast<int64_t>(model.tokenizer.tokens.size())) {
      Fail(ErrorCode::kCorruptData, "{}: config.json has the {} token {}, the tokenizer {} tokens",
           path.string(), what, stated, model.tokenizer.tokens.size());
    }
    *id = stated;
  };
  take(&model.tokenizer.eos_id, folder.config().eos_id, "eos");
  take(&model.tokenizer.bos_id, folder.config().bos_id, "bos");
  ReadHfChat(path, &model.tokenizer);
  uint64_t file_bytes = 0;
  for (const SafetensorsFile& file : folder.files()) {
    for (const SafetensorsTensor& tensor : file.tensors()) file_bytes += tensor.size_bytes;
  }
  CheckCounts(p, file_bytes, path.string());
  const std::vector<ParameterSpec> specs = DescribeParameters(model.config);
  for (const ParameterSpec& spec : specs) folder.CheckParameter(spec.name, spec.rows, spec.cols);
  RequireMemoryOfValues(specs, {}, path.string());
  model.parameters = std::make_unique<ParameterStore>(model.config, false);
  const uint64_t total = CountElements(*model.parameters);
  uint64_t done = 0;
  for (size_t i = 0; i < model.parameters->specs().size(); ++i) {
    const ParameterSpec& spec = model.parameters->specs()[i];
    folder.ReadParameter(spec.name, spec.rows, spec.cols, ValuesOf(*model.parameters, i));
    done += spec.size();
    if (progress) progress(done, total);
  }
  return model;
}

// Of the file that the model came from, or a family that can hold it.
HyperParameters ParametersToWrite(const ParameterStore& parameters, const SaveOptions& options) {
  if (options.hyper_parameters == nullptr) return HyperParametersOf(parameters.config());
  CHECK(ModelConfigOf(*options.hyper_parameters, "file") == parameters.config());
  return *options.hyper_parameters;
}

// As GGUF says it: Llama 3's scaling is the factors that come of it, and LongRoPE's magnitude is
// spelled out, which readers of GGUF take for 1 otherwise.
void SpellOutScaling(const ModelConfig& config, RopeScaling* s) {
  if (s->kind == RopeScalingKind::kLlama3) {
    *s = {.kind = RopeScalingKind::kFactors,
          .factors = Llama3Factors(*s, config.rope_base, config.rotated_dims())};
  } else if (s->kind == RopeScalingKind::kLongRope) {
    s->attention_factor = config.rope_magnitude;
  }
}

// As config.json says it: factors of a GGUF file are what Llama 3's scaling came to.
void NameScaling(const ModelConfig& config, const std::string& target, RopeScaling* s) {
  if (s->kind != RopeScalingKind::kFactors) return;
  const auto named = Llama3ScalingOf(s->factors, config.rope_base, config.rotated_dims());
  if (!named) {
    Fail(ErrorCode::kUnsupported,
         "{}: the RoPE factors of this model (rope_freqs.weight) are not those of Llama 3's "
         "scaling, "
         "and config.json can hold no others: it stays a GGUF file",
         target);
  }
  *s = *named;
}

// The RoPE factors of a GGUF file, as tensors: name and values.
std::vector<std::pair<const char*, std::span<const float>>> FactorTensors(const RopeScaling& s) {
  if (s.kind == RopeScalingKind::kFactors) return {{"rope_freqs.weight", s.factors}};
  if (s.kind != RopeScalingKind::kLongRope) return {};
  return {{"rope_factors_long.weight", s.long_factors}, {"rope_factors_short.weight", s.factors}};
}

// Parameters that share a tensor of the file, tensors in the order of their first parameter.
struct TensorToWrite {
  TensorSlice slice;  // of one of them: name and shape
  std::vector<size_t> parameters;
};
std::vector<TensorToWrite> TensorsToWrite(const HyperParameters& p,
                                          const std::vector<ParameterSpec>& specs) {
  std::vector<TensorToWrite> tensors;
  std::map<std::string, size_t> index;
  for (size_t i = 0; i < specs.size(); ++i) {
    TensorSlice slice = GgufSlice(p, specs[i].name, specs[i].rows, specs[i].cols);
    const auto [found, added] = index.emplace(slice.name, tensors.size());
    if (added) tensors.push_back({std::move(slice), {}});
    tensors[found->second].parameters.push_back(i);
  }
  return tensors;
}

}  // namespace

LoadedModel LoadModel(const std::filesystem::path& path, MatrixMemory matrices,
                      const WeightsProgress& progress) {
  LoadedModel model;
  std::error_code ignored;  // opening the file says what is wrong with it
  if (!std::filesystem::is_directory(path, ignored)) {
    model = LoadGguf(path, matrices, progress);
  } else if (FileExists(path / "model.gguf")) {
    model = LoadGguf(path / "model.gguf", matrices, progress);
  } else if (FileExists(path / "config.json")) {
    model = LoadHfFolder(path, progress);
  } else {
    Fail(ErrorCode::kNotFound,
         "{}: neither model.gguf (a training run) nor config.json (a Hugging Face model) is there",
         path.string());
  }
  if (model.tokenizer.tokens.size() > model.config.vocab_size) {
    Fail(ErrorCode::kCorruptData, "{}: the tokenizer has {} tokens, the model {} embeddings",
         path.string(), model.tokenizer.tokens.size(), model.config.vocab_size);
  }
  return model;
}

void SaveGguf(const std::filesystem::path& path, const ParameterStore& parameters,
              const TokenizerData& tokenizer, const SaveOptions& options) {
  HyperParameters p = ParametersToWrite(parameters, options);
  SpellOutScaling(parameters.config(), &p.rope_scaling);
  GgufWriter writer(path);
  WriteGgufHyperParameters(p, options.name, options.type, &writer);
  WriteGgufTokenizer(tokenizer, &writer);
  writer.AddUint32("cambium.numerics_version", kNumericsVersion);
  if (!options.fingerprint.empty()) writer.AddString("cambium.fingerprint", options.fingerprint);
  if (!options.compute_type.empty()) writer.AddString("cambium.compute_type", options.compute_type);
  const std::vector<ParameterSpec>& specs = parameters.specs();
  const auto factors = FactorTensors(p.rope_scaling);
  for (const auto& [name, values] : factors) {
    const uint64_t size = values.size();
    writer.AddTensor(name, GgmlType::kF32, {&size, 1});
  }
  const std::vector<TensorToWrite> tensors = TensorsToWrite(p, specs);
  for (const TensorToWrite& tensor : tensors) {
    const bool is_vector = specs[tensor.parameters[0]].rows == 1;  // biases of experts, too
    writer.AddTensor(tensor.slice.name, is_vector ? GgmlType::kF32 : options.type,
                     tensor.slice.shape);
  }
  for (const auto& [name, values] : factors) writer.WriteTensor(name, values);
  std::vector<float> values;
  const uint64_t total = CountElements(parameters);
  uint64_t done = 0;
  for (const TensorToWrite& tensor : tensors) {
    values.assign(tensor.slice.Size(), 0.0f);
    for (const size_t i : tensor.parameters) {
      ScatterSlice(GgufSlice(p, specs[i].name, specs[i].rows, specs[i].cols),
                   ValuesOf(parameters, i), values);
    }
    writer.WriteTensor(tensor.slice.name, values);
    done += values.size();
    if (options.progress) options.progress(done, total);
  }
  writer.Commit();
}

void SaveHfModel(const std::filesystem::path& folder, const ParameterStore& parameters,
                 const TokenizerData& tokenizer, const SaveOptions& options) {
  HyperParameters p = ParametersToWrite(parameters, options);
  NameScaling(parameters.config(), folder.string(), &p.rope_scaling);
  const SafetensorsType type = options.type == GgmlType::kF32    ? SafetensorsType::kF32
                               : options.type == GgmlType::kBF16 ? SafetensorsType::kBF16
                                                                 : SafetensorsType::kF16;
  const std::vector<ParameterSpec>& specs = parameters.specs();
  std::vector<NamedParameter> named;
  for (size_t i = 0; i < specs.size(); ++i) {
    named.push_back({specs[i].name, specs[i].rows, specs[i].cols, ValuesOf(parameters, i)});
  }
  const auto files = HfTokenizerFiles(tokenizer);
  HfConfig config{.parameters = std::move(p),
                  .dtype = "",
                  .bos_id = tokenizer.bos_id,
                  .eos_id = tokenizer.eos_id,
                  .end_ids = tokenizer.end_ids};
  const uint64_t total = CountElements(parameters);
  WriteHfFolder(folder, std::move(config), type, named, files, [&](uint64_t done) {
    if (options.progress) options.progress(done, total);
  });
}

}  // namespace cambium
