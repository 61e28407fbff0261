// SPDX-License-Identifier: Apache-2.0
#include "model/model_file.h"

#include <algorithm>

#include "base/error.h"
#include "formats/gguf.h"
#include "formats/gguf_hyper_parameters.h"
#include "formats/gguf_tokenizer.h"
#include "formats/gguf_writer.h"
#include "formats/hf_chat.h"
#include "formats/hf_folder.h"
#include "formats/hf_tokenizer.h"
#include "formats/hf_tokenizer_files.h"
#include "formats/tensor_names.h"

namespace cambium {
namespace {

HyperParameters ParametersOf(const ModelConfig& config) {
  const auto refuse = [](const char* what) {
    Fail(ErrorCode::kUnsupported,
         "no GGUF or Hugging Face architecture that cambium writes has {}; the checkpoint keeps it",
         what);
  };
  if (config.ffn != FfnKind::kSwiGlu) refuse("a feed-forward kind other than swiglu");
  if (config.rope_interleaved) refuse("interleaved RoPE");
  if (config.window != 0) refuse("a sliding window in every layer");
  if (config.attention_softcap > 0 || config.logit_softcap > 0) refuse("soft caps");
  HyperParameters p;
  p.family = config.qk_norm ? ModelFamily::kQwen3 : ModelFamily::kLlama;
  p.embedding_size = config.width;
  p.num_layers = config.num_layers;
  p.num_heads = config.num_heads;
  p.num_kv_heads = config.num_kv_heads;
  p.head_dim = config.head_dim;
  p.ffn_size = config.ffn_width;
  p.vocab_size = config.vocab_size;
  p.context_length = config.context_length;
  p.rms_norm_eps = config.norm_epsilon;
  p.rope_theta = static_cast<float>(config.rope_base);
  p.tie_embeddings = config.tied_embeddings;
  return p;
}

std::vector<uint64_t> ShapeOf(const ParameterSpec& spec) {
  if (spec.rows == 1) return {spec.cols};
  return {spec.rows, spec.cols};
}

// File order (pairs, for GGUF's llama) to ours (halves), in place.
void FromFileOrder(const HyperParameters& p, const ParameterSpec& spec, std::span<float> values) {
  const uint64_t heads = HeadsInPairOrder(p, spec.name);
  if (heads == 0) return;
  const std::vector<float> copy(values.begin(), values.end());
  RopePairsToHalves(copy, values, heads, p.head_dim);
}

std::vector<float> ToFileOrder(const HyperParameters& p, const ParameterSpec& spec,
                               std::span<const float> values) {
  std::vector<float> out(values.begin(), values.end());
  const uint64_t heads = HeadsInPairOrder(p, spec.name);
  if (heads != 0) RopeHalvesToPairs(values, out, heads, p.head_dim);
  return out;
}

std::span<float> ValuesOf(ParameterStore& parameters, size_t index) {
  return {parameters.weight(index).value.f32(), parameters.specs()[index].size()};
}
std::span<const float> ValuesOf(const ParameterStore& parameters, size_t index) {
  return {parameters.weight(index).value.f32(), parameters.specs()[index].size()};
}

// A matrix of the file, left there.
StoredMatrix StoredOf(const GgufFile& file, const HyperParameters& p, const ParameterSpec& spec) {
  StoredMatrix stored = {file.TensorBlocks(file.RequireTensor(spec.name)), {}};
  const uint64_t heads = HeadsInPairOrder(p, spec.name);
  if (heads != 0) stored.row_order = RowsOfPairOrder(heads, p.head_dim);
  return stored;
}

LoadedModel LoadGguf(const std::filesystem::path& path, MatrixMemory matrices) {
  const auto opened = std::make_shared<const GgufFile>(path);
  const GgufFile& file = *opened;
  const HyperParameters p = ReadGgufHyperParameters(file);
  LoadedModel model;
  model.config = ModelConfigOf(p, file.name());
  model.tokenizer = ReadGgufTokenizer(file);
  model.format = fmt::format("GGUF v{}", file.version());
  model.name = std::string(file.GetString("general.name").value_or(""));
  model.stored = DType::kBF16;
  // All shapes are checked before memory is taken for the weights.
  const std::vector<ParameterSpec> specs = DescribeParameters(model.config);
  for (const ParameterSpec& spec : specs) {
    const GgufTensor& tensor = file.RequireTensor(spec.name);
    if (tensor.shape != ShapeOf(spec)) {
      Fail(ErrorCode::kCorruptData, "{}: tensor '{}' has shape [{}], expected [{}]", file.name(),
           spec.name, fmt::join(tensor.shape, ", "), fmt::join(ShapeOf(spec), ", "));
    }
    (void)file.TensorBlocks(tensor);  // throws for types that cannot be read
    const bool wide = tensor.type == GgmlType::kF32 || tensor.type == GgmlType::kF16;
    if (spec.rows > 1 && wide) model.stored = DType::kF32;
  }
  std::vector<StoredMatrix> stored(specs.size());
  if (matrices == MatrixMemory::kStored) {
    for (size_t i = 0; i < specs.size(); ++i) {
      if (specs[i].rows > 1) stored[i] = StoredOf(file, p, specs[i]);
    }
  }
  model.parameters = std::make_unique<ParameterStore>(model.config, std::move(stored), opened);
  for (size_t i = 0; i < specs.size(); ++i) {
    if (!model.parameters->weight(i).stored.empty()) continue;
    file.ReadTensor(file.RequireTensor(specs[i].name), ValuesOf(*model.parameters, i));
    FromFileOrder(p, specs[i], ValuesOf(*model.parameters, i));
  }
  return model;
}

LoadedModel LoadHfFolder(const std::filesystem::path& path) {
  const HfFolder folder(path);
  const HyperParameters& p = folder.config().parameters;
  LoadedModel model;
  model.config = ModelConfigOf(p, path.string());
  model.format = "Hugging Face folder";
  model.name = path.filename().string();
  model.stored = folder.config().dtype == "bfloat16" ? DType::kBF16 : DType::kF32;
  const std::filesystem::path tokenizer = path / "tokenizer.json";
  model.tokenizer = ParseHfTokenizer(ReadFile(tokenizer), tokenizer.string());
  if (model.tokenizer.eos_id < 0) model.tokenizer.eos_id = folder.config().eos_id;
  if (model.tokenizer.bos_id < 0) model.tokenizer.bos_id = folder.config().bos_id;
  ReadHfChat(path, &model.tokenizer);
  model.parameters = std::make_unique<ParameterStore>(model.config, false);
  for (size_t i = 0; i < model.parameters->specs().size(); ++i) {
    const ParameterSpec& spec = model.parameters->specs()[i];
    folder.ReadTensor(spec.name, ShapeOf(spec), ValuesOf(*model.parameters, i));
    FromFileOrder(p, spec, ValuesOf(*model.parameters, i));
  }
  return model;
}

}  // namespace

ModelConfig ModelConfigOf(const HyperParameters& p, const std::string& source) {
  if (p.hidden_act != "silu") {
    Fail(ErrorCode::kUnsupported, "{}: hidden_act '{}' is not supported; silu is", source,
         p.hidden_act);
  }
  ModelConfig config;
  config.vocab_size = p.vocab_size;
  config.num_layers = p.num_layers;
  config.width = p.embedding_size;
  config.num_heads = p.num_heads;
  config.num_kv_heads = p.num_kv_heads;
  config.head_dim = p.head_dim;
  config.ffn_width = p.ffn_size;
  config.context_length = p.context_length;
  config.qk_norm = p.family == ModelFamily::kQwen3;
  config.tied_embeddings = p.tie_embeddings;
  config.norm_epsilon = p.rms_norm_eps;
  config.rope_base = static_cast<double>(p.rope_theta);
  config.Validate();
  return config;
}

LoadedModel LoadModel(const std::filesystem::path& path, MatrixMemory matrices) {
  LoadedModel model;
  if (!std::filesystem::is_directory(path)) {
    model = LoadGguf(path, matrices);
  } else if (std::filesystem::exists(path / "model.gguf")) {
    model = LoadGguf(path / "model.gguf", matrices);
  } else if (std::filesystem::exists(path / "config.json")) {
    model = LoadHfFolder(path);
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
  const HyperParameters p = ParametersOf(parameters.config());
  GgufWriter writer(path);
  WriteGgufHyperParameters(p, options.name, options.type, &writer);
  WriteGgufTokenizer(tokenizer, &writer);
  writer.AddUint32("cambium.numerics_version", kNumericsVersion);
  if (!options.fingerprint.empty()) writer.AddString("cambium.fingerprint", options.fingerprint);
  if (!options.compute_type.empty()) writer.AddString("cambium.compute_type", options.compute_type);
  const std::vector<ParameterSpec>& specs = parameters.specs();
  for (const ParameterSpec& spec : specs) {
    writer.AddTensor(spec.name, spec.rows == 1 ? GgmlType::kF32 : options.type, ShapeOf(spec));
  }
  for (size_t i = 0; i < specs.size(); ++i) {
    writer.WriteTensor(specs[i].name, ToFileOrder(p, specs[i], ValuesOf(parameters, i)));
  }
  writer.Commit();
}

void SaveHfModel(const std::filesystem::path& folder, const ParameterStore& parameters,
                 const TokenizerData& tokenizer, const SaveOptions& options) {
  const HyperParameters p = ParametersOf(parameters.config());
  const SafetensorsType type = options.type == GgmlType::kF32    ? SafetensorsType::kF32
                               : options.type == GgmlType::kBF16 ? SafetensorsType::kBF16
                                                                 : SafetensorsType::kF16;
  const std::vector<ParameterSpec>& specs = parameters.specs();
  std::vector<std::vector<float>> ordered;
  std::vector<NamedTensor> tensors;
  for (size_t i = 0; i < specs.size(); ++i) {
    ordered.push_back(ToFileOrder(p, specs[i], ValuesOf(parameters, i)));
    tensors.push_back({specs[i].name, ShapeOf(specs[i]), ordered.back()});
  }
  const auto files = HfTokenizerFiles(tokenizer);
  WriteHfFolder(
      folder,
      {.parameters = p, .dtype = "", .bos_id = tokenizer.bos_id, .eos_id = tokenizer.eos_id}, type,
      tensors, files);
}

}  // namespace cambium
