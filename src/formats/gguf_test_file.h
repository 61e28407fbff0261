// SPDX-License-Identifier: Apache-2.0
// Test support: builds the bytes of GGUF files field by field, valid or broken, and runs the reader
// on them under a limit of time and memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/gguf_types.h"
#include "formats/hostile_test_util.h"

namespace cambium {

// Raw little-endian bytes.
class GgufBytes {
 public:
  template <typename T>
  GgufBytes& Put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
    return *this;
  }
  GgufBytes& String(std::string_view text) {
    Put<uint64_t>(text.size());
    bytes_.append(text);
    return *this;
  }
  GgufBytes& Raw(std::string_view bytes) {
    bytes_.append(bytes);
    return *this;
  }
  GgufBytes& Type(GgufValueType type) { return Put(static_cast<uint32_t>(type)); }
  GgufBytes& Align(size_t alignment) {
    while (bytes_.size() % alignment != 0) bytes_ += '\0';
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// "GGUF", version, counts.
GgufBytes GgufHeader(uint64_t num_tensors, uint64_t num_values, uint32_t version = 3);

// A tensor's entry; dims innermost first, as in the file.
GgufBytes& PutTensor(GgufBytes* file, std::string_view name, const std::vector<uint64_t>& dims,
                     uint32_t type, uint64_t offset);

// A small valid file with every kind of metadata value, arrays, a tokenizer and three tensors
// (F32, F16, BF16).
std::string ValidGguf(uint32_t version = 3);

// Vocabularies of the models "llama" (byte tokens, scores, every option) and "bert".
std::string ValidSentencePieceGguf();
std::string ValidWordPieceGguf();

// Opens `bytes` (from an exactly sized heap buffer, so that a sanitizer sees any byte read beyond),
// and on success reads every value by every accessor, every tensor, the hyper-parameters (whatever
// is wrong with those is no error of the result) and the tokenizer, and encodes and decodes with
// it.
Attempt TryGguf(const std::string& bytes);

}  // namespace cambium
