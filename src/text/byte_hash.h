// SPDX-License-Identifier: Apache-2.0
// Hashing of short byte strings for the hash tables of this folder. Not for fingerprints, and no
// result depends on its values. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace cambium {

inline uint64_t LoadU64(const char* p) {
  uint64_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

inline uint64_t LoadU32(const char* p) {
  uint32_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

// 1 to 8 bytes as one word; together with the size it tells the bytes.
inline uint64_t LoadUpTo8(const char* p, size_t size) {
  if (size == 8) return LoadU64(p);
  if (size >= 4) return LoadU32(p) | (LoadU32(p + size - 4) << 32);
  const auto byte = [p](size_t i) { return static_cast<uint64_t>(static_cast<uint8_t>(p[i])); };
  return byte(0) | (byte(size / 2) << 8) | (byte(size - 1) << 16);
}

__extension__ using HashProduct = unsigned __int128;

inline uint64_t MixHash(uint64_t hash, uint64_t word) {
  // The factor is 2^64 / golden ratio.
  const HashProduct product = static_cast<HashProduct>(hash ^ word) * 0x9e3779b97f4a7c15u;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t HashBytes(std::string_view bytes) {
  uint64_t hash = 0x2545f4914f6cdd1du ^ bytes.size();
  const char* p = bytes.data();
  size_t left = bytes.size();
  for (; left > 8; left -= 8, p += 8) hash = MixHash(hash, LoadU64(p));
  if (left > 0) hash = MixHash(hash, LoadUpTo8(p, left));
  return MixHash(hash, 0xd6e8feb86659fd93u);
}

inline uint64_t HashPair(int32_t left, int32_t right) {
  const uint64_t key =
      (static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32) | static_cast<uint32_t>(right);
  return MixHash(key, 0x2545f4914f6cdd1du);
}

}  // namespace cambium
