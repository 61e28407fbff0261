// SPDX-License-Identifier: Apache-2.0
// The entry of libFuzzer. What is no Error ends the program. With --seeds FOLDER first, it writes
// the valid inputs there, and the words of the format as words.dict, for libFuzzer to begin with.
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "fuzz/fuzz_target.h"

namespace {

void WriteSeeds(const std::filesystem::path& folder) {
  cambium::MakeDirectories(folder);
  int number = 0;
  for (const std::string& seed : cambium::FuzzSeeds()) {
    cambium::WriteFileAtomically(folder / fmt::format("seed_{}", number++), seed);
  }
  std::string words;
  for (const std::string& word : cambium::FuzzWords()) {
    words += '"';
    for (const char c : word) words += fmt::format("\\x{:02x}", static_cast<uint8_t>(c));
    words += "\"\n";
  }
  cambium::WriteFileAtomically(folder / "words.dict", words);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc == 3 && std::strcmp((*argv)[1], "--seeds") == 0) {
    WriteSeeds((*argv)[2]);
    std::exit(0);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    cambium::FuzzOne(std::string(reinterpret_cast<const char*>(data), size));
  } catch (const cambium::Error&) {
  }
  return 0;
}
