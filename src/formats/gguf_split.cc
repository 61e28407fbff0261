// SPDX-License-Identifier: Apache-2.0
// Models split into several GGUF files. Source: llama.cpp, tools/gguf-split: keys split.no (this
// part, from 0), split.count and split.tensors.count (of all parts); file names end in
// "-00001-of-00003.gguf".
#include <string>
#include <string_view>

#include "base/error.h"
#include "formats/gguf.h"
#include "formats/quote.h"

namespace cambium {
namespace {

constexpr const char* kNumber = "split.no";
constexpr const char* kCount = "split.count";
constexpr const char* kTensors = "split.tensors.count";
constexpr uint64_t kMaxParts = 99999;  // what five digits in a name can count

// "-00001-of-00003.gguf".
std::string Ending(uint64_t number, uint64_t count) {
  return fmt::format("-{:05}-of-{:05}.gguf", number + 1, count);
}

}  // namespace

void GgufFile::JoinParts(const std::filesystem::path* path) {
  const uint64_t count = GetUint(kCount).value_or(1);
  const uint64_t number = GetUint(kNumber).value_or(0);
  if (count <= 1 && number == 0) return;
  if (number >= count || count > kMaxParts) {
    Fail(ErrorCode::kCorruptData, "{}: part {} (from 0) of {} parts", name_, number, count);
  }
  if (path == nullptr) {
    Fail(ErrorCode::kUnsupported, "{}: one of {} parts of a split model, without the others", name_,
         count);
  }
  const std::string file_name = path->filename().string();
  const std::string ending = Ending(number, count);
  if (!file_name.ends_with(ending)) {
    Fail(ErrorCode::kUnsupported,
         "{}: part {} of {} of a split model; its name must end in {} for the others to be found",
         name_, number + 1, count, ending);
  }
  const std::string stem = file_name.substr(0, file_name.size() - ending.size());
  if (number != 0) {
    Fail(ErrorCode::kUnsupported, "{}: part {} of {} of a split model; open the first, {}", name_,
         number + 1, count, stem + Ending(0, count));
  }
  for (uint64_t i = 1; i < count; ++i) {
    const std::filesystem::path part_path = path->parent_path() / (stem + Ending(i, count));
    GgufFile part(part_path, SinglePart());  // kNotFound names the missing file
    if (part.GetUint(kNumber) != i || part.GetUint(kCount) != count) {
      Fail(ErrorCode::kCorruptData, "{}: {} = {} and {} = {}; {} and {} expected from its name",
           part.name(), kNumber, part.GetUint(kNumber).value_or(0), kCount,
           part.GetUint(kCount).value_or(1), i, count);
    }
    for (GgufTensor tensor : part.tensors_) {
      tensor.part = static_cast<uint32_t>(i);
      tensors_.push_back(std::move(tensor));
    }
    parts_.push_back(std::move(part));
  }
  if (const auto total = GetUint(kTensors); total && *total != tensors_.size()) {
    Fail(ErrorCode::kCorruptData, "{}: {} = {}, but the {} parts have {} tensors", name_, kTensors,
         *total, count, tensors_.size());
  }
  IndexTensors();
}

}  // namespace cambium
