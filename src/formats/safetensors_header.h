// SPDX-License-Identifier: Apache-2.0
// The JSON header of a safetensors file, parsed as a stream: nothing is built but the entries, and
// anything that is not of the header's fixed shape (depth, types, duplicate keys) is an error.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cambium {

struct SafetensorsEntry {
  std::string name;
  std::string dtype;
  std::vector<uint64_t> shape;
  std::array<uint64_t, 2> data_offsets = {0, 0};  // begin and end, from the start of the data
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in file order
  std::map<std::string, std::string> metadata;
};

// Throws kCorruptData; file_name is for the message.
SafetensorsHeader ParseSafetensorsHeader(std::string_view json, const std::string& file_name);

}  // namespace cambium
