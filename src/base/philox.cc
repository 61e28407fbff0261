// SPDX-License-Identifier: Apache-2.0
#include "base/philox.h"

namespace cambium {

PhiloxBlock Philox4x32(PhiloxBlock c, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * c[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<uint32_t>(product1 >> 32) ^ c[1] ^ key[0], static_cast<uint32_t>(product1),
         static_cast<uint32_t>(product0 >> 32) ^ c[3] ^ key[1], static_cast<uint32_t>(product0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return c;
}

Philox::Philox(uint64_t seed, RandomPurpose purpose) {
  // The purpose is mixed in by one block, so that streams of neighbouring seeds do not meet.
  const PhiloxBlock mixed =
      Philox4x32({static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32),
                  static_cast<uint32_t>(purpose), 0},
                 {0x63616D62, 0x69756D31});
  key_ = {mixed[0], mixed[1]};
}

PhiloxBlock Philox::Block(uint64_t major, uint64_t minor) const {
  return Philox4x32({static_cast<uint32_t>(minor), static_cast<uint32_t>(minor >> 32),
                     static_cast<uint32_t>(major), static_cast<uint32_t>(major >> 32)},
                    key_);
}

uint64_t Philox::Bits64(uint64_t major, uint64_t minor) const {
  const PhiloxBlock block = Block(major, minor);
  return uint64_t{block[1]} << 32 | block[0];
}

float Philox::Uniform(uint64_t major, uint64_t minor) const {
  return UniformFromBits(Block(major, minor)[0]);
}

uint64_t Philox::Below(uint64_t n, uint64_t major, uint64_t minor) const {
  __extension__ using Uint128 = unsigned __int128;
  return static_cast<uint64_t>(static_cast<Uint128>(Bits64(major, minor)) * n >> 64);
}

}  // namespace cambium
