// SPDX-License-Identifier: Apache-2.0
// safetensors: opening and every tensor.
#include <span>

#include "formats/safetensors.h"
#include "fuzz/fuzz_target.h"

namespace cambium {
namespace {

std::string WithHeader(const std::string& header, size_t data_bytes) {
  const uint64_t size = header.size();
  std::string file(reinterpret_cast<const char*>(&size), sizeof(size));
  return file + header + std::string(data_bytes, '\1');
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  return {WithHeader(R"({"__metadata__":{"format":"pt"},)"
                     R"("a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
                     R"("b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},)"
                     R"("c":{"dtype":"F16","shape":[],"data_offsets":[32,34]}})",
                     34),
          WithHeader("{}", 0)};
}

std::vector<std::string> FuzzWords() {
  return {"\"shape\":",
          "\"data_offsets\":[",
          "18446744073709551615",
          "-1",
          "1e308",
          "[[[[",
          "{}",
          "\"dtype\":\"F8_E4M3\"",
          "\\u0000",
          "\"__metadata__\":"};
}

void FuzzOne(const std::string& input) {
  const std::span bytes(reinterpret_cast<const uint8_t*>(input.data()), input.size());
  const SafetensorsFile file(bytes, "fuzz");
  for (const SafetensorsTensor& tensor : file.tensors()) {
    if (tensor.size > input.size()) continue;
    std::vector<float> values(tensor.size);
    file.ReadTensor(tensor, values);
  }
}

}  // namespace cambium
