// SPDX-License-Identifier: Apache-2.0
#include "formats/gguf_quantize.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "formats/gguf_writer.h"
#include "formats/quote.h"
#include "numerics/quant/quantize.h"

namespace cambium {
namespace {

// Elements of one task, about; a slab is what all threads convert before it is written.
constexpr uint64_t kTaskElements = uint64_t{1} << 16;
constexpr uint64_t kSlabElements = uint64_t{1} << 22;
constexpr size_t kMaxTensorNameBytes = 63;    // GgufWriter's
constexpr uint32_t kQuantizationVersion = 2;  // general.quantization_version of today's blocks

struct Errors {
  double squared_error = 0, squared = 0;
};

// A part of the rows of one tensor, converted.
class SlabConverter {
 public:
  // importance: for each column, or empty.
  SlabConverter(const GgufFile& file, const GgufTensor& tensor, GgmlType type,
                std::span<const float> importance, ThreadPool& pool)
      : file_(file),
        tensor_(tensor),
        type_(type),
        importance_(UsesImportance(type) ? importance : std::span<const float>()),
        pool_(pool),
        columns_(tensor.shape.back()),
        matrix_rows_(num_rows() / NumMatrices(tensor)) {}

  // Of a stack of experts each is a matrix; all else is one.
  static uint64_t NumMatrices(const GgufTensor& tensor) {
    return tensor.shape.size() == 3 ? tensor.shape[0] : 1;
  }

  uint64_t num_rows() const { return tensor_.size / columns_; }
  uint64_t slab_rows() const { return std::max<uint64_t>(1, kSlabElements / columns_); }

  // Bytes of the rows [begin, end), valid until the next call.
  std::span<const uint8_t> Convert(uint64_t begin, uint64_t end, Errors* errors) {
    const uint64_t task_rows = std::max<uint64_t>(1, kTaskElements / columns_);
    const uint64_t num_tasks = (end - begin + task_rows - 1) / task_rows;
    out_.resize(GgmlBytes(type_, (end - begin) * columns_));
    std::vector<Errors> parts(num_tasks);
    pool_.ParallelFor(num_tasks, [&](size_t task, size_t) {
      const uint64_t first = begin + task * task_rows;
      parts[task] = ConvertRows(first, std::min(first + task_rows, end), begin);
    });
    for (const Errors& part : parts) {
      errors->squared_error += part.squared_error;
      errors->squared += part.squared;
    }
    return out_;
  }

 private:
  Errors ConvertRows(uint64_t first, uint64_t last, uint64_t slab_begin) {
    const uint64_t size = (last - first) * columns_;
    const QuantBlocks blocks = file_.TensorBlocks(tensor_);
    std::vector<float> rows(size), back(size);
    Dequantize(blocks.type,
               blocks.bytes.subspan(GgmlBytes(blocks.type, first * columns_),
                                    GgmlBytes(blocks.type, size)),
               rows);
    for (uint64_t i = 0; i < size; ++i) {
      if (!std::isfinite(rows[i])) FailAt(first, i, rows[i]);
    }
    const std::span<uint8_t> bytes = std::span(out_).subspan(
        GgmlBytes(type_, (first - slab_begin) * columns_), GgmlBytes(type_, size));
    // Every matrix has importances of its own.
    for (uint64_t begin = first; begin < last;) {
      const uint64_t matrix = importance_.empty() ? 0 : begin / matrix_rows_;
      const uint64_t end = importance_.empty() ? last : std::min(last, (matrix + 1) * matrix_rows_);
      QuantizeRows(
          type_, std::span(rows).subspan((begin - first) * columns_, (end - begin) * columns_),
          columns_,
          importance_.empty() ? importance_ : importance_.subspan(matrix * columns_, columns_),
          bytes.subspan(GgmlBytes(type_, (begin - first) * columns_),
                        GgmlBytes(type_, (end - begin) * columns_)));
      begin = end;
    }
    Dequantize(type_, bytes, back);
    Errors errors;
    for (uint64_t i = 0; i < size; ++i) {
      if (!std::isfinite(back[i])) FailAt(first, i, rows[i]);
      const double x = static_cast<double>(rows[i]);
      const double error = static_cast<double>(back[i]) - x;
      errors.squared_error += error * error;
      errors.squared += x * x;
    }
    return errors;
  }

  [[noreturn]] void FailAt(uint64_t first_row, uint64_t i, float value) const {
    Fail(ErrorCode::kCorruptData, "{}: tensor {}, row {}, column {}: {} {}", file_.name(),
         Quote(tensor_.name), first_row + i / columns_, i % columns_, value,
         std::isfinite(value) ? fmt::format("is in a block that is too large for the scales of {}",
                                            GgmlTypeName(type_))
                              : "is no weight");
  }

