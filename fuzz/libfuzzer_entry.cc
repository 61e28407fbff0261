// SPDX-License-Identifier: Apache-2.0
// The entry of libFuzzer. What is no Error ends the program.
#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    cambium::FuzzOne(std::string(reinterpret_cast<const char*>(data), size));
  } catch (const cambium::Error&) {
  }
  return 0;
}