  const GgufFile& file_;
  const GgufTensor& tensor_;
  GgmlType type_;
  std::span<const float> importance_;
  ThreadPool& pool_;
  uint64_t columns_;
  uint64_t matrix_rows_;
  std::vector<uint8_t> out_;
};

void CopyMetadata(const GgufFile& file, const QuantRecipe& recipe, GgufWriter* writer) {
  for (const GgufValue& value : file.values()) {
    if (value.key == "general.file_type" || value.key == "general.quantization_version" ||
        value.key == "general.alignment" || value.key.starts_with("split.")) {
      continue;
    }
    writer->AddValue(value);
  }
  writer->AddUint32("general.quantization_version", kQuantizationVersion);
  writer->AddUint32("general.file_type", recipe.file_type);
}

// Of a tensor, or empty. kInvalidArgument: it is of another model.
std::span<const float> ImportanceOf(const QuantizeOptions& options, const GgufTensor& tensor) {
  if (options.importance == nullptr) return {};
  const auto found = options.importance->find(tensor.name);
  if (found == options.importance->end()) return {};
  const uint64_t columns = tensor.shape.back() * SlabConverter::NumMatrices(tensor);
  if (found->second.size() != columns) {
    Fail(ErrorCode::kInvalidArgument, "importance of tensor {}: {} columns, the tensor has {}",
         Quote(tensor.name), found->second.size(), columns);
  }
  return found->second;
}

}  // namespace

double QuantizeSummary::relative_error() const {
  double squared_error = 0, squared = 0;
  for (const auto& [type, sums] : types) {
    squared_error += sums.squared_error;
    squared += sums.squared;
  }
  return squared > 0 ? std::sqrt(squared_error / squared) : 0;
}

QuantizeSummary QuantizeGguf(const GgufFile& file, const QuantRecipe& recipe,
                             const std::filesystem::path& out, const QuantizeOptions& options,
                             ThreadPool& pool) {
  const std::vector<const GgufTensor*> tensors = FileOrder(file);
  RecipeState state(recipe, file, options.importance != nullptr);
  std::vector<GgmlType> types;
  QuantizeSummary summary;
  for (const GgufTensor* tensor : tensors) {
    if (tensor->name.size() > kMaxTensorNameBytes) {
      Fail(ErrorCode::kUnsupported, "{}: tensor name {} is longer than other readers accept ({})",
           file.name(), Quote(tensor->name), kMaxTensorNameBytes);
    }
    types.push_back(state.TypeFor(*tensor));
    if (types.back() == tensor->type) {
      (void)file.TensorBytes(*tensor);
      continue;
    }
    (void)file.TensorBlocks(*tensor);  // throws for types that cannot be read
    if (GgmlTypeInfoOf(tensor->type)->block_size > 1 && !options.requantize) {
      Fail(ErrorCode::kUnsupported,
           "{}: tensor {} is {} already, and its error would add up; quantise the F32, F16 or BF16 "
           "file, or give --requantize",
           file.name(), Quote(tensor->name), GgmlTypeName(tensor->type));
    }
    const auto wanted = GgmlTypeInfoOf(recipe.type);
    if (tensor->shape.back() % wanted->block_size != 0) ++summary.narrow;
  }

  GgufWriter writer(out);
  CopyMetadata(file, recipe, &writer);
  for (size_t i = 0; i < tensors.size(); ++i) {
    writer.AddTensor(tensors[i]->name, types[i], tensors[i]->shape);
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    const GgufTensor& tensor = *tensors[i];
    Errors errors;
    if (types[i] == tensor.type) {
      writer.WriteTensorBytes(tensor.name, file.TensorBytes(tensor));
      if (options.progress) options.progress(summary.elements + tensor.size);
    } else {
      SlabConverter converter(file, tensor, types[i], ImportanceOf(options, tensor), pool);
      for (uint64_t row = 0; row < converter.num_rows(); row += converter.slab_rows()) {
        const uint64_t end = std::min(row + converter.slab_rows(), converter.num_rows());
        writer.WriteTensorBytes(tensor.name, converter.Convert(row, end, &errors));
        if (options.progress) options.progress(summary.elements + end * tensor.shape.back());
      }
    }
    QuantizeSummary::OfType& sums = summary.types[types[i]];
    ++sums.tensors;
    sums.elements += tensor.size;
    sums.bytes += GgmlBytes(types[i], tensor.size);
    sums.squared_error += errors.squared_error;
    sums.squared += errors.squared;
    summary.elements += tensor.size;
    summary.old_bytes += *tensor.size_bytes;
    summary.new_bytes += GgmlBytes(types[i], tensor.size);
  }
  writer.Commit();
  return summary;
}

}  // namespace cambium
